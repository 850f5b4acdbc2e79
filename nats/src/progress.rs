//! How far a service is behind what the streams have for it: its lanes, and its effects.

use anyhow::{Context, Result};
use plyo_events::EventKind;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{Nats, store, streams};

/// Whether every lane has applied every event and handled every command that there is for it, and published what followed.
///
/// Not while it has no lane, before its first run.
///
/// # Errors
/// When NATS or Postgres does not answer. `db` sees the service's loop schema.
pub async fn is_caught_up(
    nats: &Nats,
    db: &mut PgConnection,
    service: &'static str,
    reads: &[EventKind],
) -> Result<bool> {
    let commands = streams::commands(service);
    let standings = store::standings(db, service).await?;
    let has_run = !standings.is_empty();
    for (lane, stands) in standings {
        let events = streams::last_matching(nats, "EVENTS", &lane.event_filter(reads)).await?;
        let asked = streams::last_matching(nats, &commands, &lane.command_filter()).await?;
        if stands.applied < events || stands.commands < asked || stands.unpublished > 0 {
            return Ok(false);
        }
    }
    Ok(has_run)
}

/// Whether the tables of a service are a fold of something: then an `EVENTS` that is not there is lost, and an empty one in its
/// place would be another history.
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

/// How many requests an effect has still to report: those that wait for their turn, that are under way, and that wait to be
/// tried again.
///
/// # Errors
/// When NATS does not answer, or the effect never ran.
pub async fn unreported(nats: &Nats, service: &str, effect: &str) -> Result<u64> {
    let name = streams::effect_consumer_name(service, effect);
    let info = nats.api(&format!("CONSUMER.INFO.EVENTS.{name}"), &Value::Null).await;
    let info = info.with_context(|| format!("look at consumer {name}"))?;
    let number = |field: &str| info[field].as_u64().with_context(|| format!("{field} of {name}"));
    Ok(number("num_pending")? + number("num_ack_pending")?)
}
