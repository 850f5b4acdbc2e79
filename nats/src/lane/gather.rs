//! One batch: available messages, decoded, in order of arrival.

use plyo_events::{Command, Event, Message};

use super::position::Reached;
use crate::{broker::reader::Received, reactor::Incoming};

/// Max messages handled in one transaction.
const BATCH: usize = 1_024;
/// Max messages of a batch including skipped ones, which cost almost nothing.
const LOOKED_AT: usize = 4 * BATCH;
/// Max bytes of bodies in a batch.
const BYTES: usize = 8 * 1_024 * 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Events,
    Commands,
}

/// What a message means for this lane.
pub(crate) enum Work {
    /// Not ours, unknown, or already handled by another lane.
    Skip,
    Command(Message<Command>),
    Event(Message<Event>),
    /// It cannot be decoded: a dead letter.
    Undecodable(String),
}

pub(crate) struct Arrival {
    pub source: Source,
    pub received: Received,
    pub work: Work,
}

/// The messages of one batch, in order of arrival.
#[derive(Default)]
pub(crate) struct Gathered {
    pub arrivals: Vec<Arrival>,
    messages: usize,
    bytes: usize,
}

impl Gathered {
    pub(super) fn push(&mut self, arrival: Arrival) {
        self.messages += usize::from(!matches!(arrival.work, Work::Skip));
        self.bytes += arrival.received.body.len();
        self.arrivals.push(arrival);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.messages < BATCH && self.arrivals.len() < LOOKED_AT && self.bytes < BYTES
    }

    /// Whether the server has more for this lane, by the last message of each stream.
    pub(super) fn is_behind(&self) -> bool {
        [Source::Events, Source::Commands]
            .into_iter()
            .any(|source| self.last(source).is_some_and(|last| last.pending > 0))
    }

    /// Whether there is nothing to write: everything was skipped.
    pub(super) const fn is_idle(&self) -> bool {
        self.messages == 0
    }

    /// Its last message of a stream.
    pub(crate) fn last(&self, source: Source) -> Option<&Received> {
        self.arrivals.iter().rev().find(|arrival| arrival.source == source).map(|arrival| &arrival.received)
    }

    /// How far a lane gets by it that was so far before.
    pub(super) fn reached(&self, mut reached: Reached) -> Reached {
        if let Some(event) = self.last(Source::Events) {
            (reached.applied, reached.applied_at) = (event.sequence, Some(event.time));
        }
        if let Some(command) = self.last(Source::Commands) {
            reached.commands = command.sequence;
        }
        reached
    }

    /// What the reactor has to handle.
    pub(super) fn incoming(&self) -> impl Iterator<Item = Incoming<'_>> {
        self.arrivals.iter().filter_map(|arrival| match &arrival.work {
            Work::Command(command) => Some(Incoming::Command(command)),
            Work::Event(event) => Some(Incoming::Event(event)),
            Work::Skip | Work::Undecodable(_) => None,
        })
    }

    pub(super) fn commands(&self) -> impl Iterator<Item = &Message<Command>> {
        self.incoming().filter_map(|message| match message {
            Incoming::Command(command) => Some(command),
            Incoming::Event(_) => None,
        })
    }

    /// The same messages, one per batch.
    pub(super) fn singly(self) -> impl Iterator<Item = Self> {
        self.arrivals.into_iter().map(|arrival| Self {
            messages: usize::from(!matches!(arrival.work, Work::Skip)),
            bytes: arrival.received.body.len(),
            arrivals: vec![arrival],
        })
    }
}
