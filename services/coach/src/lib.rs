//! The coach: recommendations with reasons. Its mind is here, pure: no async, no SQL, no NATS, no clock. [`domain`] is what
//! runs for a person, [`evaluation`] what shows how good it is.

pub mod domain;
pub mod evaluation;
