//! Commands of the loop itself, which are in no catalogue: one is sent to a service, and what became of it is asked for.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use async_nats::HeaderMap;
use bytes::Bytes;
use jiff::Timestamp;
use plyo_events::{CommandId, Outcome, UserId, query::OutcomeQuery};
use tokio::time::Instant;

use crate::{
    broker::{Nats, wire},
    service::questions,
};

/// How often a service is asked.
const ASKING: Duration = Duration::from_millis(5);

/// The headers that every one has.
pub(super) fn headers(id: CommandId, type_name: &str, source: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    wire::set(&mut headers, "ce-specversion", "1.0");
    wire::set(&mut headers, wire::CE_ID, id.to_string());
    wire::set(&mut headers, wire::CE_TYPE, type_name);
    wire::set(&mut headers, "ce-source", source);
    wire::set(&mut headers, wire::CE_TIME, Timestamp::now().to_string());
    wire::set(&mut headers, "Nats-Msg-Id", id.to_string());
    headers
}

/// Returns once the stream has it.
pub(super) async fn send(nats: &Nats, subject: String, headers: HeaderMap, body: Bytes) -> Result<()> {
    let ack = nats.publish(subject.clone(), headers, body).await.map_err(|error| anyhow!(error))?;
    ack.await.map_err(|error| anyhow!(error)).with_context(|| format!("send {subject}")).map(drop)
}

/// What became of it by then; `None` if nothing yet.
pub(super) async fn outcome(
    nats: &Nats,
    service: &str,
    user: UserId,
    command: CommandId,
    deadline: Instant,
) -> Option<Outcome> {
    let query = OutcomeQuery { user, command };
    loop {
        // A service that does not answer is asked again.
        if let Some(stored) = questions::outcome(nats, service, &query).await.ok().flatten() {
            return Some(stored.outcome);
        }
        if Instant::now() > deadline {
            return None;
        }
        tokio::time::sleep(ASKING).await;
    }
}
