//! A lane in memory, for the tests of a service: the same step, needs and ids, without servers.
//!
//! `given` events are folded history; `when` a command or an event arrives, the lane handles it and returns the result. Its
//! tables keep every row, but the service sees only those that its `needs` asked for: a missing need shows as a panic, at
//! the latest after the lane was lost and taken again.

use plyo_events::{Command, Event, Message, Outcome, Rejection, Timer};
use proptest::{bool::weighted, collection::vec, prelude::*};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    lane::{batch::ROUNDS, step},
    reactor::{Incoming, Reactor},
    sql::{
        MemoryTables, Row,
        tables::{self, Tables as _},
    },
};

/// Row memory of the lane in bytes: so small that longer tests see rows forgotten and read again.
const MEMORY: usize = 4_096;

/// A service's lane over tables in memory.
pub struct Lane<R: Reactor> {
    reactor: R,
    state: R::State,
    stored: MemoryTables,
    /// All events that it handled or emitted, in order: the input of a replay.
    history: Vec<Message<Event>>,
}

/// A message for a lane.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    Command(Message<Command>),
    Event(Message<Event>),
}

/// What a message came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Handled {
    /// The outcome of a command; `null` for an event.
    pub outcome: Result<Value, Rejection>,
    pub events: Vec<Message<Event>>,
    pub commands: Vec<Message<Command>>,
    /// Each with the id of its future clock event.
    pub timers: Vec<(Uuid, Timer)>,
}

/// How messages reach a lane: in batches of these sizes, repeatedly, after some of which the lane is lost and taken again.
/// In a replay, this many events are between a cause and what the lane emitted.
#[derive(Clone, Debug)]
pub struct Delivery {
    batches: Vec<(usize, bool)>,
    lag: usize,
}

impl<R: Reactor> Lane<R> {
    pub fn new(reactor: R) -> Self {
        Self { reactor, state: R::State::default(), stored: MemoryTables::default(), history: Vec::new() }
    }

    /// History: folded, without reactions.
    #[must_use]
    pub fn given(mut self, events: impl IntoIterator<Item = Message<Event>>) -> Self {
        let events: Vec<_> = events.into_iter().collect();
        self.fold(&events);
        self
    }

    /// A message comes alone.
    pub fn when(&mut self, message: impl Into<Input>) -> Handled {
        self.batch(&[message.into()]).remove(0)
    }

    /// Messages arrive in one batch.
    pub fn batch(&mut self, messages: &[Input]) -> Vec<Handled> {
        let messages: Vec<Incoming<'_>> = messages.iter().map(Input::incoming).collect();
        self.load(&messages);
        let handled = messages.into_iter().map(|message| self.handle(message)).collect();
        self.save();
        handled
    }

    /// Messages arrive in any batches: the result must not depend on it.
    pub fn deliver(&mut self, messages: &[Input], delivery: &Delivery) -> Vec<Handled> {
        let mut handled = Vec::with_capacity(messages.len());
        for (batch, is_lost) in delivery.cut(messages) {
            handled.extend(self.batch(batch));
            if is_lost {
                self.restart();
            }
        }
        handled
    }

    /// The lane is lost and taken again: nothing is remembered.
    pub fn restart(&mut self) {
        self.state = R::State::default();
    }

    /// The history replayed from scratch.
    pub fn replayed(&self, delivery: &Delivery) -> Self
    where
        R: Clone,
    {
        let is_own = |event: &Message<Event>| event.body.kind().service() == R::NAME;
        let mut history: Vec<_> = self.history.iter().enumerate().collect();
        history.sort_by_key(|(place, event)| if is_own(event) { (place + delivery.lag, 1) } else { (*place, 0) });
        let history: Vec<_> = history.into_iter().map(|(_, event)| event.clone()).collect();
        let mut again = Self::new(self.reactor.clone());
        for (events, is_lost) in delivery.cut(&history) {
            again.fold(events);
            if is_lost {
                again.restart();
            }
        }
        again
    }

