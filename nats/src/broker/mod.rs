//! The broker: connections and what they say of themselves, streams, and what is read from and published to them. Nothing of
//! SQL.

pub(crate) mod commands;
pub(crate) mod connection;
pub(crate) mod ephemeral;
pub(crate) mod outcomes;
pub(crate) mod pub_acks;
pub(crate) mod reader;
mod refused;
pub mod servers;
pub mod streams;
pub mod subject;
pub(crate) mod tail;
pub(crate) mod wire;

pub use connection::{Nats, NatsConfig};
