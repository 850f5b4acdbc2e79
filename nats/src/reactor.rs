//! The shape of a service's write side: needs, decide, react, evolve. All of it is pure; the lane reads and writes.

use plyo_events::{Command, CommandKind, Emit, Event, EventKind, Message, Reject};

use crate::sql::Tables;

/// A service's write side. Its functions are synchronous, total and clockless: time comes from the message.
///
/// Every table is a fold of `EVENTS`. A table is fed by own events or by foreign events, never by both, and neither
/// kind's `evolve` reads the other's tables, so that live order and replay order cannot differ; where they must meet,
/// `react` turns the foreign event into an own one.
pub trait Reactor: Send + Sync + 'static {
    /// The service's name: token of its subjects, its Postgres schema, its lanes.
    const NAME: &'static str;

    /// The foreign events that it folds or reacts to. Everything else is skipped unread. Own events need no mention.
    const READS: &'static [EventKind];

    /// The clock's events that it sets timers for, each of which it reads.
    const TIMERS: &'static [EventKind] = &[];

    /// The commands that it sends, to itself or to others.
    const SENDS: &'static [CommandKind] = &[];

    /// Its tables: what `verify` compares, and what a lane remembers.
    type State: Tables;

    /// Asks the tables for what handling a command, a foreign event **or an own event** (a replay evolves them) takes: rows
    /// by key, or the best of a group; never a whole history. It is asked again after something was read, so that what is
    /// needed may follow from a row.
    fn needs(&self, message: Incoming<'_>, state: &mut Self::State);

    /// A command becomes events, or is refused.
    ///
    /// # Errors
    /// A [`Reject`] is an outcome: it is stored and answered.
    fn decide(&self, state: &Self::State, command: &Message<Command>) -> Result<Emit, Reject>;

    /// Somebody's event becomes events of ours. It was evolved already.
    fn react(&self, state: &Self::State, event: &Message<Event>) -> Emit;

    /// The only way state changes: theirs and ours alike.
    fn evolve(&self, state: &mut Self::State, event: &Message<Event>);
}

/// A message that is to be handled.
#[derive(Clone, Copy, Debug)]
pub enum Incoming<'a> {
    Command(&'a Message<Command>),
    /// A foreign event in live processing; an own one, too, in a replay.
    Event(&'a Message<Event>),
}
