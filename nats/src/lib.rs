//! The reaction loop of Plyo on NATS JetStream and Postgres: the only crate that names async-nats.
//!
//! A service is a [`Reactor`] (its write side) and the queries it answers, put together as a [`Service`] and run by
//! [`run`]. The edge sends by [`CommandPublisher`], waits on [`Outcomes`], asks by [`ask`] and [`request`], and follows the
//! stream with a [`Tail`]. Operators have [`streams`], [`dead`], [`replay`],
//! [`deep`] and [`backup`].

pub mod backup;
mod commands;
pub mod database;
pub mod dead;
pub mod deep;
mod effect;
mod ephemeral;
mod failpoint;
mod failure;
pub mod health;
mod lag;
mod lane;
pub mod lanes;
mod nats;
mod outcomes;
#[cfg(test)]
mod probe;
pub mod progress;
mod pub_acks;
mod questions;
pub mod raw;
pub mod reactor;
mod reader;
mod refused;
pub mod replay;
mod run;
pub mod servers;
pub mod service;
mod sink;
mod sql;
mod store;
pub mod streams;
pub mod subject;
mod tables_check;
mod tail;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod wire;

pub use commands::{CommandPublisher, Published, SendError};
pub use effect::{Effect, Performed};
pub use ephemeral::{ephemerals, publish_ephemeral};
pub use health::{Health, LaneState};
pub use lane::{Lane, PARTITIONS, check_count};
pub use nats::{Nats, NatsConfig};
pub use outcomes::{Expected, Outcomes};
pub use questions::{AskError, ask, ask_for_json, outcome, ping, request};
pub use reactor::{Incoming, Reactor};
pub use run::{RunSettings, run};
pub use service::{Context, QueryError, RequestContext, Service};
pub use sink::{Sink, feed};
pub use sql::{
    Best, Cells, Codec, Column, ColumnType, Packed, Plain, Ranked, Row, Rows, Table, Tables, Text, Value, unpack,
};
pub use tail::{AnotherHistory, Position, Start, Stored, Tail, stored_since};
pub use wire::Encoded;
