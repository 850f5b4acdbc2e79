//! Achievements of Plyo, as rules over the stream.
