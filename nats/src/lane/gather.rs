//! One batch: what is there, decoded, in the order it came.

use std::time::Duration;

use plyo_events::{Command, DecodeError, Event, EventKind, Message};
use tokio::time::{Instant, timeout_at};

use super::which::Lane;
use crate::{
    broker::{
        reader::{Reader, Received},
        subject::partition,
        wire::{self, WireError},
    },
    failure::Failure,
    reactor::{Incoming, Reactor},
};

/// Most messages that one transaction handles.
const BATCH: usize = 1_024;
/// Most messages of a batch together with those that are skipped, which cost next to nothing.
const LOOKED_AT: usize = 4 * BATCH;
/// Most bytes of bodies in a batch.
const BYTES: usize = 8 * 1_024 * 1_024;
/// How long a batch is filled up while the server has more.
const FILLING: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Events,
    Commands,
}

/// What a message means for this lane.
pub(super) enum Work {
    /// Not ours, not known here, or handled by another lane already.
    Skip,
    Command(Message<Command>),
    Event(Message<Event>),
    /// Its bytes cannot be read: a dead letter.
    Undecodable(String),
}

pub(super) struct Arrival {
    pub source: Source,
    pub received: Received,
    pub work: Work,
}

/// The messages of one batch, in the order they came.
#[derive(Default)]
pub(super) struct Gathered {
    pub arrivals: Vec<Arrival>,
    messages: usize,
    bytes: usize,
}

/// Both inputs of a lane.
pub(super) struct Inputs {
    lane: Lane,
    events: Input,
    commands: Input,
    /// A message that a newer binary wrote: the lane stops before it.
    stop: Option<Failure>,
}

/// A stream, and by partition how far another lane was before.
pub(super) struct Input {
    pub reader: Reader,
    pub ahead: Vec<u64>,
}

impl Inputs {
    pub(super) const fn new(lane: Lane, events: Input, commands: Input) -> Self {
        Self { lane, events, commands, stop: None }
    }

    /// Waits for a message, at most `patience`, then takes what else is there. Empty when nothing came.
    pub(super) async fn gather<R: Reactor>(&mut self, patience: Duration) -> Result<Gathered, Failure> {
        if let Some(stop) = self.stop.take() {
            return Err(stop);
        }
        let mut gathered = Gathered::default();
        let Some((source, first)) = self.next(Instant::now() + patience).await? else { return Ok(gathered) };
        self.take::<R>(&mut gathered, source, first)?;
        let full_at = Instant::now() + FILLING;
        while gathered.has_room() && self.stop.is_none() {
            let (event, command) = (self.events.reader.ready()?, self.commands.reader.ready()?);
            let is_dry = event.is_none() && command.is_none();
            for (source, received) in [(Source::Events, event), (Source::Commands, command)] {
                let Some(received) = received else { continue };
                self.take::<R>(&mut gathered, source, received)?;
            }
            if is_dry {
                // Whoever is behind anyway works in fewer and larger batches.
                if !gathered.is_behind() {
                    break;
                }
                let Some((source, received)) = self.next(full_at).await? else { break };
                self.take::<R>(&mut gathered, source, received)?;
            }
        }
        Ok(gathered)
    }

    async fn next(&mut self, until: Instant) -> Result<Option<(Source, Received)>, Failure> {
        let next = async {
            tokio::select! {
                event = self.events.reader.next() => (Source::Events, event),
                command = self.commands.reader.next() => (Source::Commands, command),
            }
        };
        match timeout_at(until, next).await {
            Ok((source, received)) => Ok(Some((source, received?))),
            Err(_) => Ok(None),
        }
    }

    fn take<R: Reactor>(&mut self, gathered: &mut Gathered, source: Source, received: Received) -> Result<(), Failure> {
        if self.stop.is_some() {
            // It lies behind the message that the lane stops at; the next owner reads it again.
            return Ok(());
        }
        let ahead = match source {
            Source::Events => &self.events.ahead,
            Source::Commands => &self.commands.ahead,
        };
        let partition = partition(&received.subject);
        let is_ours = partition.is_some_and(|partition| self.lane.covers(partition));
        let work = if !is_ours || is_behind(ahead, partition, received.sequence) {
            Ok(Work::Skip)
        } else {
            match source {
                Source::Events => decode_event::<R>(&received),
                Source::Commands => decode_command(&received),
            }
        };
        let work = match work {
            Ok(work) => work,
            Err(WireError::Decode(error @ DecodeError::NewerVersion { .. })) => {
                let sequence = received.sequence;
                let stop =
                    Failure::lost(format!("sequence {sequence}: {error}; run a newer binary, nothing was skipped"));
                if gathered.arrivals.is_empty() {
                    return Err(stop);
                }
                self.stop = Some(stop);
                return Ok(());
            }
            Err(error) => Work::Undecodable(error.to_string()),
        };
        gathered.messages += usize::from(!matches!(work, Work::Skip));
        gathered.bytes += received.body.len();
        gathered.arrivals.push(Arrival { source, received, work });
        Ok(())
    }
}

impl Gathered {
    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    fn has_room(&self) -> bool {
        self.messages < BATCH && self.arrivals.len() < LOOKED_AT && self.bytes < BYTES
    }

    /// Whether the server has more for this lane, as far as the last message of each stream says.
    fn is_behind(&self) -> bool {
        [Source::Events, Source::Commands]
            .into_iter()
            .any(|source| self.last(source).is_some_and(|last| last.pending > 0))
    }

    /// Whether there is nothing to write: everything was skipped.
    pub(super) const fn is_idle(&self) -> bool {
        self.messages == 0
    }

    /// The last message of a stream in it.
    pub(super) fn last(&self, source: Source) -> Option<&Received> {
        self.arrivals.iter().rev().find(|arrival| arrival.source == source).map(|arrival| &arrival.received)
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

    /// The same messages, one to a batch.
    pub(super) fn singly(self) -> impl Iterator<Item = Self> {
        self.arrivals.into_iter().map(|arrival| Self {
            messages: usize::from(!matches!(arrival.work, Work::Skip)),
            bytes: arrival.received.body.len(),
            arrivals: vec![arrival],
        })
    }
}

/// Whether the lane that had this partition before has handled the message.
fn is_behind(ahead: &[u64], partition: Option<u8>, sequence: u64) -> bool {
    let through = partition.and_then(|partition| ahead.get(usize::from(partition)));
    through.is_some_and(|through| sequence <= *through)
}

fn decode_command(received: &Received) -> Result<Work, WireError> {
    Ok(Work::Command(wire::command(&received.subject, &received.headers, &received.body)?))
}

/// Own events are in the tables already; what the service does not read is not even decoded.
fn decode_event<R: Reactor>(received: &Received) -> Result<Work, WireError> {
    if received.subject.split('.').nth(2) == Some(R::NAME) {
        return Ok(Work::Skip);
    }
    let reads = |name: &str| R::READS.iter().any(|kind| kind.name() == name);
    let kind = match wire::event_kind(&received.subject, &received.headers) {
        Ok(kind) => kind,
        Err(WireError::Decode(DecodeError::NewerVersion { name, .. })) if !reads(name) => return Ok(Work::Skip),
        Err(WireError::Decode(DecodeError::UnknownType(_)) | WireError::Header(_)) => return Ok(Work::Skip),
        Err(error) => return Err(error),
    };
    let read: Option<&EventKind> = R::READS.iter().find(|read| **read == kind.kind);
    if read.is_none() {
        return Ok(Work::Skip);
    }
    let event = wire::event(kind, &received.subject, &received.headers, &received.body, received.sequence)?;
    Ok(Work::Event(event))
}
