//! Publishing without Plyo: raw limits for benchmarks, and stream contents for stories.

use std::{
    collections::VecDeque,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::Value;

use crate::broker::{Nats, connection::ApiError};

/// A message to publish: subject, headers, body.
pub type Raw = (String, Vec<(String, String)>, Vec<u8>);

/// Publishes to a stream with this many unacknowledged; returns the time until the last PubAck.
///
/// # Errors
/// When one is refused or not acknowledged.
pub async fn publish_pipelined(nats: &Nats, messages: Vec<Raw>, in_flight: usize) -> Result<Duration> {
    let started = Instant::now();
    let mut waiting = VecDeque::with_capacity(in_flight);
    for (subject, headers, body) in messages {
        if waiting.len() == in_flight
            && let Some(ack) = waiting.pop_front()
        {
            Box::pin(ack).await?;
        }
        waiting.push_back(nats.publish(subject, header_map(headers), Bytes::from(body)).await?);
    }
    for ack in waiting {
        ack.await?;
    }
    Ok(started.elapsed())
}

/// Publishes atomic batches one after another; returns the time until the last commit.
///
/// # Errors
/// When one is refused or not acknowledged.
pub async fn publish_batches(nats: &Nats, messages: Vec<Raw>, batch_size: usize) -> Result<Duration> {
    let started = Instant::now();
    let mut messages = messages.into_iter().peekable();
    while messages.peek().is_some() {
        let batch = uuid::Uuid::new_v4().simple().to_string();
        for sequence in 1..=batch_size {
            let (subject, headers, body) = messages.next().context("a batch is not empty")?;
            let mut headers = header_map(headers);
            headers.insert("Nats-Batch-Id", batch.as_str());
            headers.insert("Nats-Batch-Sequence", sequence.to_string());
            if sequence == batch_size || messages.peek().is_none() {
                headers.insert("Nats-Batch-Commit", "1");
                nats.publish(subject, headers, body.into()).await?.await?;
                break;
            }
            nats.client().publish_with_headers(subject, headers, body.into()).await?;
        }
    }
    Ok(started.elapsed())
}

/// Asks the JetStream API: benchmarks also drive revisions with other streams and consumers. `None` if there is no such
/// message.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn api(nats: &Nats, what: &str, request: &Value) -> Result<Option<Value>> {
    match nats.api(what, request).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code == ApiError::MESSAGE_NOT_FOUND => Ok(None),
        Err(error) => Err(error).with_context(|| format!("ask for {what}")),
    }
}

/// Subscribes first, then returns the first message on the subject as its publisher sent it.
///
/// # Errors
/// When the subscription cannot be made.
pub async fn overhear(nats: &Nats, subject: &str) -> Result<impl Future<Output = Option<Raw>> + use<>> {
    let mut messages = nats.client().subscribe(subject.to_owned()).await?;
    // A flush does not prove that the server has read it; a response to a later request does.
    nats.api("INFO", &Value::Null).await?;
    Ok(async move {
        let message = messages.next().await?;
        let headers = message.headers.iter().flat_map(|headers| headers.iter());
        let headers = headers.filter_map(|(name, values)| Some((name.to_string(), values.first()?.to_string())));
        Some((message.subject.to_string(), headers.collect(), message.payload.to_vec()))
    })
}

fn header_map(headers: Vec<(String, String)>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(name, value);
    }
    map
}
