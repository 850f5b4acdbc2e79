//! Ephemeral messages to current subscribers, not stored: `eph.<topic>` on core NATS.

use anyhow::Result;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::broker::{Nats, subject};

/// Publishes to the subscribers of a topic. `body` is JSON.
///
/// # Errors
/// When the topic is an invalid subject token or the connection is lost.
pub async fn publish_ephemeral(nats: &Nats, topic: &str, body: Vec<u8>) -> Result<()> {
    nats.client().publish(subject::subject(&["eph", topic])?, body.into()).await?;
    Ok(())
}

/// All ephemeral messages, with their topics.
///
/// # Errors
/// When the subscription cannot be made.
pub async fn ephemerals(nats: &Nats) -> Result<impl Stream<Item = (String, Bytes)> + Send + use<>> {
    let messages = nats.client().subscribe("eph.>").await?;
    Ok(messages.filter_map(|message| async move {
        let topic = message.subject.as_str().strip_prefix("eph.")?.to_owned();
        Some((topic, message.payload))
    }))
}
