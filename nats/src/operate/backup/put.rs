//! Restores a snapshot into a new stream.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_nats::Request;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::broker::Nats;

/// Timeout of storing a chunk: with `sync_interval: always` the broker syncs each message of it.
const STORING: Duration = Duration::from_secs(60);

/// A stream that is being restored.
pub struct Put {
    nats: Nats,
    stream: String,
    /// The subject for chunks.
    to: String,
}

impl Put {
    /// Bytes in a chunk. The broker gives up on one that it cannot store within 5 s, message by message.
    pub const CHUNK: usize = 32 * 1024;

    /// Starts with the config and state of a stream from its snapshot.
    ///
    /// # Errors
    /// When the server does not answer or refuses, for example because the stream exists.
    pub async fn begin(nats: &Nats, config: &Value, state: &Value) -> Result<Self> {
        let stream = config["name"].as_str().context("a stream has a name")?;
        let request = json!({ "config": config, "state": state });
        let begun = nats.api(&format!("STREAM.RESTORE.{stream}"), &request).await;
        let begun = begun.with_context(|| format!("restore {stream}"))?;
        let to = begun["deliver_subject"].as_str().context("deliver_subject of a restore")?;
        Ok(Self { nats: nats.clone(), stream: stream.to_owned(), to: to.to_owned() })
    }

    /// Sends the next chunk; returns when it is stored.
    ///
    /// # Errors
    /// When the server does not accept it.
    pub async fn chunk(&self, chunk: Bytes) -> Result<()> {
        self.give(chunk).await.map(|_| ())
    }

    /// Finishes; returns when the stream exists.
    ///
    /// # Errors
    /// When it differs from its snapshot.
    pub async fn end(self) -> Result<()> {
        let made = self.give(Bytes::new()).await?;
        made.get("state").map(|_| ()).with_context(|| format!("state of the restored {}", self.stream))
    }

    async fn give(&self, body: Bytes) -> Result<Value> {
        let stream = &self.stream;
        let request = Request::new().payload(body).timeout(Some(STORING));
        let answer = timeout(STORING, self.nats.client().send_request(self.to.clone(), request)).await;
        let answer =
            answer.with_context(|| format!("no response to a chunk of {stream} within {} s", STORING.as_secs()))?;
        let answer = answer.with_context(|| format!("send a chunk of {stream} to nats-server"))?;
        if answer.payload.is_empty() {
            return Ok(Value::Null);
        }
        let answer: Value = serde_json::from_slice(&answer.payload).context("decode the response to a chunk")?;
        match answer["error"]["description"].as_str() {
            Some(description) => bail!("nats-server failed to restore {stream}: {description}"),
            None => Ok(answer),
        }
    }
}
