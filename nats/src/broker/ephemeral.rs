//! Ephemeral messages to current subscribers, not stored: `eph.<topic>` on core NATS, and `eph.<service>.<user>` for one person.

use anyhow::Result;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use plyo_events::UserId;
use serde::Serialize;

use crate::broker::{Nats, subject};

/// Publishes to the subscribers of a topic. `body` is JSON.
///
/// # Errors
/// When the topic is an invalid subject token or the connection is lost.
pub async fn publish_ephemeral(nats: &Nats, topic: &str, body: Vec<u8>) -> Result<()> {
    nats.client().publish(subject::subject(&["eph", topic])?, body.into()).await?;
    Ok(())
}

/// Tells a person what a service does for them just now, on the sockets that they have. `what` is an object.
///
/// # Errors
/// When the connection is lost.
pub async fn tell(nats: &Nats, service: &str, user: UserId, what: &impl Serialize) -> Result<()> {
    let subject = subject::subject(&["eph", service, &user.to_string()])?;
    nats.client().publish(subject, serde_json::to_vec(what)?.into()).await?;
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
