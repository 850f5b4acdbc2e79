//! A pull consumer, read in order: a gap in its own sequence, a lost connection or silence is an error, never a skip.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use async_nats::{HeaderMap, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use tokio::{sync::watch, task::unconstrained, time::Instant};

use crate::{Nats, wire};

/// Messages asked for at a time; half as many under way are topped up.
const PULL: u64 = 512;
/// The server speaks at least this often while a pull waits.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// Reads one consumer.
pub(crate) struct Reader {
    nats: Nats,
    stream: &'static str,
    consumer: String,
    inbox: String,
    messages: Subscriber,
    pull: u64,
    /// Asked for and not yet come.
    under_way: u64,
    last_consumer_sequence: u64,
    last_heard: Instant,
    disconnects: watch::Receiver<u64>,
    /// How many messages matched when the consumer was created.
    pub pending_at_start: u64,
}

/// A message with its place in the stream.
#[derive(Debug)]
pub(crate) struct Received {
    pub subject: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Where it is acknowledged.
    pub reply: String,
    pub sequence: u64,
    /// How many more match after it.
    pub pending: u64,
}

impl Reader {
    /// Creates the consumer `config` describes and reads it from its start.
    pub(crate) async fn create(nats: &Nats, stream: &'static str, config: serde_json::Value) -> Result<Self> {
        let consumer = config["name"].as_str().context("a consumer has a name")?.to_owned();
        let disconnects = nats.disconnects();
        let request = json!({ "stream_name": stream, "config": config });
        let filter = request["config"]["filter_subject"].as_str().map_or(String::new(), |filter| format!(".{filter}"));
        let created = nats
            .api(&format!("CONSUMER.CREATE.{stream}.{consumer}{filter}"), &request)
            .await
            .with_context(|| format!("create consumer {consumer} on {stream}"))?;
        let inbox = nats.client().new_inbox();
        let messages = nats.client().subscribe(inbox.clone()).await?;
        Ok(Self {
            nats: nats.clone(),
            stream,
            consumer,
            inbox,
            messages,
            pull: PULL,
            under_way: 0,
            last_consumer_sequence: 0,
            last_heard: Instant::now(),
            disconnects,
            pending_at_start: created["num_pending"].as_u64().context("num_pending")?,
        })
    }

    /// Asks for so many messages at a time, for a long read.
    pub(crate) const fn pulling(mut self, pull: u64) -> Self {
        self.pull = pull;
        self
    }

    /// The next message. Cancel safe: a message that was not returned is not lost.
    pub(crate) async fn next(&mut self) -> Result<Received> {
        loop {
            self.top_up().await?;
            let silence = self.last_heard + HEARTBEAT * 3;
            let message = tokio::select! {
                // What is here already is no silence, however long a batch took.
                biased;
                message = self.messages.next() => message.context("the subscription ended")?,
                _ = self.disconnects.changed() => bail!("the connection was lost"),
                () = tokio::time::sleep_until(silence) => bail!("{} is silent", self.stream),
            };
            if let Some(received) = self.take(message)? {
                return Ok(received);
            }
        }
    }

    /// A message that is already here.
    pub(crate) fn ready(&mut self) -> Result<Option<Received>> {
        // Unconstrained: a task's budget for cooperation ends after 128 messages, as if no more were here.
        while let Some(message) = unconstrained(self.messages.next()).now_or_never() {
            if let Some(received) = self.take(message.context("the subscription ended")?)? {
                return Ok(Some(received));
            }
        }
        Ok(None)
    }

    async fn top_up(&mut self) -> Result<()> {
        if self.under_way > self.pull / 2 {
            return Ok(());
        }
        let request = json!({
            "batch": self.pull,
            "expires": Duration::from_secs(30).as_nanos() as u64,
            "idle_heartbeat": HEARTBEAT.as_nanos() as u64,
        });
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", self.stream, self.consumer);
        self.nats.client().publish_with_reply(subject, self.inbox.clone(), request.to_string().into()).await?;
        self.under_way += self.pull;
        Ok(())
    }

    fn take(&mut self, message: async_nats::Message) -> Result<Option<Received>> {
        self.last_heard = Instant::now();
        if let Some(status) = message.status {
            return self.status(status, &message).map(|()| None);
        }
        self.under_way = self.under_way.saturating_sub(1);
        let reply = message.reply.context("a message of a consumer has an ack subject")?.to_string();
        let place = place(&reply).with_context(|| format!("ack subject {reply}"))?;
        ensure!(
            place.consumer_sequence == self.last_consumer_sequence + 1,
            "gap in {} of {}: {} after {}",
            self.consumer,
            self.stream,
            place.consumer_sequence,
            self.last_consumer_sequence
        );
        self.last_consumer_sequence = place.consumer_sequence;
        Ok(Some(Received {
            subject: message.subject.to_string(),
            headers: message.headers.unwrap_or_default(),
            body: message.payload,
            reply,
            sequence: place.stream_sequence,
            pending: place.pending,
        }))
    }

    fn status(&mut self, status: StatusCode, message: &async_nats::Message) -> Result<()> {
        match status.as_u16() {
            100 => Ok(()),
            404 | 408 => {
                let left = message.headers.as_ref().and_then(|headers| wire::text(headers, "Nats-Pending-Messages"));
                self.under_way =
                    self.under_way.saturating_sub(left.and_then(|left| left.parse().ok()).unwrap_or(self.pull));
                Ok(())
            }
            code => bail!(
                "{} of {} ended with {code} {}",
                self.consumer,
                self.stream,
                message.description.as_deref().unwrap_or("")
            ),
        }
    }
}

struct Place {
    stream_sequence: u64,
    consumer_sequence: u64,
    pending: u64,
}

/// Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>`, with or without the
/// domain and account tokens that newer servers put after `ACK`.
fn place(reply: &str) -> Option<Place> {
    let tokens: Vec<&str> = reply.split('.').collect();
    let first = if tokens.len() >= 11 { 7 } else { 5 };
    Some(Place {
        stream_sequence: tokens.get(first)?.parse().ok()?,
        consumer_sequence: tokens.get(first + 1)?.parse().ok()?,
        pending: tokens.get(first + 3)?.parse().ok()?,
    })
}
