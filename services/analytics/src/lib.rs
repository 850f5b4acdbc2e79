//! Read models over the whole history. Nothing is built yet; this crate holds its room.
