//! The reaction loop of Plyo on NATS JetStream and Postgres: the only crate that names async-nats.
//!
//! A service is a [`Reactor`] (its write side) and the queries it answers, put together as a [`Service`] and run by
//! [`run`]. The edge sends through [`CommandPublisher`], waits on [`Outcomes`], asks with [`ask`] and [`request`], and
//! follows the stream with a [`Tail`]. Operators use [`streams`], [`dead`], [`replay`], [`deep`] and [`backup`].

mod broker;
mod failpoint;
mod failure;
pub mod health;
mod lane;
pub mod metric;
mod operate;
#[cfg(feature = "failpoints")]
mod planted;
#[cfg(test)]
mod probe;
pub mod reactor;
pub mod service;
mod sql;
#[cfg(any(test, feature = "testing", feature = "raw"))]
pub mod testing;
pub mod trace;

pub use broker::{
    Nats, NatsConfig, cloud_event,
    commands::{CommandPublisher, Published, SendError},
    content::Encoded,
    ephemeral::{ephemerals, publish_ephemeral, tell},
    objects::{
        ObjectReader, ObjectWriter, StoredFile, digest as file_digest, read as read_file, remove as remove_file,
    },
    outcomes::{AwaitedOutcome, Outcomes},
    personal::{Lines, PersonalHistory, PersonalTimer, personal_timers},
    servers, streams,
    subject::{self, PARTITIONS},
    tail::{AnotherHistory, Position, Start, Stored, Tail, stored_since},
};
pub use health::{Health, LaneState};
pub use lane::{Lane, check_count, progress};
pub use operate::{backup, dead, deep, erased, lanes, replay};
pub use reactor::{Incoming, Reactor};
pub use service::{
    Context, QueryError, RequestContext, Service,
    effect::{Effect, Performed},
    erase, import,
    questions::{AskError, ask, ask_for_json, outcome, ping, request},
    run::{RunConfig, run},
    sink::{Sink, feed},
};
pub use sql::{
    Best, Cells, Codec, Column, ColumnType, Packed, Plain, Ranked, Row, Rows, Table, Tables, Text, Value, database,
    unpack,
};
#[cfg(feature = "raw")]
pub use testing::raw;