    /// The rows of a table, in a deterministic order.
    pub fn rows<T: Row>(&self) -> Vec<&T> {
        let mut rows: Vec<&T> = self.stored.rows().collect();
        rows.sort_by_cached_key(|row| format!("{row:?}"));
        rows
    }

    pub fn row<T: Row>(&self, key: &T::Key) -> Option<&T> {
        self.stored.row(key)
    }

    /// Replaces a row, as another version of the service may have written it.
    pub fn plant<T: Row>(&mut self, row: &T) {
        self.stored.write(&row.key(), Some(row));
    }

    /// All tables, for comparison with another lane.
    pub fn tables(&self) -> String {
        self.stored.to_string()
    }

    pub fn history(&self) -> &[Message<Event>] {
        &self.history
    }

    fn handle(&mut self, message: Incoming<'_>) -> Handled {
        let (outcome, step) = match message {
            Incoming::Command(command) => match step::command(&self.reactor, &mut self.state, command) {
                (Outcome::Done { result }, step) => (Ok(result), step),
                (Outcome::Rejected { rejection }, step) => (Err(rejection), step),
                (Outcome::Dead { reason }, _) => panic!("only the loop can dead-letter a command: {reason}"),
            },
            Incoming::Event(event) => {
                self.history.push(event.clone());
                (Ok(Value::Null), step::event(&self.reactor, &mut self.state, event))
            }
        };
        let step::Step { events, commands, timers } = step;
        self.history.extend(events.iter().cloned());
        Handled { outcome, events, commands, timers }
    }

    fn fold(&mut self, events: &[Message<Event>]) {
        let messages: Vec<Incoming<'_>> = events.iter().map(Incoming::Event).collect();
        self.load(&messages);
        events.iter().for_each(|event| step::fold(&self.reactor, &mut self.state, event));
        self.save();
        self.history.extend_from_slice(events);
    }

    fn load(&mut self, messages: &[Incoming<'_>]) {
        for _ in 0..ROUNDS {
            tables::forget_wants(&mut self.state);
            messages.iter().for_each(|message| self.reactor.needs(*message, &mut self.state));
            let mut tables = self.state.tables();
            if !tables.iter().any(|table| table.wants()) {
                return;
            }
            tables.iter_mut().for_each(|table| table.take_from(&self.stored));
        }
        panic!("`needs` still asks for rows after {ROUNDS} rounds of reads");
    }

    fn save(&mut self) {
        self.state.tables().iter().for_each(|table| table.write_to(&mut self.stored));
        tables::committed(&mut self.state, MEMORY);
    }
}

impl Input {
    const fn incoming(&self) -> Incoming<'_> {
        match self {
            Self::Command(command) => Incoming::Command(command),
            Self::Event(event) => Incoming::Event(event),
        }
    }
}

impl From<Message<Command>> for Input {
    fn from(command: Message<Command>) -> Self {
        Self::Command(command)
    }
}

impl From<Message<Event>> for Input {
    fn from(event: Message<Event>) -> Self {
        Self::Event(event)
    }
}

impl Handled {
    /// The events without their envelopes.
    pub fn bodies(self) -> Vec<Event> {
        self.events.into_iter().map(|event| event.body).collect()
    }
}

impl Delivery {
    /// In batches of one size, to a lane that is never lost.
    pub fn in_batches(size: usize) -> Self {
        Self { batches: vec![(size, false)], lag: 0 }
    }

    /// The batches, each with whether the lane is lost after it.
    fn cut<'a, T>(&'a self, messages: &'a [T]) -> impl Iterator<Item = (&'a [T], bool)> {
        let mut rest = messages;
        self.batches.iter().cycle().map_while(move |(size, is_lost)| {
            let (batch, after) = rest.split_at((*size).min(rest.len()));
            rest = after;
            (!batch.is_empty()).then_some((batch, *is_lost))
        })
    }
}

impl Arbitrary for Delivery {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let size = prop_oneof![1..4_usize, 1..50_usize];
        let delivery = (vec((size, weighted(0.3)), 1..8), 0..100_usize);
        delivery.prop_map(|(batches, lag)| Self { batches, lag }).boxed()
    }
}

#[cfg(test)]
mod tests;
