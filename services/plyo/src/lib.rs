//! The one binary of Plyo, as a library for its tests and benchmarks.

pub mod cli;
pub mod client;
pub mod demo;
pub mod platform;
pub mod schemas;
pub mod servers;
