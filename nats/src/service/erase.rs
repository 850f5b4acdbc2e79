//! What an erasure does beside the tables of accounts: brings every service to its tombstone, and removes what the streams
//! have about a person. Each part can be done again, from wherever it was left.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use plyo_events::{CommandId, CommandKind, EventId, Outcome, UserId};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    broker::{Nats, connection::ApiError, streams, subject::partition_of, wire},
    failpoint::failpoint,
    lane::erasure,
    service::loop_command,
};

/// How long services are waited for at a time; the broker delivers the request again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Messages that are removed at a time.
const AT_ONCE: usize = 16;
/// Rounds of removing: whatever was under way is there by the second.
const ROUNDS: usize = 5;

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
    Ok(about(nats, "EVENTS", &events(user)).await?.iter().map(|(_, messages)| messages).sum())
}

/// Removes every message about a person, so that its bytes are overwritten, but for the events of the erasure itself. Commands
/// behind the one that reports `report` were not handled yet: the lanes purge them once they are.
///
/// # Errors
/// When nats-server does not answer: what is left is removed the next time.
pub async fn messages(nats: &Nats, services: &[&'static str], user: UserId, report: CommandKind) -> Result<()> {
    remove(nats, "EVENTS", &events(user), u64::MAX).await?;
    for filter in [format!("at.*.{user}.*"), format!("due.*.{user}")] {
        remove(nats, "SCHEDULE", &filter, u64::MAX).await?;
    }
    remove(nats, "DEAD", &format!("dead.*.{user}"), u64::MAX).await?;
    let partition = partition_of(&user.to_string());
    for service in services {
        let (stream, verb) =
            (streams::commands(service), if *service == report.service() { report.verb() } else { "erase" });
        let last = streams::last_matching(nats, &stream, &format!("cmd.{partition}.{service}.{verb}.{user}")).await?;
        remove(nats, &stream, &format!("cmd.{partition}.{service}.*.{user}"), last).await?;
    }
    Ok(())
}

fn events(user: UserId) -> String {
    format!("evt.{}.*.*.{user}", partition_of(&user.to_string()))
}

/// The subjects of a stream that a filter matches and that are to go, with their messages.
async fn about(nats: &Nats, stream: &str, filter: &str) -> Result<Vec<(String, u64)>> {
    let mut subjects = streams::subjects(nats, stream, filter).await?;
    subjects.retain(|(subject, _)| stream != "EVENTS" || !erasure::outlives(subject));
    Ok(subjects)
}

/// Removes what a filter matches before a sequence.
async fn remove(nats: &Nats, stream: &str, filter: &str, before: u64) -> Result<()> {
    for _ in 0..ROUNDS {
        let mut sequences = Vec::new();
        for (subject, _) in about(nats, stream, filter).await? {
            sequences.extend(sequences_of(nats, stream, &subject, before).await?);
        }
        if sequences.is_empty() {
            return Ok(());
        }
        let deletions = sequences.into_iter().map(|sequence| delete(nats, stream, sequence));
        stream::iter(deletions).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    }
    Err(anyhow!("{filter} of {stream} still grows"))
}

async fn sequences_of(nats: &Nats, stream: &str, subject: &str, before: u64) -> Result<Vec<u64>> {
    let (mut sequences, mut next) = (Vec::new(), 1);
    loop {
        let get = json!({ "next_by_subj": subject, "seq": next });
        let sequence = match nats.api(&format!("STREAM.MSG.GET.{stream}"), &get).await {
            Ok(found) => found["message"]["seq"].as_u64().context("a sequence")?,
            Err(error) if error.code == ApiError::MESSAGE_NOT_FOUND => return Ok(sequences),
            Err(error) => return Err(error).with_context(|| format!("read {subject} of {stream}")),
        };
        if sequence >= before {
            return Ok(sequences);
        }
        sequences.push(sequence);
        next = sequence + 1;
    }
}

/// Removes a message so that nothing of it stays on the disk.
async fn delete(nats: &Nats, stream: &str, sequence: u64) -> Result<()> {
    match nats.api(&format!("STREAM.MSG.DELETE.{stream}"), &json!({ "seq": sequence })).await {
        Err(error) if ![ApiError::MESSAGE_NOT_FOUND, ApiError::MESSAGE_NOT_DELETED].contains(&error.code) => {
            Err(error).with_context(|| format!("remove {sequence} of {stream}"))
        }
        // Or it is gone already.
        _ => {
            failpoint!("erase-removed");
            Ok(())
        }
    }
}
