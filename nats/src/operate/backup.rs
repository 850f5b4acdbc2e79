//! The two halves of a backup: a stream's snapshot and its restore, timers that changed during the snapshot, and the lanes'
//! positions. Files and order are up to the caller.

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

/// Where a restored stream records its former identities, by creation time: the broker gives it a new one.
const HISTORIES: &str = "plyo-restored-from";

/// The version of the nats-server.
pub fn server_version(nats: &Nats) -> String {
    nats.client().server_info().version
}

/// All creation times of this `EVENTS`: its own, and those of the streams that it was restored from.
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

/// A stream's config for a restore: with its replicas, and the histories that it continues. It sources nothing until
/// [`streams::apply`].
pub fn config_of_restored(mut config: Value, replicas: u8, histories: &[String]) -> Value {
    config["num_replicas"] = json!(replicas);
    config["sources"] = Value::Null;
    if config["name"] == "EVENTS" {
        config["metadata"][HISTORIES] = json!(histories.join(","));
    }
    config
}

/// The streams that hold more than epoch markers, each with a description. A missing one counts as empty.
///
/// # Errors
/// When the server does not answer.
pub async fn held_by_streams(nats: &Nats, names: &[String]) -> Result<Vec<String>> {
    let mut held = Vec::new();
    for name in names {
        if streams::is_missing(nats, name).await? {
            continue;
        }
        // Taking a lane leaves an epoch marker.
        let filter = json!({ "subjects_filter": if name == "EVENTS" { "mark.>" } else { "at.mark.>" } });
        let info =
            nats.api(&format!("STREAM.INFO.{name}"), &filter).await.with_context(|| format!("inspect {name}"))?;
        let subjects = info["state"]["subjects"].as_object();
        let markers: u64 = subjects.into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
        let messages = info["state"]["messages"].as_u64().context("how many messages a stream has")?;
        if messages > markers {
            held.push(format!("{name} has {} messages", messages - markers));
        }
    }
    Ok(held)
}
