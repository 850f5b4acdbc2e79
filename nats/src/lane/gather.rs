//! One batch: what is there, decoded, in the order it came.

use std::time::Duration;

use anyhow::{Result, anyhow};
use plyo_events::{DecodeError, EventKind};

use crate::{
    Batch, Incoming, Reactor,
    reader::{Reader, Received},
    wire::{self, WireError},
};

/// Most messages that one transaction handles.
const BATCH: usize = 256;
/// Most messages of a batch together with those that are skipped, which cost next to nothing.
const LOOKED_AT: usize = 4 * BATCH;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Events,
    Commands,
}

/// What a message means for this lane.
pub(super) enum Work {
    /// Not ours, or not known here.
    Skip,
    /// The message at this index of the batch.
    Message(usize),
    /// Its bytes cannot be read: a dead letter.
    Undecodable(String),
}

pub(super) struct Arrival {
    pub source: Source,
    pub received: Received,
    pub work: Work,
}

/// The messages of one batch: `batch` holds what could be decoded.
#[derive(Default)]
pub(super) struct Gathered {
    pub batch: Batch,
    pub arrivals: Vec<Arrival>,
}

/// Both inputs of a lane.
pub(super) struct Inputs {
    pub events: Reader,
    pub commands: Reader,
    /// A message that a newer binary wrote: the lane stops before it.
    stop: Option<anyhow::Error>,
}

impl Inputs {
    pub(super) const fn new(events: Reader, commands: Reader) -> Self {
        Self { events, commands, stop: None }
    }

    /// Waits for a message, at most `patience`, then takes what else is there. Empty when nothing came.
    pub(super) async fn gather<R: Reactor>(&mut self, patience: Duration) -> Result<Gathered> {
        if let Some(stop) = self.stop.take() {
            return Err(stop);
        }
        let mut gathered = Gathered::default();
        let (source, first) = tokio::select! {
            event = self.events.next() => (Source::Events, event?),
            command = self.commands.next() => (Source::Commands, command?),
            () = tokio::time::sleep(patience) => return Ok(gathered),
        };
        self.take::<R>(&mut gathered, source, first)?;
        while gathered.has_room() && self.stop.is_none() {
            let mut found = false;
            if let Some(event) = self.events.ready()? {
                self.take::<R>(&mut gathered, Source::Events, event)?;
                found = true;
            }
            if gathered.has_room()
                && self.stop.is_none()
                && let Some(command) = self.commands.ready()?
            {
                self.take::<R>(&mut gathered, Source::Commands, command)?;
                found = true;
            }
            if !found {
                break;
            }
        }
        Ok(gathered)
    }

    fn take<R: Reactor>(&mut self, gathered: &mut Gathered, source: Source, received: Received) -> Result<()> {
        let decoded = match source {
            Source::Events => decode_event::<R>(&received),
            Source::Commands => decode_command(&received),
        };
        let work = match decoded {
            Ok(None) => Work::Skip,
            Ok(Some(incoming)) => {
                gathered.batch.messages.push(incoming);
                Work::Message(gathered.batch.messages.len() - 1)
            }
            Err(WireError::Decode(error @ DecodeError::NewerVersion { .. })) => {
                let stop = anyhow!("sequence {}: {error}; run a newer binary, nothing was skipped", received.sequence);
                if gathered.arrivals.is_empty() {
                    return Err(stop);
                }
                self.stop = Some(stop);
                return Ok(());
            }
            Err(error) => Work::Undecodable(error.to_string()),
        };
        gathered.arrivals.push(Arrival { source, received, work });
        Ok(())
    }
}

impl Gathered {
    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    fn has_room(&self) -> bool {
        self.batch.messages.len() < BATCH && self.arrivals.len() < LOOKED_AT
    }

    /// Whether there is nothing to write: everything was skipped.
    pub(super) fn is_idle(&self) -> bool {
        self.arrivals.iter().all(|arrival| matches!(arrival.work, Work::Skip))
    }

    /// The last sequence of `EVENTS` in it.
    pub(super) fn applied(&self) -> Option<u64> {
        self.arrivals
            .iter()
            .rev()
            .find(|arrival| arrival.source == Source::Events)
            .map(|arrival| arrival.received.sequence)
    }

    /// The same messages, one to a batch.
    pub(super) fn singly(self) -> impl Iterator<Item = Self> {
        let mut messages = self.batch.messages.into_iter();
        self.arrivals.into_iter().map(move |mut arrival| {
            let mut batch = Batch::default();
            if let Work::Message(index) = &mut arrival.work {
                *index = 0;
                batch.messages.extend(messages.next());
            }
            Self { batch, arrivals: vec![arrival] }
        })
    }
}

fn decode_command(received: &Received) -> Result<Option<Incoming>, WireError> {
    let kind = wire::command_kind(&received.headers)?;
    Ok(Some(Incoming::Command(wire::command(kind, &received.headers, &received.body)?)))
}

/// Own events are in the tables already; what the service does not read is not even decoded.
fn decode_event<R: Reactor>(received: &Received) -> Result<Option<Incoming>, WireError> {
    if received.subject.split('.').nth(2) == Some(R::NAME) {
        return Ok(None);
    }
    let reads = |name: &str| R::READS.iter().any(|kind| kind.name() == name);
    let kind: EventKind = match wire::event_kind(&received.subject, &received.headers) {
        Ok(kind) => kind,
        Err(WireError::Decode(DecodeError::NewerVersion { name, .. })) if !reads(name) => return Ok(None),
        Err(WireError::Decode(DecodeError::UnknownType(_)) | WireError::Header(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !R::READS.contains(&kind) {
        return Ok(None);
    }
    let event = wire::event(kind, &received.subject, &received.headers, &received.body, received.sequence)?;
    Ok(Some(Incoming::Event(event)))
}
