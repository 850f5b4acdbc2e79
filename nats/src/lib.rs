//! The reaction loop of Plyo on NATS JetStream and Postgres: the only crate that names async-nats.
//!
//! A service is a [`Reactor`] (its write side) and the queries it answers, put together as a [`Service`] and run by [`run`].
//! The edge uses [`CommandPublisher`], [`Outcomes`], [`ask`] and [`Tail`].

mod lane;
mod nats;
pub mod reactor;
pub mod rows;
pub mod service;

pub use nats::Nats;
pub use reactor::{Batch, Incoming, Reactor};
pub use rows::{Row, Rows};
pub use service::{Context, QueryError, Service};
