//! The shape of a service's write side: load, decide, react, evolve, save. Two touch SQL, once per batch; three are pure.

use std::{collections::BTreeSet, future::Future};

use anyhow::Result;
use plyo_events::{Command, Emit, Event, EventKind, Message, Reject, UserId};
use sqlx::PgConnection;

/// A service's write side. `decide`, `react` and `evolve` are synchronous, total and clockless: time comes from the message.
///
/// Every table is a fold of `EVENTS`. A table is fed by own events or by foreign events, never by both, and neither
/// kind's `evolve` reads the other's tables, so that live order and replay order cannot differ; where they must meet,
/// `react` turns the foreign event into an own one.
pub trait Reactor: Send + Sync + 'static {
    /// The service's name: token of its subjects, its Postgres schema, its lane.
    const NAME: &'static str;

    /// The foreign events that it folds or reacts to. Everything else is skipped unread. Own events need no mention.
    const READS: &'static [EventKind];

    /// The tables of its schema that `save` writes, for `plyo verify`.
    const TABLES: &'static [&'static str];

    /// What one batch needs from the tables.
    type State: Send;

    /// Reads what the batch's commands, foreign events **and own events** (a replay evolves them) need: O(1) statements,
    /// never a user's whole history.
    fn load(&self, db: &mut PgConnection, batch: &Batch) -> impl Future<Output = Result<Self::State>> + Send;

    /// A command becomes events, or is refused.
    ///
    /// # Errors
    /// A [`Reject`] is an outcome: it is stored and answered.
    fn decide(&self, state: &Self::State, command: &Message<Command>) -> Result<Emit, Reject>;

    /// Somebody's event becomes events of ours. It was evolved already.
    fn react(&self, state: &Self::State, event: &Message<Event>) -> Emit;

    /// The only way state changes: theirs and ours alike.
    fn evolve(&self, state: &mut Self::State, event: &Message<Event>);

    /// Writes what changed: O(1) statements.
    fn save(&self, db: &mut PgConnection, state: Self::State) -> impl Future<Output = Result<()>> + Send;
}

/// One message of a batch, decoded.
#[derive(Clone, Debug)]
pub enum Incoming {
    Command(Message<Command>),
    Event(Message<Event>),
}

/// The messages that one transaction handles, in the order they came.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub messages: Vec<Incoming>,
}

impl Batch {
    pub fn commands(&self) -> impl Iterator<Item = &Message<Command>> {
        self.messages.iter().filter_map(|message| match message {
            Incoming::Command(command) => Some(command),
            Incoming::Event(_) => None,
        })
    }

    /// Foreign events in live processing; own events too in a replay.
    pub fn events(&self) -> impl Iterator<Item = &Message<Event>> {
        self.messages.iter().filter_map(|message| match message {
            Incoming::Event(event) => Some(event),
            Incoming::Command(_) => None,
        })
    }

    /// Everybody the batch is about, each once.
    pub fn users(&self) -> BTreeSet<UserId> {
        let user = |message: &Incoming| match message {
            Incoming::Command(command) => command.user,
            Incoming::Event(event) => event.user,
        };
        self.messages.iter().map(user).collect()
    }
}
