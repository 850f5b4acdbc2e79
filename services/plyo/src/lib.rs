//! The one binary of Plyo, as a library for its tests and benchmarks.

pub mod cli;
pub mod platform;
pub mod servers;
