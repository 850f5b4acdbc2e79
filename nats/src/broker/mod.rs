//! The broker: connections and their state, streams, reading and publishing. No SQL.

pub(crate) mod attributes;
pub mod cloud_event;
pub(crate) mod commands;
pub(crate) mod connection;
pub(crate) mod content;
pub(crate) mod ephemeral;
pub(crate) mod objects;
pub(crate) mod outcomes;
pub(crate) mod personal;
pub(crate) mod pub_acks;
pub(crate) mod reader;
mod refused;
pub(crate) mod removal;
pub mod servers;
pub mod streams;
pub mod subject;
pub(crate) mod tail;
pub(crate) mod wire;

pub use connection::{Nats, NatsConfig};
