//! What an erasure does beside the tables of accounts: brings every service to its tombstone, and removes what the streams
//! have about a person. Each part can be done again, from wherever it was left.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use async_nats::HeaderMap;
use bytes::Bytes;
use jiff::Timestamp;
use plyo_events::{CommandId, CommandKind, EventId, Outcome, UserId, query::OutcomeQuery};
use tokio::time::Instant;

use crate::{
    broker::{Nats, removal, streams, subject::partition_of, wire},
    failpoint::failpoint,
    lane::erasure,
    service::questions::outcome,
};

/// How long services are waited for at a time; the broker delivers the request again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often they are asked meanwhile.
const ASKING: Duration = Duration::from_millis(10);

/// Has every one of these services delete what its tables have about a person. `tombstone` is the event that says so.
///
/// # Errors
/// When one does not within some seconds: it is to be asked again.
pub async fn tables(nats: &Nats, services: &[&'static str], user: UserId, tombstone: EventId) -> Result<()> {
    let mut asked = Vec::new();
    for service in services {
        let id = CommandId::derive(tombstone.uuid(), service);
        asked.push((*service, id, ask(nats, service, user, id, tombstone).await?));
        failpoint!("erase-asked");
    }
    let deadline = Instant::now() + PATIENCE;
    for (service, command, sequence) in asked {
        let query = OutcomeQuery { user, command };
        while !is_done(nats, service, &query).await {
            anyhow::ensure!(Instant::now() < deadline, "{service} has not erased anything yet (command {sequence})");
            tokio::time::sleep(ASKING).await;
        }
    }
    Ok(())
}

/// Sends a service the loop's command.
async fn ask(nats: &Nats, service: &str, user: UserId, id: CommandId, tombstone: EventId) -> Result<u64> {
    let mut headers = HeaderMap::new();
    wire::set(&mut headers, "ce-specversion", "1.0");
    wire::set(&mut headers, wire::CE_ID, id.to_string());
    wire::set(&mut headers, wire::CE_TYPE, erasure::ERASE);
    wire::set(&mut headers, "ce-source", "plyo/user");
    wire::set(&mut headers, wire::CE_TIME, Timestamp::now().to_string());
    wire::set(&mut headers, wire::CAUSATION, tombstone.to_string());
    wire::set(&mut headers, "Nats-Msg-Id", id.to_string());
    let subject = format!("cmd.{service}.erase.{user}");
    let ack = nats.publish(subject, headers, Bytes::new()).await.map_err(|error| anyhow!(error))?;
    Ok(ack.await.map_err(|error| anyhow!(error)).with_context(|| format!("ask {service} to erase"))?.seq)
}

async fn is_done(nats: &Nats, service: &'static str, query: &OutcomeQuery) -> bool {
    // A service that does not answer is asked again.
    let stored = outcome(nats, service, query).await.ok().flatten();
    stored.is_some_and(|stored| matches!(stored.outcome, Outcome::Done { .. }))
}

/// How many events there are about a person that are to be removed.
///
/// # Errors
/// When nats-server does not answer.
pub async fn count(nats: &Nats, user: UserId) -> Result<u64> {
    let about = streams::subjects(nats, "EVENTS", &events(user)).await?;
    Ok(about.iter().filter(|(subject, _)| !erasure::outlives(subject)).map(|(_, messages)| messages).sum())
}

/// Removes every message about a person, so that its bytes are overwritten, but for the events of the erasure itself. Commands
/// behind the one that reports `report` were not handled yet: the lanes purge them once they are.
///
/// # Errors
/// When nats-server does not answer: what is left is removed the next time.
pub async fn messages(nats: &Nats, services: &[&'static str], user: UserId, report: CommandKind) -> Result<()> {
    removal::remove(nats, "EVENTS", &events(user), u64::MAX, erasure::outlives).await?;
    for filter in [format!("at.*.{user}.*"), format!("due.*.{user}")] {
        removal::remove(nats, "SCHEDULE", &filter, u64::MAX, |_| false).await?;
    }
    removal::remove(nats, "DEAD", &format!("dead.*.{user}"), u64::MAX, |_| false).await?;
    let partition = partition_of(&user.to_string());
    for service in services {
        let (stream, verb) =
            (streams::commands(service), if *service == report.service() { report.verb() } else { "erase" });
        let last = streams::last_matching(nats, &stream, &format!("cmd.{partition}.{service}.{verb}.{user}")).await?;
        removal::remove(nats, &stream, &format!("cmd.{partition}.{service}.*.{user}"), last, |_| false).await?;
    }
    Ok(())
}

fn events(user: UserId) -> String {
    format!("evt.{}.*.*.{user}", partition_of(&user.to_string()))
}
