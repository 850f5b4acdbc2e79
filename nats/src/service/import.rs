//! Has a service take over events of another instance, and the broker the timers that were set there.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use async_nats::HeaderMap;
use jiff::Timestamp;
use plyo_events::{CommandId, Event, Message, Outcome, UserId, query::OutcomeQuery};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    broker::{Nats, wire},
    lane::{import::IMPORT, outbox::Outgoing},
    service::questions::outcome,
};

/// How long a service is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked meanwhile.
const ASKING: Duration = Duration::from_millis(5);

/// Sends a service some of one person's events, each in JSON as [`cloud_event::read`](crate::cloud_event::read) has it, and returns
/// once they are in its tables and certain to be published. Under the same id it does so once.
///
/// # Errors
/// When the service does not answer in time, or cannot take them: what is wrong with them is in the dead letter.
pub async fn send(nats: &Nats, service: &str, user: UserId, id: CommandId, events: &[String]) -> Result<()> {
    let mut headers = HeaderMap::new();
    wire::set(&mut headers, "ce-specversion", "1.0");
    wire::set(&mut headers, wire::CE_ID, id.to_string());
    wire::set(&mut headers, wire::CE_TYPE, IMPORT);
    wire::set(&mut headers, "ce-source", "plyo/operator");
    wire::set(&mut headers, wire::CE_TIME, Timestamp::now().to_string());
    wire::set(&mut headers, "content-type", "application/cloudevents-batch+json");
    wire::set(&mut headers, "Nats-Msg-Id", id.to_string());
    let batch = format!("[{}]", events.join(","));
    let sent = nats.publish(format!("cmd.{service}.import.{user}"), headers, batch.into()).await;
    let ack = sent.map_err(|error| anyhow!(error))?;
    ack.await.map_err(|error| anyhow!(error)).with_context(|| format!("send events to {service}"))?;
    let (query, deadline) = (OutcomeQuery { user, command: id }, Instant::now() + PATIENCE);
    loop {
        // A service that does not answer is asked again.
        match outcome(nats, service, &query).await.ok().flatten().map(|stored| stored.outcome) {
            Some(Outcome::Done { .. }) => return Ok(()),
            Some(Outcome::Dead { reason }) => bail!("{service} cannot take events {}: {reason}", of(events)),
            Some(Outcome::Rejected { rejection }) => bail!("{service} declines events {}: {rejection}", of(events)),
            None if Instant::now() > deadline => bail!("{service} does not answer: is it running?"),
            None => tokio::time::sleep(ASKING).await,
        }
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

fn of(events: &[String]) -> String {
    format!("({} of them)", events.len())
}
