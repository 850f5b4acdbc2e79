//! Friends, feeds and challenges. Nothing is built yet; this crate holds its room.
