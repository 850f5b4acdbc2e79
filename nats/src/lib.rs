//! The reaction loop of Plyo on NATS JetStream and Postgres: the only crate that names async-nats.
//!
//! A service is a [`Reactor`] (its write side) and the queries it answers, put together as a [`Service`] and run by
//! [`run`]. The edge sends by [`CommandPublisher`], waits on [`Outcomes`], asks by [`ask`] and follows the stream with a
//! [`Tail`]. Operators have [`streams`], [`dead`] and [`replay`].

mod commands;
pub mod database;
pub mod dead;
mod ephemeral;
mod failpoint;
pub mod health;
mod lane;
mod nats;
mod outcomes;
mod pub_acks;
mod questions;
pub mod raw;
pub mod reactor;
mod reader;
pub mod replay;
pub mod rows;
mod run;
pub mod service;
mod store;
pub mod streams;
pub mod subject;
pub mod tables;
mod tail;
mod wire;

pub use commands::{CommandPublisher, Published, SendError};
pub use ephemeral::{ephemerals, publish_ephemeral};
pub use health::{Health, LaneState};
pub use nats::{Nats, NatsConfig};
pub use outcomes::{Expected, Outcomes};
pub use questions::{AskError, ask, outcome, ping};
pub use reactor::{Batch, Incoming, Reactor};
pub use rows::{Row, Rows};
pub use run::run;
pub use service::{Context, QueryError, Service};
pub use tables::{Load, Part, Save};
pub use tail::{Stored, Tail, stored_since};
