//! The one binary of Plyo, as a library for its tests and benchmarks.

mod backup;
mod catalogue_page;
pub mod cli;
pub mod client;
pub mod demo;
mod pages;
pub mod platform;
pub mod preflight;
pub mod schemas;
pub mod services;
