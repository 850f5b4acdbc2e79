//! The one binary of Plyo.
