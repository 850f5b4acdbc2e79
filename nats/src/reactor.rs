//! The shape of a service's write side: needs, decide, react, evolve. All pure; the lane reads and writes.

use plyo_events::{Command, CommandKind, Event, EventKind, Message, Output, Rejection};

use crate::sql::Tables;

/// A service's write side. Its functions are synchronous, total and clockless: time comes from the message.
///
/// Every table is a fold of `EVENTS`. A table is fed by own events or by foreign events, never by both, and neither kind's
/// `evolve` reads the other's tables, so that live and replay cannot differ in order; where both are needed, `react` turns
/// the foreign event into an own one. A timer that comes due is only reacted to: late ones are handled in the order in which
/// they were due, not in that of the history.
pub trait Reactor: Send + Sync + 'static {
    /// The service's name: in its subjects, its Postgres schema and its lanes.
    const NAME: &'static str;

    /// The foreign events that it folds or reacts to. Everything else is skipped unread. Own events need no mention.
    const READS: &'static [EventKind];

    /// The clock events of its timers, all of which it reads.
    const TIMERS: &'static [EventKind] = &[];

    /// The commands that it sends, to itself or to others.
    const SENDS: &'static [CommandKind] = &[];

    /// Those of its tables whose rows outlive whom they are about: any other row goes with its subject.
    const KEEPS: &'static [&'static str] = &[];

    /// Its tables: what `verify` compares, and what a lane remembers.
    type State: Tables;

    /// Declares the rows needed to handle a command, a foreign event **or an own event** (a replay evolves them): rows by
    /// key, or the best of a group; never a whole history. It is called again after each read, so that needs can depend on
    /// rows.
    fn needs(&self, message: Incoming<'_>, state: &mut Self::State);

    /// A command becomes events, or is rejected.
    ///
    /// # Errors
    /// A [`Rejection`] is an outcome: it is stored and sent.
    fn decide(&self, state: &Self::State, command: &Message<Command>) -> Result<Output, Rejection>;

    /// A foreign event becomes own events. It was already evolved.
    fn react(&self, state: &Self::State, event: &Message<Event>) -> Output;

    /// The only way to change state, for own and foreign events alike. Timers that come due are not given to it.
    fn evolve(&self, state: &mut Self::State, event: &Message<Event>);
}

/// A message to handle.
#[derive(Clone, Copy, Debug)]
pub enum Incoming<'a> {
    Command(&'a Message<Command>),
    /// A foreign event in live processing; an own one, too, in a replay.
    Event(&'a Message<Event>),
}
