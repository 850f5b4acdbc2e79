//! All that the streams have about one person.

use anyhow::{Context, Result};
use plyo_events::UserId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    Nats, cloud_event,
    reader::{Reader, Received},
    streams,
    subject::partition_of,
};

/// Reads the events about a person, in order, up to the last one when it began.
pub struct PersonalHistory {
    reader: Reader,
    until: u64,
}

/// Events as CloudEvents in JSON, a line each.
#[derive(Default)]
pub struct Lines {
    pub text: Vec<u8>,
    pub events: u64,
}

/// A timer that is set, and the event that it will be.
#[derive(Serialize, Deserialize)]
pub struct PersonalTimer {
    pub key: Uuid,
    /// As [`cloud_event::read`] has it.
    pub event: Box<RawValue>,
}

/// Bytes of lines that are returned at a time, but for the last line.
const PAGE: usize = 256 * 1024;

impl PersonalHistory {
    /// # Errors
    /// When `EVENTS` cannot be read.
    pub async fn open(nats: &Nats, user: UserId) -> Result<Self> {
        let until = streams::state(nats, "EVENTS").await?.last + 1;
        let user = user.to_string();
        let filter = format!("evt.{}.*.*.{user}", partition_of(&user));
        let reader = Reader::create(nats, "EVENTS", streams::tail_consumer("personal", &filter, 1)).await?;
        Ok(Self { reader, until })
    }

    /// How many there are.
    pub const fn total(&self) -> u64 {
        self.reader.pending_at_start
    }

    /// The next ones; `None` after the last.
    ///
    /// # Errors
    /// When `EVENTS` cannot be read: what was returned so far is not all.
    pub async fn next(&mut self) -> Result<Option<Lines>> {
        let mut lines = Lines::default();
        while lines.text.len() < PAGE {
            let Some(received) = self.reader.counted(self.until).await? else { break };
            match cloud_event::write(&mut lines.text, &received) {
                Ok(()) => lines.events += 1,
                Err(error) => {
                    let sequence = received.sequence;
                    tracing::warn!(sequence, %error, "skipped an event whose subject and headers do not fit");
                }
            }
        }
        Ok((lines.events > 0).then_some(lines))
    }
}

/// The timers that are set for a person.
///
/// # Errors
/// When `SCHEDULE` cannot be read.
pub async fn personal_timers(nats: &Nats, user: UserId) -> Result<Vec<PersonalTimer>> {
    let until = streams::state(nats, "SCHEDULE").await?.last + 1;
    let consumer = streams::tail_consumer("personal", &format!("at.*.{user}.*"), 1);
    let (mut reader, mut timers) = (Reader::create(nats, "SCHEDULE", consumer).await?, Vec::new());
    while let Some(received) = reader.counted(until).await? {
        // One without a body cancels what was before it.
        if !received.body.is_empty() {
            timers.push(timer(received, user)?);
        }
    }
    Ok(timers)
}

fn timer(received: Received, user: UserId) -> Result<PersonalTimer> {
    let tokens: Vec<&str> = received.subject.split('.').collect();
    let [_, fact, _, key] = tokens[..] else { anyhow::bail!("{} is no timer", received.subject) };
    let key = key.parse().context("the key of a timer")?;
    // As the broker has it fire.
    let fired =
        Received { subject: format!("evt.{}.clock.{fact}.{user}", partition_of(&user.to_string())), ..received };
    let mut event = Vec::new();
    cloud_event::write(&mut event, &fired)?;
    let event = RawValue::from_string(String::from_utf8(event)?.trim_end().to_owned())?;
    Ok(PersonalTimer { key, event })
}
