//! The two halves of a backup as the broker and the loops have them: a stream's snapshot and its way back, the timers that
//! changed while theirs was taken, and where the lanes stand. What is put in files, and in which order, is its caller's.

mod lanes;
mod put;
mod snapshot;
mod timers;

use anyhow::{Context, Result};
use serde_json::{Value, json};

pub use lanes::{Stands, adopt, hold, stands};
pub use put::Put;
pub use snapshot::Snapshot;
pub use timers::{TimersSince, put_timers};

use crate::broker::{Nats, streams};

/// Where a stream that was restored says which ones it was before, by their times of creation: the broker gives it another.
const HISTORIES: &str = "plyo-restored-from";

/// The version of the nats-server that answers.
pub fn server_version(nats: &Nats) -> String {
    nats.client().server_info().version
}

/// Every time of creation that this `EVENTS` has had: its own, and those of the streams that it was restored from.
///
/// # Errors
/// When the server does not answer or has no such stream.
pub async fn histories(nats: &Nats) -> Result<Vec<String>> {
    let info = nats.api("STREAM.INFO.EVENTS", &Value::Null).await.context("inspect EVENTS")?;
    let created = info["created"].as_str().context("creation time of EVENTS")?;
    let before = info["config"]["metadata"][HISTORIES].as_str().unwrap_or_default();
    let before = before.split(',').filter(|created| !created.is_empty());
    Ok(std::iter::once(created).chain(before).map(str::to_owned).collect())
}

/// A stream's configuration for a restore: kept by so many servers, and with the histories that it continues. It takes nothing
/// from others until [`streams::apply`] says so.
pub fn config_of_restored(mut config: Value, replicas: u8, histories: &[String]) -> Value {
    config["num_replicas"] = json!(replicas);
    config["sources"] = Value::Null;
    if config["name"] == "EVENTS" {
        config["metadata"][HISTORIES] = json!(histories.join(","));
    }
    config
}

/// The streams that hold more than marks, each with what it holds. One that is not there holds nothing.
///
/// # Errors
/// When the server does not answer.
pub async fn held_by_streams(nats: &Nats, names: &[String]) -> Result<Vec<String>> {
    let mut held = Vec::new();
    for name in names {
        if streams::is_missing(nats, name).await? {
            continue;
        }
        // Whoever takes a lane leaves a mark.
        let marks = json!({ "subjects_filter": if name == "EVENTS" { "mark.>" } else { "at.mark.>" } });
        let info = nats.api(&format!("STREAM.INFO.{name}"), &marks).await.with_context(|| format!("inspect {name}"))?;
        let subjects = info["state"]["subjects"].as_object();
        let marks: u64 = subjects.into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
        let messages = info["state"]["messages"].as_u64().context("how many messages a stream has")?;
        if messages > marks {
            held.push(format!("{name} has {} messages", messages - marks));
        }
    }
    Ok(held)
}
