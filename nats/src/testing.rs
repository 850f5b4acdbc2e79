//! What tests and benchmarks use, and neither a service nor the edge: each part behind a feature of its own.

#[cfg(any(test, feature = "testing"))]
mod lane;
#[cfg(feature = "raw")]
pub mod raw;

#[cfg(any(test, feature = "testing"))]
pub use lane::{Delivery, Handled, Input, Lane};
