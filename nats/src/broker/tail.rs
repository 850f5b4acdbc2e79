//! An ordered reader of `EVENTS`: it feeds the edge's ring and each sink.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use plyo_events::{Event, EventKind, Message, Versioned};
use serde::{Deserialize, Serialize};

use crate::broker::{
    Nats,
    content::Encoded,
    reader::{Reader, Received},
    streams, wire,
};

/// An event as published, with its sequence in `EVENTS`.
#[derive(Clone, Debug)]
pub struct Stored {
    pub sequence: u64,
    /// `workout.completed.v1`, possibly unknown to this binary: lower-case letters, digits, `_` and `.`.
    pub type_name: String,
    pub message: Message<Encoded>,
}

impl Stored {
    /// The event, in its newest version.
    ///
    /// # Errors
    /// When it is unknown to this binary or cannot be decoded.
    pub fn decode(&self) -> Result<Message<Event>> {
        let Versioned { kind, version } = EventKind::parse(&self.type_name)?;
        wire::check_about(self.message.subject, kind.name(), kind.about())?;
        Ok(self.message.with(kind.decode(version, self.message.body.body())?))
    }
}

/// `EVENTS` is not the one that was read: continuing with it would miss or repeat events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnotherHistory {
    #[error("EVENTS was recreated")]
    CreatedAnew,
    #[error("EVENTS ends at {last}, but {read} was already read: a backup older than this reader was restored")]
    Shorter { last: u64, read: u64 },
}

/// A position in `EVENTS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which history: another value means that `EVENTS` was recreated.
    pub epoch: u64,
    /// The last sequence that was read.
    pub sequence: u64,
}

/// Where a reader of `EVENTS` starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what comes after.
    After(Position),
    /// At this sequence, or the next one that exists.
    Sequence(u64),
    /// At the first event stored at this time or later.
    Time(Timestamp),
    /// This many events before the end; `u64::MAX` means at the first.
    Last(u64),
}

/// Reads every event in order and without gaps, across restarts of the server.
pub struct Tail {
    nats: Nats,
    name: String,
    reader: Option<Reader>,
    next_sequence: u64,
    created: String,
    epoch: u64,
    head: u64,
    behind: u64,
}

/// Max events returned at a time.
const BATCH_SIZE: usize = 1_024;

impl Tail {
    /// Starts `last` events before the end; `u64::MAX` means at the first.
    ///
    /// # Errors
    /// When `EVENTS` cannot be inspected.
    pub async fn open(nats: &Nats, last: u64) -> Result<Self> {
        Self::open_at(nats, "edge", Start::Last(last)).await
    }

    /// The same for a named reader with its own start.
    ///
    /// # Errors
    /// When `EVENTS` cannot be inspected; [`AnotherHistory`] when it is not what was read, or ends before that sequence.
    pub async fn open_at(nats: &Nats, name: &str, start: Start) -> Result<Self> {
        let state = streams::state(nats, "EVENTS").await?;
        let created: Timestamp = state.created.parse().context("creation time of EVENTS")?;
        let epoch = created.as_microsecond().unsigned_abs();
        let next_sequence = match start {
            Start::After(position) if position.epoch != epoch => return Err(AnotherHistory::CreatedAnew.into()),
            Start::After(position) => position.sequence + 1,
            Start::Sequence(sequence) => sequence,
            Start::Time(time) => streams::first_since(nats, name, time).await?,
            Start::Last(last) => (state.last + 1).saturating_sub(last),
        };
        if next_sequence > state.last + 1 {
            return Err(AnotherHistory::Shorter { last: state.last, read: next_sequence - 1 }.into());
        }
        let next_sequence = next_sequence.max(state.first).max(1);
        let reader = reader(nats, name, next_sequence).await?;
        Ok(Self {
            nats: nats.clone(),
            name: name.to_owned(),
            behind: reader.pending_at_start,
            reader: Some(reader),
            next_sequence,
            epoch,
            created: state.created,
            head: state.last,
        })
    }

    /// Identifies this history: another value means that `EVENTS` was recreated.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The last sequence of `EVENTS` when it was opened.
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// The first sequence that is returned.
    pub const fn start(&self) -> u64 {
        self.next_sequence
    }

    /// How far it got.
    pub const fn position(&self) -> Position {
        Position { epoch: self.epoch, sequence: self.next_sequence - 1 }
    }

    /// How many events were pending when the last one was read.
    pub const fn behind(&self) -> u64 {
        self.behind
    }

    /// The next events; none if `EVENTS` ended without one, with epoch markers or with events that have an invalid subject.
    ///
    /// # Errors
    /// Only when `EVENTS` was recreated: every cursor is then invalid.
    pub async fn next(&mut self) -> Result<Vec<Stored>, AnotherHistory> {
        loop {
            match self.read().await {
                Ok(events) if events.is_empty() && self.behind > 0 => {}
                Ok(events) => return Ok(events),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), next = self.next_sequence, "reopening EVENTS");
                    self.reader = None;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    if let Ok(state) = streams::state(&self.nats, "EVENTS").await
                        && state.created != self.created
                    {
                        return Err(AnotherHistory::CreatedAnew);
                    }
                }
            }
        }
    }

    async fn read(&mut self) -> Result<Vec<Stored>> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(reader(&self.nats, &self.name, self.next_sequence).await?),
        };
        let mut events = Vec::new();
        let mut received = Some(reader.next().await?);
        while let Some(message) = received {
            self.next_sequence = message.sequence + 1;
            self.behind = message.pending;
            if !message.subject.starts_with("mark.") {
                events.extend(stored(&message));
            }
            if events.len() >= BATCH_SIZE {
                break;
            }
            received = match reader.ready() {
                Ok(next) => next,
                Err(error) => {
                    // Events already read are returned first; reading continues after them.
                    tracing::warn!(error = format!("{error:#}"), next = self.next_sequence, "reopening EVENTS");
                    self.reader = None;
                    break;
                }
            };
        }
        Ok(events)
    }
}

/// All events of one kind stored since then, in order: a reader of the end would not see them.
///
/// # Errors
/// When NATS does not answer.
pub async fn stored_since(nats: &Nats, kind: EventKind, since: Timestamp) -> Result<Vec<Stored>> {
    let filter = format!("evt.*.{}.{}.>", kind.service(), kind.fact());
    let mut reader = Reader::create(nats, "EVENTS", streams::since_consumer("edge", &filter, since)).await?;
    let mut events = Vec::new();
    while let Some(received) = reader.counted(u64::MAX).await? {
        events.extend(stored(&received));
    }
    Ok(events)
}

async fn reader(nats: &Nats, name: &str, start: u64) -> Result<Reader> {
    Ok(Reader::create(nats, "EVENTS", streams::tail_consumer(name, streams::EVERYTHING, start)).await?)
}

fn stored(received: &Received) -> Option<Stored> {
    let Received { subject, headers, body, sequence, .. } = received;
    match wire::encoded_event(subject, headers, body, received.stored_at()) {
        Ok((type_name, message)) => Some(Stored { sequence: *sequence, type_name, message }),
        Err(error) => {
            tracing::warn!(sequence, %error, "skipped an event whose subject and headers do not fit");
            None
        }
    }
}
