//! The outbox: what a batch wants published, as rows of the same transaction, and its way into the streams.

use std::collections::HashMap;

use anyhow::{Result, bail};
use async_nats::HeaderMap;
use bytes::Bytes;
use plyo_events::{Event, Message, Timer};
use uuid::Uuid;

use crate::{
    Nats,
    failpoint::{pass, planted},
    nats::PublishError,
    subject, wire,
};

/// The stream that a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Events,
    Schedule,
    Dead,
}

impl Target {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Schedule => "schedule",
            Self::Dead => "dead",
        }
    }

    pub(crate) fn parse(name: &str) -> Result<Self> {
        match name {
            "events" => Ok(Self::Events),
            "schedule" => Ok(Self::Schedule),
            "dead" => Ok(Self::Dead),
            other => bail!("outbox target `{other}`"),
        }
    }
}

/// One message to publish. Ids ascend in the order of the decisions.
#[derive(Clone, Debug)]
pub(crate) struct OutboxRow {
    pub id: i64,
    pub target: Target,
    pub subject: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl OutboxRow {
    pub(crate) fn event(id: i64, event: &Message<Event>) -> Self {
        Self {
            id,
            target: Target::Events,
            subject: subject::event(event.body.kind(), event.user),
            headers: wire::event_headers(event),
            body: event.body.encode().into(),
        }
    }

    /// `timer_id` becomes the id of the clock event when it fires.
    pub(crate) fn timer<T>(id: i64, timer_id: Uuid, cause: &Message<T>, timer: &Timer) -> Self {
        match timer {
            Timer::Set { key, at, due } => {
                let mut headers = wire::event_headers(&Message {
                    id: timer_id,
                    time: *at,
                    causation: cause.id,
                    ..cause.with(due.clone())
                });
                headers.insert("Nats-Schedule", format!("@at {at}"));
                headers.insert("Nats-Schedule-Target", subject::due(due.kind(), cause.user));
                headers.insert("Nats-Schedule-TTL", "24h");
                let subject = subject::timer(due.kind(), cause.user, *key);
                Self { id, target: Target::Schedule, subject, headers, body: due.encode().into() }
            }
            Timer::Cancel { key, kind } => {
                let mut headers = HeaderMap::new();
                headers.insert("Nats-Rollup", "sub");
                headers.insert("Nats-TTL", "1s");
                let subject = subject::timer(*kind, cause.user, *key);
                Self { id, target: Target::Schedule, subject, headers, body: Bytes::new() }
            }
        }
    }

    pub(crate) fn event_id(&self) -> Option<&str> {
        wire::text(&self.headers, wire::CE_ID)
    }

    pub(crate) fn header_json(&self) -> HashMap<String, String> {
        let first = |values: &Vec<async_nats::HeaderValue>| {
            values.first().map_or(String::new(), |value| value.as_str().to_owned())
        };
        self.headers.iter().map(|(name, values)| (name.to_string(), first(values))).collect()
    }

    pub(crate) fn header_map<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name, value);
        }
        map
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
    fn stamp(&self, target: Target, headers: &mut HeaderMap) {
        if planted("bug-no-fence") {
            return;
        }
        let (sequence, subject) = match target {
            Target::Events => (self.events, format!("mark.{}.all", self.service)),
            Target::Schedule => (self.schedule, format!("at.mark.{}.all", self.service)),
            Target::Dead => return,
        };
        headers.insert("Nats-Expected-Last-Subject-Sequence", sequence.to_string());
        headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", subject);
    }
}

/// Up to here plain pipelined publishes are quicker than an atomic batch on a server that syncs each write.
const PIPELINED: usize = 8;
/// The server's limit for an atomic batch is 1,000.
const ATOMIC: usize = 900;

/// Publishes the rows: what is for DEAD, then timers one by one, then events; every PubAck is awaited.
/// Gives the last sequence in `EVENTS`, if there was an event.
pub(crate) async fn publish(nats: &Nats, fence: &Fence, rows: &[OutboxRow]) -> Result<Option<u64>, PublishError> {
    let (events, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.target == Target::Events);
    for target in [Target::Dead, Target::Schedule] {
        for row in others.iter().filter(|row| row.target == target) {
            send(nats, fence, row, None).await?.await?;
            pass!("publish");
        }
    }
    let mut last = None;
    if events.len() <= PIPELINED {
        let mut acks = Vec::with_capacity(events.len());
        for row in events {
            acks.push(send(nats, fence, row, None).await?);
            pass!("publish");
        }
        for ack in acks {
            last = Some(ack.await?.seq);
        }
        return Ok(last);
    }
    for chunk in events.chunks(ATOMIC) {
        last = Some(publish_atomic(nats, fence, chunk).await?);
        pass!("publish");
    }
    Ok(last)
}

/// All or none, synced once. Only the commit is answered.
async fn publish_atomic(nats: &Nats, fence: &Fence, rows: &[&OutboxRow]) -> Result<u64, PublishError> {
    let batch = Uuid::new_v4().simple().to_string();
    let (last, first) = rows.split_last().ok_or(PublishError::Unknown)?;
    for (index, row) in first.iter().enumerate() {
        let mut headers = row.headers.clone();
        if index == 0 {
            fence.stamp(Target::Events, &mut headers);
        }
        headers.insert("Nats-Batch-Id", batch.as_str());
        headers.insert("Nats-Batch-Sequence", (index + 1).to_string());
        let sent = nats.client().publish_with_headers(row.subject.clone(), headers, row.body.clone()).await;
        sent.map_err(|_| PublishError::Unknown)?;
    }
    let commit = [
        ("Nats-Batch-Id", batch),
        ("Nats-Batch-Sequence", rows.len().to_string()),
        ("Nats-Batch-Commit", "1".to_owned()),
    ];
    Ok(send(nats, fence, last, Some(commit)).await?.await?.seq)
}

async fn send(
    nats: &Nats,
    fence: &Fence,
    row: &OutboxRow,
    commit: Option<[(&'static str, String); 3]>,
) -> Result<impl Future<Output = Result<crate::nats::PubAck, PublishError>> + Send + use<>, PublishError> {
    let mut headers = row.headers.clone();
    match commit {
        // The first message of an atomic batch carries the fence.
        Some(commit) => commit.into_iter().for_each(|(name, value)| headers.insert(name, value)),
        None => fence.stamp(row.target, &mut headers),
    }
    nats.publish(row.subject.clone(), headers, row.body.clone()).await
}
