//! How far a service's lanes and effects are behind the streams.

use anyhow::{Context, Result};
use plyo_events::EventKind;
use serde_json::Value;
use sqlx::PgConnection;

use super::{Lane, store};
use crate::broker::{Nats, streams};

/// Whether every lane has applied all its events, handled all its commands and published the results.
///
/// False while it has no lane, before its first run.
///
/// # Errors
/// When NATS or Postgres does not answer. `db` sees the service's loop schema.
pub async fn is_caught_up(
    nats: &Nats,
    db: &mut PgConnection,
    service: &'static str,
    reads: &[EventKind],
) -> Result<bool> {
    let lanes = behind(nats, db, service, reads).await?;
    Ok(!lanes.is_empty() && lanes.iter().all(|lane| lane.events == 0 && lane.commands == 0 && lane.unpublished == 0))
}

/// The lag of a lane, in sequences of its streams, and the number of rows in its outbox.
pub(crate) struct Behind {
    pub lane: Lane,
    pub events: u64,
    pub commands: u64,
    unpublished: u64,
}

pub(crate) async fn behind(
    nats: &Nats,
    db: &mut PgConnection,
    service: &'static str,
    reads: &[EventKind],
) -> Result<Vec<Behind>> {
    let standings = store::standings(db, service).await?;
    let Some((lane, _)) = standings.first() else { return Ok(Vec::new()) };
    // Every lane receives the same, and skips what is another's.
    let events = streams::last_matching(nats, "EVENTS", &lane.event_filter(reads)).await?;
    let commands = streams::last_matching(nats, &streams::commands(service), &lane.command_filter()).await?;
    let behind = |(lane, stands): (Lane, store::Standing)| Behind {
        lane,
        events: events.saturating_sub(stands.applied),
        commands: commands.saturating_sub(stands.commands),
        unpublished: stands.unpublished,
    };
    Ok(standings.into_iter().map(behind).collect())
}

/// Whether the tables of a service are a fold of anything: then a missing `EVENTS` is lost, and an empty one would be
/// another history.
///
/// # Errors
/// When Postgres does not answer. `db` sees the service's loop schema.
pub async fn has_history(db: &mut PgConnection) -> Result<bool> {
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass('lane') IS NOT NULL").fetch_one(&mut *db).await?;
    if !is_there {
        return Ok(false);
    }
    let has_run = sqlx::query_scalar("SELECT EXISTS (SELECT FROM lane WHERE applied > 0 OR confirmed > 0)");
    Ok(has_run.fetch_one(db).await?)
}

/// How many requests an effect has yet to report: queued, in progress, and waiting for a retry.
///
/// # Errors
/// When NATS does not answer, or the effect never ran.
pub async fn unreported(nats: &Nats, service: &str, effect: &str) -> Result<u64> {
    let name = streams::effect_consumer_name(service, effect);
    let info = nats.api(&format!("CONSUMER.INFO.EVENTS.{name}"), &Value::Null).await;
    let info = info.with_context(|| format!("inspect consumer {name}"))?;
    let number = |field: &str| info[field].as_u64().with_context(|| format!("{field} of {name}"));
    Ok(number("num_pending")? + number("num_ack_pending")?)
}
