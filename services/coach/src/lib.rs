//! The coach: recommendations with reasons. Nothing is built yet; this crate holds its room.
