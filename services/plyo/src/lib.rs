//! The one binary of Plyo, as a library for its tests and benchmarks.

pub mod servers;
