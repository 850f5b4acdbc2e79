//! Has a service take over events of another instance, and the broker the timers that were set there.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use plyo_events::{CommandId, Event, Message, Outcome, UserId};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    broker::{Nats, wire},
    lane::{import::IMPORT, outbox::Outgoing},
    service::loop_command,
};

/// How long a service is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a service some of one person's events, each in JSON as [`cloud_event::read`](crate::cloud_event::read) has it, and returns
/// once they are in its tables and certain to be published. Under the same id it does so once.
///
/// # Errors
/// When the service does not answer in time, or cannot take them: what is wrong with them is in the dead letter.
pub async fn send(nats: &Nats, service: &str, user: UserId, id: CommandId, events: &[String]) -> Result<()> {
    let mut headers = loop_command::headers(id, IMPORT, "plyo/operator");
    wire::set(&mut headers, "content-type", "application/cloudevents-batch+json");
    let batch = format!("[{}]", events.join(","));
    loop_command::send(nats, format!("cmd.{service}.import.{user}"), headers, batch.into()).await?;
    let number = events.len();
    match loop_command::outcome(nats, service, user, id, Instant::now() + PATIENCE).await {
        Some(Outcome::Done { .. }) => Ok(()),
        Some(Outcome::Dead { reason }) => bail!("{service} cannot take events ({number} of them): {reason}"),
        Some(Outcome::Rejected { rejection }) => bail!("{service} declines events ({number} of them): {rejection}"),
        None => bail!("{service} does not answer: is it running?"),
    }
}

/// Sets the timer `key`, which fires as `event`. One whose time has passed fires at once.
///
/// # Errors
/// When the stream does not take it.
pub async fn set_timer(nats: &Nats, key: Uuid, event: &Message<Event>) -> Result<()> {
    let Outgoing { subject, headers, body, .. } = Outgoing::scheduled(key, event);
    let ack = nats.publish(subject, headers, body).await.map_err(|error| anyhow!(error))?;
    ack.await.map_err(|error| anyhow!(error)).context("set a timer").map(drop)
}
