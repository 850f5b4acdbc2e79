//! What `SCHEDULE` stored after the end of its snapshot.
//!
//! A timer that fires is removed and becomes a new message at the end. The broker snapshots message by message, up to the
//! end at the start: a timer that fires meanwhile is neither at its old sequence nor before that end. So later messages are
//! saved, too, and published again.

use std::collections::HashSet;

use anyhow::{Context, Result};
use async_nats::{HeaderMap, HeaderName};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::broker::{
    Nats,
    reader::{Reader, Received},
    streams, wire,
};

/// Reads what came after a sequence, up to the end.
pub struct TimersSince(Reader);

/// A message as a line of JSON.
#[derive(Serialize, Deserialize)]
struct Line {
    subject: String,
    headers: Vec<(String, String)>,
    body: String,
    /// The subject of the timer that fired this message.
    #[serde(skip_serializing_if = "Option::is_none")]
    timer: Option<String>,
}

impl TimersSince {
    /// Starts after this sequence of `SCHEDULE`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn begin(nats: &Nats, sequence: u64) -> Result<Self> {
        let consumer = streams::tail_consumer("backup", ">", sequence + 1);
        Ok(Self(Reader::create(nats, "SCHEDULE", consumer).await?))
    }

    /// The next message as a line; `None` after the last.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn next(&mut self) -> Result<Option<String>> {
        while let Some(received) = self.0.counted(u64::MAX).await? {
            // An epoch marker concerns current owners only.
            if !received.subject.starts_with("at.mark.") {
                return Ok(Some(serde_json::to_string(&Line::of(&received)).context("a timer is plain data")?));
            }
        }
        Ok(None)
    }
}

impl Line {
    fn id(&self) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == wire::CE_ID).map(|(_, id)| id.as_str())
    }

    fn of(received: &Received) -> Self {
        let value = |name: &str| {
            let found = received.headers.iter().find(|(header, _)| header.to_string() == name);
            found.and_then(|(_, values)| values.first()).map(ToString::to_string)
        };
        let has_fired = received.subject.starts_with("due.");
        // The broker refuses its own headers, and the fence will have changed.
        let is_kept = |name: &str| match name {
            "Nats-TTL" => true,
            _ if has_fired => !name.starts_with("Nats-"),
            _ => !name.starts_with("Nats-Expected-"),
        };
        let headers = received.headers.iter().filter_map(|(name, values)| {
            Some((name.to_string(), values.first()?.to_string())).filter(|(name, _)| is_kept(name))
        });
        Self {
            subject: received.subject.clone(),
            headers: headers.collect(),
            body: BASE64_STANDARD.encode(&received.body),
            timer: has_fired.then(|| value("Nats-Scheduler")).flatten(),
        }
    }
}

/// Brings a `SCHEDULE` restored through `end` to its state after the snapshot, before the already restored `EVENTS` sources
/// it. To the broker it is a new stream, from which `EVENTS` would source everything that has fired; so what it already
/// sourced is removed. A timer that fired during the snapshot may still be in it, too: overdue, it fires at once, and
/// counts.
///
/// # Errors
/// When a line is invalid, or the server does not answer.
pub async fn put_timers(nats: &Nats, lines: &[String], end: u64) -> Result<()> {
    let lines: Result<Vec<Line>, _> = lines.iter().map(|line| serde_json::from_str(line)).collect();
    let mut lines: Vec<Line> = lines.context("parse a line of timers")?;
    let taken = json!({ "filter": "due.>", "seq": taken_by_events(nats).await? + 1 });
    nats.api("STREAM.PURGE.SCHEDULE", &taken).await.context("remove timers that EVENTS already has")?;
    for timer in lines.iter().filter_map(|line| line.timer.as_deref()) {
        let purge = json!({ "filter": timer });
        nats.api("STREAM.PURGE.SCHEDULE", &purge).await.context("remove a timer that has fired")?;
    }
    // From here on none of these fires.
    let mut fired = HashSet::new();
    let mut reader = Reader::create(nats, "SCHEDULE", streams::tail_consumer("backup", "due.>", end + 1)).await?;
    while let Some(received) = reader.counted(u64::MAX).await? {
        fired.extend(wire::text(&received.headers, wire::CE_ID).map(str::to_owned));
    }
    let gone: HashSet<String> = lines.iter().filter_map(|line| line.timer.clone()).collect();
    lines.retain(|line| match line.timer {
        Some(_) => line.id().is_none_or(|id| !fired.contains(id)),
        None => !gone.contains(&line.subject),
    });
    for Line { subject, headers, body, .. } in lines {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name.parse::<HeaderName>().context("parse a header name")?, value);
        }
        let body = BASE64_STANDARD.decode(body).context("decode a timer's body")?;
        nats.publish(subject, map, body.into()).await?.await.context("publish a timer")?;
    }
    Ok(())
}

/// How far `EVENTS` has sourced `SCHEDULE`; the broker records that in each sourced message.
async fn taken_by_events(nats: &Nats) -> Result<u64> {
    let mut config = streams::tail_consumer("backup", "evt.*.clock.>", 1);
    config["headers_only"] = true.into();
    let mut reader = Reader::create(nats, "EVENTS", config).await?;
    let mut taken = 0;
    while let Some(received) = reader.counted(u64::MAX).await? {
        // `SCHEDULE 17 due.*.* …`
        let source = wire::text(&received.headers, "Nats-Stream-Source").unwrap_or_default();
        let sequence = source.strip_prefix("SCHEDULE ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        // The last one, not the highest: a recreated `SCHEDULE` starts at 1 again.
        taken = sequence.unwrap_or(taken);
    }
    Ok(taken)
}
