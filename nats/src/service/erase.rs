//! What an erasure does beside the tables of accounts: brings every service to its tombstone, and removes what the streams
//! have about a person. Each part can be done again, from wherever it was left.

use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use plyo_events::{CommandId, CommandKind, EventId, Outcome, UserId};
use tokio::time::Instant;

use crate::{
    broker::{Nats, removal, streams, subject::partition_of, wire},
    failpoint::failpoint,
    lane::erasure,
    service::loop_command,
};

/// How long services are waited for at a time; the broker delivers the request again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Has every one of these services delete what its tables have about a person. `tombstone` is the event that says so.
///
/// # Errors
/// When one does not within some seconds: it is to be asked again.
pub async fn tables(nats: &Nats, services: &[&'static str], user: UserId, tombstone: EventId) -> Result<()> {
    let mut asked = Vec::new();
    for service in services {
        let id = CommandId::derive(tombstone.uuid(), service);
        let mut headers = loop_command::headers(id, erasure::ERASE, "plyo/user");
        wire::set(&mut headers, wire::CAUSATION, tombstone.to_string());
        loop_command::send(nats, format!("cmd.{service}.erase.{user}"), headers, Bytes::new()).await?;
        asked.push((*service, id));
        failpoint!("erase-asked");
    }
    let deadline = Instant::now() + PATIENCE;
    for (service, command) in asked {
        match loop_command::outcome(nats, service, user, command, deadline).await {
            Some(Outcome::Done { .. }) => {}
            other => bail!("{service} has not erased anything yet: {other:?}"),
        }
    }
    Ok(())
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
