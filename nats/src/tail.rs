//! One ordered reader of `EVENTS` for a whole process: the edge's ring is fed by it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use plyo_events::{Event, EventKind, Message};

use crate::{
    Nats,
    reader::{Reader, Received},
    streams, wire,
};

/// An event with its place in `EVENTS`.
#[derive(Clone, Debug)]
pub struct Stored {
    pub sequence: u64,
    pub kind: EventKind,
    pub message: Message<Event>,
}

/// Reads every event in order and without a gap, across restarts of the server.
pub struct Tail {
    nats: Nats,
    reader: Option<Reader>,
    next_sequence: u64,
    created: String,
    epoch: u64,
    head: u64,
    behind: u64,
}

/// Most events given at a time.
const AT_A_TIME: usize = 1_024;

impl Tail {
    /// Begins `last` events before the end; `u64::MAX` means at the first.
    ///
    /// # Errors
    /// When `EVENTS` cannot be looked at.
    pub async fn open(nats: &Nats, last: u64) -> Result<Self> {
        let state = streams::state(nats, "EVENTS").await?;
        let created: Timestamp = state.created.parse().context("creation time of EVENTS")?;
        let next_sequence = (state.last + 1).saturating_sub(last).max(state.first).max(1);
        let reader = reader(nats, next_sequence).await?;
        Ok(Self {
            nats: nats.clone(),
            behind: reader.pending_at_start,
            reader: Some(reader),
            next_sequence,
            epoch: created.as_microsecond().unsigned_abs(),
            created: state.created,
            head: state.last,
        })
    }

    /// Identifies this history: another value means that `EVENTS` was created anew.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The last sequence of `EVENTS` when it was opened.
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// The sequence that comes first: nothing before it will be given.
    pub const fn start(&self) -> u64 {
        self.next_sequence
    }

    /// How many events were still to be read when the last one was.
    pub const fn behind(&self) -> u64 {
        self.behind
    }

    /// The next events, at least one. Types that this binary does not know are left out.
    ///
    /// # Errors
    /// Only when `EVENTS` was created anew: every cursor is void then.
    pub async fn next(&mut self) -> Result<Vec<Stored>> {
        loop {
            match self.read().await {
                Ok(events) if events.is_empty() => {}
                Ok(events) => return Ok(events),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), next = self.next_sequence, "reading EVENTS again");
                    self.reader = None;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    if let Ok(state) = streams::state(&self.nats, "EVENTS").await {
                        ensure!(state.created == self.created, "EVENTS was created anew");
                    }
                }
            }
        }
    }

    async fn read(&mut self) -> Result<Vec<Stored>> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(reader(&self.nats, self.next_sequence).await?),
        };
        let mut events = Vec::new();
        let mut received = Some(reader.next().await?);
        while let Some(message) = received {
            self.next_sequence = message.sequence + 1;
            self.behind = message.pending;
            events.extend(stored(&message));
            if events.len() >= AT_A_TIME {
                break;
            }
            received = match reader.ready() {
                Ok(next) => next,
                Err(error) => {
                    // What was read is given first; reading goes on behind it.
                    tracing::warn!(error = format!("{error:#}"), next = self.next_sequence, "reading EVENTS again");
                    self.reader = None;
                    break;
                }
            };
        }
        Ok(events)
    }
}

/// Every event of one kind that `EVENTS` took since then, in order: what a reader of its end would not see.
///
/// # Errors
/// When NATS does not answer.
pub async fn stored_since(nats: &Nats, kind: EventKind, since: Timestamp) -> Result<Vec<Stored>> {
    let filter = format!("evt.*.{}.{}.>", kind.service(), kind.fact());
    let mut reader = Reader::create(nats, "EVENTS", streams::since_consumer("edge", &filter, since)).await?;
    let mut events = Vec::new();
    let mut left = reader.pending_at_start;
    while left > 0 {
        let received = reader.next().await?;
        left = received.pending;
        events.extend(stored(&received));
    }
    Ok(events)
}

async fn reader(nats: &Nats, start: u64) -> Result<Reader> {
    Reader::create(nats, "EVENTS", streams::tail_consumer("edge", "evt.>", start)).await
}

fn stored(received: &Received) -> Option<Stored> {
    let kind = wire::event_kind(&received.subject, &received.headers).ok()?;
    let message = wire::event(kind, &received.subject, &received.headers, &received.body, received.sequence);
    match message {
        Ok(message) => Some(Stored { sequence: received.sequence, kind, message }),
        Err(error) => {
            tracing::warn!(sequence = received.sequence, %error, "an event that cannot be read");
            None
        }
    }
}
