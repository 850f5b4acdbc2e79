//! One batch: available messages, decoded, in order of arrival.

use jiff::{SignedDuration, Timestamp};
use plyo_events::{Command, Event, Message};
use uuid::Uuid;

use super::{erasure::Erase, import::Import, position::Reached};
use crate::{broker::reader::Received, reactor::Incoming};

/// Max messages handled in one transaction.
const BATCH: usize = 1_024;
/// Max messages of a batch including skipped ones, which cost almost nothing.
const LOOKED_AT: usize = 4 * BATCH;
/// Max bytes of bodies in a batch.
const BYTES: usize = 8 * 1_024 * 1_024;
/// The broker fires a timer within 250 ms, and a busy one within a second.
const OVERDUE: SignedDuration = SignedDuration::from_secs(1);

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
    /// An event that another instance reacted to: it is only folded.
    Imported(Message<Event>),
    /// The loop's own commands.
    Import(Import),
    Erase(Erase),
    /// It cannot be decoded: a dead letter.
    Undecodable(String),
}

pub(crate) struct Arrival {
    pub source: Source,
    pub received: Received,
    pub work: Work,
}

impl Arrival {
    /// When it was due, if it is a timer.
    fn due(&self) -> Option<Timestamp> {
        match &self.work {
            Work::Event(event) if event.body.kind().service() == "clock" => Some(event.time),
            _ => None,
        }
    }
}

/// The messages of one batch, in order of arrival.
#[derive(Default)]
pub(crate) struct Gathered {
    pub arrivals: Vec<Arrival>,
    messages: usize,
    bytes: usize,
    is_overdue: bool,
}

impl Gathered {
    pub(super) fn push(&mut self, arrival: Arrival) {
        self.messages += usize::from(!matches!(arrival.work, Work::Skip));
        self.bytes += arrival.received.body.len();
        let stored = arrival.received.time;
        self.is_overdue |= arrival.due().is_some_and(|due| stored.duration_since(due) > OVERDUE);
        self.arrivals.push(arrival);
    }

    /// Whether a timer of it came so late that the broker was away when it was due.
    pub(super) const fn is_overdue(&self) -> bool {
        self.is_overdue
    }

    /// Its messages as they are handled: in order of arrival, but timers in the order in which they were due. After an outage
    /// the broker fires them in the order in which they were set.
    pub(super) fn by_due_time(&self) -> Vec<&Arrival> {
        let mut arrivals: Vec<&Arrival> = self.arrivals.iter().collect();
        let (places, mut timers): (Vec<usize>, Vec<&Arrival>) =
            self.arrivals.iter().enumerate().filter(|(_, arrival)| arrival.due().is_some()).unzip();
        timers.sort_by_key(|timer| timer.due());
        for (place, timer) in places.into_iter().zip(timers) {
            arrivals[place] = timer;
        }
        arrivals
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
        self.arrivals.iter().flat_map(|arrival| {
            let (one, several) = match &arrival.work {
                Work::Command(command) => (Some(Incoming::Command(command)), &[][..]),
                Work::Event(event) | Work::Imported(event) => (Some(Incoming::Event(event)), &[][..]),
                Work::Import(import) => (None, &import.events[..]),
                Work::Erase(_) | Work::Skip | Work::Undecodable(_) => (None, &[][..]),
            };
            one.into_iter().chain(several.iter().map(Incoming::Event))
        })
    }

    pub(super) fn command_ids(&self) -> impl Iterator<Item = Uuid> {
        self.arrivals.iter().filter_map(|arrival| match &arrival.work {
            Work::Command(command) => Some(command.id),
            Work::Import(import) => Some(import.id),
            _ => None,
        })
    }

    /// The same messages, one per batch.
    pub(super) fn singly(self) -> impl Iterator<Item = Self> {
        self.arrivals.into_iter().map(|arrival| Self {
            messages: usize::from(!matches!(arrival.work, Work::Skip)),
            bytes: arrival.received.body.len(),
            is_overdue: false,
            arrivals: vec![arrival],
        })
    }
}

#[cfg(test)]
mod tests {
    use async_nats::HeaderMap;
    use bytes::Bytes;
    use plyo_events::{ReminderId, clock::WorkoutReminderDue};

    use super::*;
    use crate::probe::{id, measure, person};

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn arrival(sequence: u64, source: Source, work: Work) -> Arrival {
        let (subject, body) = (String::new(), Bytes::new());
        let received = Received { subject, headers: HeaderMap::new(), body, sequence, time: second(100), pending: 0 };
        Arrival { source, received, work }
    }

    fn timer(sequence: u64, due: i64) -> Arrival {
        let body = WorkoutReminderDue { reminder_id: ReminderId::new(id(1)), revision: 0, due_at: second(due) };
        let event = Message::first(id(sequence as u32), person(1), second(due), Event::from(body));
        arrival(sequence, Source::Events, Work::Event(event))
    }

    fn sequences<'a>(arrivals: impl IntoIterator<Item = &'a Arrival>) -> Vec<u64> {
        arrivals.into_iter().map(|arrival| arrival.received.sequence).collect()
    }

    #[test]
    fn timers_are_handled_by_due_time_and_everything_else_where_it_came() {
        let mut gathered = Gathered::default();
        let command = |sequence| arrival(sequence, Source::Commands, Work::Command(measure(9, person(1), 7)));
        for arrival in
            [timer(11, 97), command(5), timer(12, 95), arrival(13, Source::Events, Work::Skip), timer(14, 95)]
        {
            gathered.push(arrival);
        }
        assert_eq!(sequences(gathered.by_due_time()), [12, 5, 14, 13, 11]);
        assert_eq!(sequences(&gathered.arrivals), [11, 5, 12, 13, 14], "positions go by arrival");
        assert_eq!(gathered.last(Source::Events).unwrap().sequence, 14);
    }

    #[test]
    fn a_timer_is_overdue_a_second_after_it_was_due() {
        for (due, is_overdue) in [(100, false), (99, false), (98, true), (120, false)] {
            let mut gathered = Gathered::default();
            gathered.push(timer(11, due));
            assert_eq!(gathered.is_overdue(), is_overdue, "{due}");
        }
    }
}
