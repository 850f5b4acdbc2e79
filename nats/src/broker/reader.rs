//! An ordered pull consumer: a gap in its sequence, a lost connection or silence is an error, never skipped.

use std::time::Duration;

use anyhow::{Context, anyhow};
use async_nats::{HeaderMap, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use serde_json::json;
use tokio::{
    sync::watch,
    task::unconstrained,
    time::{Instant, timeout},
};

use crate::{
    broker::{
        Nats,
        wire::{self, StoredAt},
    },
    failure::Failure,
};

/// Messages per pull; topped up when half of them are left.
const PULL: u64 = 2_048;
/// The server's heartbeat interval while a pull waits.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// Servers first elect a leader for a replicated consumer; until then a pull has no responders.
const ELECTION: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// Timeout of a message that the server counts as pending.
const GIVING: Duration = Duration::from_secs(4);

/// Reads one consumer.
pub(crate) struct Reader {
    nats: Nats,
    stream: String,
    consumer: String,
    inbox: String,
    messages: Subscriber,
    pull: u64,
    /// Requested but not yet received.
    under_way: u64,
    last_consumer_sequence: u64,
    created: Instant,
    /// The last pull had no responders: the next one is not before then.
    ask_again: Option<Instant>,
    last_heard: Instant,
    disconnects: watch::Receiver<u64>,
    /// How many messages matched when the consumer was created.
    pub pending_at_start: u64,
    /// How many more there are, by the server's count.
    left: u64,
    last_sequence: u64,
}

/// A message with its sequence in the stream.
#[derive(Debug)]
pub(crate) struct Received {
    pub subject: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub sequence: u64,
    /// When the stream took it.
    pub time: Timestamp,
    /// How many more match after it.
    pub pending: u64,
}

impl Received {
    pub(crate) const fn stored_at(&self) -> StoredAt {
        StoredAt { sequence: self.sequence, time: self.time }
    }

    pub(crate) fn of(message: async_nats::Message, place: &Place) -> Self {
        Self {
            subject: message.subject.to_string(),
            headers: message.headers.unwrap_or_default(),
            body: message.payload,
            sequence: place.stream_sequence,
            time: place.time,
            pending: place.pending,
        }
    }
}

impl Reader {
    /// Creates the consumer `config` describes and reads it from its start.
    pub(crate) async fn create(nats: &Nats, stream: &str, config: serde_json::Value) -> Result<Self, Failure> {
        let consumer = config["name"].as_str().unwrap_or_default().to_owned();
        let disconnects = nats.disconnects();
        let request = json!({ "stream_name": stream, "config": config });
        let filter = request["config"]["filter_subject"].as_str().map_or(String::new(), |filter| format!(".{filter}"));
        let created = nats
            .api(&format!("CONSUMER.CREATE.{stream}.{consumer}{filter}"), &request)
            .await
            .with_context(|| format!("create consumer {consumer} on {stream}"))
            .map_err(Failure::Unavailable)?;
        let inbox = nats.client().new_inbox();
        let messages = nats.client().subscribe(inbox.clone()).await;
        let messages = messages.context("subscribe to a consumer's messages").map_err(Failure::Unavailable)?;
        let pending_at_start = created["num_pending"].as_u64().unwrap_or(0);
        Ok(Self {
            nats: nats.clone(),
            stream: stream.to_owned(),
            consumer,
            inbox,
            messages,
            pull: PULL,
            under_way: 0,
            last_consumer_sequence: 0,
            created: Instant::now(),
            ask_again: None,
            last_heard: Instant::now(),
            disconnects,
            pending_at_start,
            left: pending_at_start,
            last_sequence: 0,
        })
    }

    /// Sets the number of messages per pull, for a long read.
    pub(crate) const fn pulling(mut self, pull: u64) -> Self {
        self.pull = pull;
        self
    }

    /// The next message. Cancel safe: a message that was not returned is not lost.
    pub(crate) async fn next(&mut self) -> Result<Received, Failure> {
        loop {
            self.top_up().await?;
            let silence = self.last_heard + HEARTBEAT * 3;
            let message = tokio::select! {
                // A message already received is not silence, however long a batch took.
                biased;
                message = self.messages.next() => message.ok_or_else(ended)?,
                _ = self.disconnects.changed() => return Err(Failure::unavailable("the connection was lost")),
                () = tokio::time::sleep_until(silence) => {
                    return Err(Failure::unavailable(format!("no messages or heartbeats from {}", self.stream)));
                }
            };
            if let Some(received) = self.take(message)? {
                return Ok(received);
            }
        }
    }

    /// The next message that the server counts as pending, up to the one before `until`; `None` after the last. One that is
    /// counted but never delivered is damage, and an error: waiting for it would never end.
    pub(crate) async fn counted(&mut self, until: u64) -> Result<Option<Received>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let Ok(received) = timeout(GIVING, self.next()).await else {
            return Err(Failure::lost(format!(
                "{} counts {} more messages after {} but delivers none: it is damaged there; `plyo verify --deep` \
                 shows what is missing",
                self.stream, self.left, self.last_sequence
            )));
        };
        let received = received?;
        if received.sequence >= until {
            self.left = 0;
            return Ok(None);
        }
        Ok(Some(received))
    }

    /// A message that was already received.
    pub(crate) fn ready(&mut self) -> Result<Option<Received>, Failure> {
        // Unconstrained: a task's cooperative budget ends after 128 messages, as if there were no more.
        while let Some(message) = unconstrained(self.messages.next()).now_or_never() {
            if let Some(received) = self.take(message.ok_or_else(ended)?)? {
                return Ok(Some(received));
            }
        }
        Ok(None)
    }

    async fn top_up(&mut self) -> Result<(), Failure> {
        if self.under_way > self.pull / 2 {
            return Ok(());
        }
        if let Some(then) = self.ask_again {
            tokio::time::sleep_until(then).await;
            self.ask_again = None;
        }
        let request = json!({
            "batch": self.pull,
            "expires": Duration::from_secs(30).as_nanos() as u64,
            "idle_heartbeat": HEARTBEAT.as_nanos() as u64,
        });
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", self.stream, self.consumer);
        let asked =
            self.nats.client().publish_with_reply(subject, self.inbox.clone(), request.to_string().into()).await;
        asked.context("ask for messages").map_err(Failure::Unavailable)?;
        self.under_way += self.pull;
        Ok(())
    }

    fn take(&mut self, message: async_nats::Message) -> Result<Option<Received>, Failure> {
        self.last_heard = Instant::now();
        if let Some(status) = message.status {
            return self.status(status, &message).map(|()| None);
        }
        self.under_way = self.under_way.saturating_sub(1);
        let reply = message.reply.as_deref().unwrap_or_default();
        let place = place(reply).ok_or_else(|| Failure::unavailable(format!("cannot parse ack subject {reply:?}")))?;
        if place.consumer_sequence != self.last_consumer_sequence + 1 {
            return Err(Failure::unavailable(format!(
                "gap in {} of {}: {} after {}",
                self.consumer, self.stream, place.consumer_sequence, self.last_consumer_sequence
            )));
        }
        self.last_consumer_sequence = place.consumer_sequence;
        (self.left, self.last_sequence) = (place.pending, place.stream_sequence);
        Ok(Some(Received::of(message, &place)))
    }

    fn status(&mut self, status: StatusCode, message: &async_nats::Message) -> Result<(), Failure> {
        match status.as_u16() {
            100 => Ok(()),
            404 | 408 => {
                let left = message.headers.as_ref().and_then(|headers| wire::text(headers, "Nats-Pending-Messages"));
                self.under_way =
                    self.under_way.saturating_sub(left.and_then(|left| left.parse().ok()).unwrap_or(self.pull));
                Ok(())
            }
            503 if self.last_consumer_sequence == 0 && self.created.elapsed() < ELECTION => {
                self.under_way = 0;
                self.ask_again = Some(Instant::now() + ASK_AGAIN);
                Ok(())
            }
            code => Err(Failure::Unavailable(anyhow!(
                "{} of {} ended with {code} {}",
                self.consumer,
                self.stream,
                message.description.as_deref().unwrap_or("")
            ))),
        }
    }
}

