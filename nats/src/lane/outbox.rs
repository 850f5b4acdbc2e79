//! The outbox: the messages that a batch publishes, written in the same transaction.

use anyhow::{Context, Result, ensure};
use async_nats::HeaderMap;
use bytes::Bytes;
use jiff::Timestamp;
use plyo_events::{Command, Event, Message, Timer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::broker::{subject, wire};

/// The stream that a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Target {
    Events,
    Schedule,
    Dead,
    /// The command stream of the service in the subject.
    Commands,
}

/// One message to publish.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outgoing {
    pub target: Target,
    pub subject: String,
    #[serde(with = "pairs")]
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The first byte of a compressed row; a MessagePack array, which rows used to be, starts with another.
const COMPRESSED: u8 = 1;

/// The messages of a batch, in the order of its decisions, as one row of the outbox.
pub(crate) fn pack(messages: &[Outgoing]) -> Result<Vec<u8>> {
    let packed = rmp_serde::to_vec(messages).context("messages are plain data")?;
    let mut row = vec![COMPRESSED];
    row.extend(lz4_flex::compress_prepend_size(&packed));
    Ok(row)
}

/// The inverse of [`pack`].
pub(crate) fn unpack(row: &[u8]) -> Result<Vec<Outgoing>> {
    ensure!(!row.is_empty(), "an empty outbox row");
    match row {
        [COMPRESSED, compressed @ ..] => {
            let packed = lz4_flex::decompress_size_prepended(compressed).context("an outbox row")?;
            rmp_serde::from_slice(&packed).context("an outbox row")
        }
        packed => rmp_serde::from_slice(packed).context("an outbox row"),
    }
}

impl Outgoing {
    pub(crate) fn event(event: &Message<Event>) -> Self {
        Self {
            target: Target::Events,
            subject: subject::event(event.body.kind(), event.subject),
            headers: wire::event_headers(event),
            body: event.body.encode().into(),
        }
    }

    /// A command from a service; nobody waits for it.
    pub(crate) fn command(command: &Message<Command>) -> Self {
        Self {
            target: Target::Commands,
            subject: subject::command(command.body.kind(), command.subject),
            // Its id derives from its cause, and so identifies its body.
            headers: wire::command_headers(command, "", None),
            body: command.body.encode().into(),
        }
    }

    /// `timer_id` becomes the id of the clock event when it fires; `now` is when the cause happened or arrived, whichever
    /// is later.
    pub(crate) fn timer<T>(timer_id: Uuid, cause: &Message<T>, timer: &Timer, now: Timestamp) -> Self {
        match timer {
            Timer::Set { key, at, due } => Self::schedule(timer_id, cause, *key, *at, due),
            Timer::Every { key, recurrence, due } => {
                // Times that passed before it was set again are skipped.
                Self::schedule(timer_id, cause, *key, recurrence.next_after(now), due)
            }
            Timer::Cancel { key, kind } => {
                let mut headers = HeaderMap::new();
                wire::set(&mut headers, "Nats-Rollup", "sub");
                wire::set(&mut headers, "Nats-TTL", "1s");
                let subject = subject::timer(*kind, cause.subject, *key);
                Self { target: Target::Schedule, subject, headers, body: Bytes::new() }
            }
        }
    }

    fn schedule<T>(timer_id: Uuid, cause: &Message<T>, key: Uuid, at: Timestamp, due: &Event) -> Self {
        Self::scheduled(key, &Message { id: timer_id, time: at, causation: cause.id, ..cause.with(due.clone()) })
    }

    /// The timer `key` that fires as this event, at its time.
    pub(crate) fn scheduled(key: Uuid, event: &Message<Event>) -> Self {
        let kind = event.body.kind();
        let mut headers = wire::event_headers(event);
        wire::set(&mut headers, "Nats-Schedule", format!("@at {}", event.time));
        wire::set(&mut headers, "Nats-Schedule-Target", subject::due(kind, event.subject));
        wire::set(&mut headers, "Nats-Schedule-TTL", "24h");
        let subject = subject::timer(kind, event.subject, key);
        Self { target: Target::Schedule, subject, headers, body: event.body.encode().into() }
    }

    /// The id of the event or command that it is, or comes from.
    pub(crate) fn id(&self) -> Option<Uuid> {
        Uuid::try_parse(wire::text(&self.headers, wire::CE_ID)?).ok()
    }
}
/// Headers as pairs: none of ours has several values.
mod pairs {
    use async_nats::{HeaderMap, HeaderName};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
        let pair = |(name, values): (&HeaderName, &Vec<async_nats::HeaderValue>)| {
            Some((name.to_string(), values.first()?.to_string()))
        };
        serializer.collect_seq(headers.iter().filter_map(pair))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderMap, D::Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in Vec::<(HeaderName, String)>::deserialize(deserializer)? {
            headers.insert(name, value);
        }
        Ok(headers)
    }
}
