//! A stream's snapshot, in the broker's chunks.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use async_nats::{Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use crate::broker::{Nats, streams};

/// Bytes in a chunk, and in all chunks in flight.
const CHUNK: u64 = 512 * 1024;
const WINDOW: u64 = 8 * 1024 * 1024;
/// Timeout of a chunk.
const GIVING: Duration = Duration::from_secs(30);

/// A snapshot in progress.
pub struct Snapshot {
    nats: Nats,
    stream: String,
    chunks: Subscriber,
    disconnects: watch::Receiver<u64>,
    /// Where to acknowledge the last chunk.
    taken: Option<Subject>,
    given: u64,
    /// The stream's config, its state at the end of the snapshot, and its creation time.
    pub config: Value,
    pub state: Value,
    pub created: String,
}

impl Snapshot {
    /// Requests a snapshot of the stream, with or without its durable consumers.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn begin(nats: &Nats, stream: &str, consumers: bool) -> Result<Self> {
        let created = streams::state(nats, stream).await?.created;
        let disconnects = nats.disconnects();
        // Subscribes first: chunks without a subscriber are lost.
        let inbox = nats.client().new_inbox();
        let chunks = nats.client().subscribe(inbox.clone()).await.context("subscribe to a snapshot")?;
        let request = json!({
            "deliver_subject": inbox,
            "no_consumers": !consumers,
            "chunk_size": CHUNK,
            "window_size": WINDOW,
        });
        let begun = nats.api_within(GIVING, &format!("STREAM.SNAPSHOT.{stream}"), &request).await;
        let mut begun = begun.with_context(|| format!("ask for a snapshot of {stream}"))?;
        Ok(Self {
            nats: nats.clone(),
            stream: stream.to_owned(),
            chunks,
            disconnects,
            taken: None,
            given: 0,
            config: begun["config"].take(),
            state: begun["state"].take(),
            created,
        })
    }

    /// The next chunk; `None` when the snapshot is complete. Asking for it acknowledges the previous one: the broker sends
    /// at most one window ahead.
    ///
    /// # Errors
    /// When the broker ends it early, a chunk is missing, or none arrives.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(taken) = self.taken.take() {
            self.nats.client().publish(taken, Bytes::new()).await.context("acknowledge a chunk")?;
        }
        let stream = &self.stream;
        let next = timeout(GIVING, self.chunks.next()).await;
        let next = next.with_context(|| format!("no further chunk of {stream} within {} s", GIVING.as_secs()))?;
        let message = next.context("the subscription to a snapshot ended")?;
        ensure!(!self.disconnects.has_changed()?, "the connection to NATS was lost during the snapshot of {stream}");
        if message.payload.is_empty() {
            return match message.status.map(|status| status.as_u16()) {
                None | Some(200..300) => Ok(None),
                Some(code) => bail!(
                    "nats-server ended the snapshot of {stream} with {code} {}",
                    message.description.as_deref().unwrap_or_default()
                ),
            };
        }
        self.given += 1;
        // The last one needs no acknowledgement, and has no number.
        if let Some(reply) = message.reply {
            let number = reply.rsplit('.').next().and_then(|number| number.parse().ok());
            ensure!(number == Some(self.given), "chunk {} of the snapshot of {stream} is missing", self.given);
            self.taken = Some(reply);
        }
        Ok(Some(message.payload))
    }
}