fn ended() -> Failure {
    Failure::unavailable("the subscription ended")
}

/// What an ack subject says about its message.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    /// How often it was delivered.
    pub deliveries: u64,
    pub stream_sequence: u64,
    consumer_sequence: u64,
    pub time: Timestamp,
    pub pending: u64,
}

/// Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>`, with or without the
/// domain and account tokens that newer servers put after `ACK`.
pub(crate) fn place(reply: &str) -> Option<Place> {
    let first = if reply.bytes().filter(|byte| *byte == b'.').count() >= 10 { 6 } else { 4 };
    let mut tokens = reply.split('.').skip(first);
    Some(Place {
        deliveries: tokens.next()?.parse().ok()?,
        stream_sequence: tokens.next()?.parse().ok()?,
        consumer_sequence: tokens.next()?.parse().ok()?,
        time: Timestamp::from_nanosecond(tokens.next()?.parse().ok()?).ok()?,
        pending: tokens.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_with_and_without_domain_and_account() {
        let time = Timestamp::from_nanosecond(1_790_000_000_000_000_001).unwrap();
        let expected = Some(Place { deliveries: 1, stream_sequence: 12, consumer_sequence: 7, time, pending: 3 });
        assert_eq!(place("$JS.ACK.EVENTS.workout_0.1.12.7.1790000000000000001.3"), expected);
        assert_eq!(place("$JS.ACK._.acc.EVENTS.workout_0.1.12.7.1790000000000000001.3.token"), expected);
        assert_eq!(place("$JS.ACK.EVENTS.workout_0.1.12"), None);
    }
}
