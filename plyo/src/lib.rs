//! The one binary of Plyo, as a library for its tests and benchmarks.

mod backup;
mod catalogue_page;
pub mod cli;
mod pages;
pub mod platform;
pub mod preflight;
pub mod services;
mod telemetry;
