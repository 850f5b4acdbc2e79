//! The outbox: what a batch wants published, written in the same transaction, and its way into the streams.

use anyhow::{Context, Result};
use async_nats::HeaderMap;
use bytes::Bytes;
use plyo_events::{Event, Message, Timer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Nats,
    failpoint::{pass, planted},
    pub_acks::PublishError,
    subject, wire,
};

/// The stream that a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Target {
    Events,
    Schedule,
    Dead,
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

/// What a batch wants published, in the order of its decisions, as one row of the outbox holds it.
pub(crate) fn pack(messages: &[Outgoing]) -> Result<Vec<u8>> {
    rmp_serde::to_vec(messages).context("messages are plain data")
}

/// The opposite of [`pack`].
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<Outgoing>> {
    rmp_serde::from_slice(packed).context("an outbox row")
}

impl Outgoing {
    pub(crate) fn event(event: &Message<Event>) -> Self {
        Self {
            target: Target::Events,
            subject: subject::event(event.body.kind(), event.user),
            headers: wire::event_headers(event),
            body: event.body.encode().into(),
        }
    }

    /// `timer_id` becomes the id of the clock event when it fires.
    pub(crate) fn timer<T>(timer_id: Uuid, cause: &Message<T>, timer: &Timer) -> Self {
        match timer {
            Timer::Set { key, at, due } => {
                let mut headers = wire::event_headers(&Message {
                    id: timer_id,
                    time: *at,
                    causation: cause.id,
                    ..cause.with(due.clone())
                });
                wire::set(&mut headers, "Nats-Schedule", format!("@at {at}"));
                wire::set(&mut headers, "Nats-Schedule-Target", subject::due(due.kind(), cause.user));
                wire::set(&mut headers, "Nats-Schedule-TTL", "24h");
                let subject = subject::timer(due.kind(), cause.user, *key);
                Self { target: Target::Schedule, subject, headers, body: due.encode().into() }
            }
            Timer::Cancel { key, kind } => {
                let mut headers = HeaderMap::new();
                wire::set(&mut headers, "Nats-Rollup", "sub");
                wire::set(&mut headers, "Nats-TTL", "1s");
                let subject = subject::timer(*kind, cause.user, *key);
                Self { target: Target::Schedule, subject, headers, body: Bytes::new() }
            }
        }
    }

    pub(crate) fn event_id(&self) -> Option<&str> {
        wire::text(&self.headers, wire::CE_ID)
    }
}

/// Headers as pairs: none of ours has two values.
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

/// The marks of this owner: the broker refuses what an earlier owner still sends.
#[derive(Clone, Debug)]
pub(crate) struct Fence {
    pub service: &'static str,
    pub events: u64,
    pub schedule: u64,
}

impl Fence {
    fn stamp(&self, message: &mut Outgoing) {
        if planted("bug-no-fence") {
            return;
        }
        let (sequence, subject) = match message.target {
            Target::Events => (self.events, format!("mark.{}.all", self.service)),
            Target::Schedule => (self.schedule, format!("at.mark.{}.all", self.service)),
            Target::Dead => return,
        };
        wire::set(&mut message.headers, "Nats-Expected-Last-Subject-Sequence", sequence.to_string());
        wire::set(&mut message.headers, "Nats-Expected-Last-Subject-Sequence-Subject", subject);
    }
}

/// Up to here plain pipelined publishes are quicker than an atomic batch, on a server that syncs each write.
const PIPELINED: usize = 8;
/// The server's limit for an atomic batch is 1,000.
const ATOMIC: usize = 900;

/// Publishes what is for DEAD, then timers one by one, then events; every PubAck is awaited.
/// Gives the last sequence in `EVENTS`, if there was an event.
pub(crate) async fn publish(nats: &Nats, fence: &Fence, messages: Vec<Outgoing>) -> Result<Option<u64>, PublishError> {
    let (mut events, others): (Vec<_>, Vec<_>) =
        messages.into_iter().partition(|message| message.target == Target::Events);
    let (dead, timers): (Vec<_>, Vec<_>) = others.into_iter().partition(|message| message.target == Target::Dead);
    for message in dead.into_iter().chain(timers) {
        send_fenced(nats, fence, message).await?.await?;
        pass!("publish");
    }
    let mut last = None;
    if events.len() <= PIPELINED || !nats.syncs_each_write() {
        let mut acks = Vec::with_capacity(events.len());
        for event in events {
            acks.push(send_fenced(nats, fence, event).await?);
            pass!("publish");
        }
        for ack in acks {
            last = Some(ack.await?.seq);
        }
        return Ok(last);
    }
    while !events.is_empty() {
        let rest = events.split_off(events.len().min(ATOMIC));
        last = Some(publish_atomic(nats, fence, events).await?);
        events = rest;
        pass!("publish");
    }
    Ok(last)
}

/// All or none, synced once. The first message carries the fence; only the commit is answered.
async fn publish_atomic(nats: &Nats, fence: &Fence, mut messages: Vec<Outgoing>) -> Result<u64, PublishError> {
    let batch = Uuid::new_v4().simple().to_string();
    if let Some(first) = messages.first_mut() {
        fence.stamp(first);
    }
    let count = messages.len();
    for (index, Outgoing { subject, mut headers, body, .. }) in messages.into_iter().enumerate() {
        wire::set(&mut headers, "Nats-Batch-Id", batch.as_str());
        wire::set(&mut headers, "Nats-Batch-Sequence", (index + 1).to_string());
        if index + 1 == count {
            wire::set(&mut headers, "Nats-Batch-Commit", "1");
            return Ok(nats.publish(subject, headers, body).await?.await?.seq);
        }
        let sent = nats.client().publish_with_headers(subject, headers, body).await;
        sent.map_err(|_| PublishError::Unknown)?;
        pass!("publish");
    }
    Err(PublishError::Unknown)
}

async fn send_fenced(
    nats: &Nats,
    fence: &Fence,
    mut message: Outgoing,
) -> Result<impl Future<Output = Result<crate::pub_acks::PubAck, PublishError>> + Send + use<>, PublishError> {
    fence.stamp(&mut message);
    nats.publish(message.subject, message.headers, message.body).await
}
