//! The loop's own tables, in `<service>_loop`: `lane`, `handled`, `outbox`, `skipped`.

use std::collections::HashMap;

use anyhow::{Context, Result};
use plyo_events::{Outcome, query::StoredOutcome};
use sqlx::{Connection, PgConnection, types::Json};
use uuid::Uuid;

use crate::lane::outbox::{self, Outgoing};

/// Where a lane stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position {
    /// The last sequence of `EVENTS` whose effect is in the tables.
    pub applied: u64,
    /// The last sequence at which an own event is known to be in `EVENTS`.
    pub confirmed: u64,
    /// When `EVENTS` was created, as it was when the lane first ran.
    pub events_created: String,
}

/// One command that this transaction handled.
pub(crate) struct HandledCommand {
    pub id: Uuid,
    pub user: Uuid,
    pub stored: StoredOutcome,
}

/// Everything the loop writes with a batch, besides what the service saves.
#[derive(Default)]
pub(crate) struct Write<'a> {
    pub handled: &'a [HandledCommand],
    /// The id of the row that holds `outbox`.
    pub outbox_id: i64,
    pub outbox: &'a [Outgoing],
    /// Dead events: replay skips them until the code is mended.
    pub skipped: &'a [(u64, String)],
    /// Outbox rows up to this id are known to be where they belong.
    pub published: i64,
    pub applied: u64,
    pub confirmed: u64,
}

const LANE: &str = "all";

/// Takes the service's advisory lock if nobody has it; it lives as long as the connection.
pub(crate) async fn try_lock(db: &mut PgConnection, service: &str) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(lock_key(service)).fetch_one(db).await?)
}

/// Takes the advisory lock from whoever has it: its session is ended, and this one is first in the queue.
pub(crate) async fn seize_lock(db: &mut PgConnection, service: &str) -> Result<()> {
    let key = lock_key(service);
    loop {
        if try_lock(&mut *db, service).await? {
            return Ok(());
        }
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND (classid::bigint << 32 | objid::bigint) = $1",
        )
        .bind(key)
        .execute(&mut *db)
        .await
        .context("end the session that holds the lane")?;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A stable 64-bit key for a name: the same in every version of Postgres and of this binary.
fn lock_key(service: &str) -> i64 {
    let bytes = *Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("plyo lane {service}/{LANE}").as_bytes()).as_bytes();
    i64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
}

/// Reads where the lane stands, and enters it on its first run.
pub(crate) async fn position(db: &mut PgConnection, events_created: &str) -> Result<Position> {
    sqlx::query(
        "INSERT INTO lane (name, applied, confirmed, events_created) VALUES ($1, 0, 0, $2) ON CONFLICT DO NOTHING",
    )
    .bind(LANE)
    .bind(events_created)
    .execute(&mut *db)
    .await?;
    let (applied, confirmed, events_created): (i64, i64, String) =
        sqlx::query_as("SELECT applied, confirmed, events_created FROM lane WHERE name = $1")
            .bind(LANE)
            .fetch_one(db)
            .await?;
    Ok(Position { applied: applied.cast_unsigned(), confirmed: confirmed.cast_unsigned(), events_created })
}

/// What is not known to be published, oldest first, and the last id of its rows.
pub(crate) async fn outbox(db: &mut PgConnection) -> Result<(i64, Vec<Outgoing>)> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as("SELECT id, messages FROM outbox ORDER BY id").fetch_all(db).await?;
    let last = rows.last().map_or(0, |(id, _)| *id);
    let messages: Result<Vec<_>> = rows.iter().map(|(_, packed)| outbox::unpack(packed)).collect();
    Ok((last, messages?.concat()))
}

/// The stored outcomes of those of these commands that were handled already.
pub(crate) async fn handled(db: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, StoredOutcome>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String, Json<Outcome>)> =
        sqlx::query_as("SELECT command_id, fingerprint, outcome FROM handled WHERE command_id = ANY($1)")
            .bind(ids)
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|(id, fingerprint, Json(outcome))| (id, StoredOutcome { fingerprint, outcome })).collect())
}

/// Writes the loop's side of a batch in one statement.
pub(crate) async fn write(db: &mut PgConnection, write: &Write<'_>) -> Result<()> {
    let handled = write.handled;
    let packed = if write.outbox.is_empty() { None } else { Some(outbox::pack(write.outbox)?) };
    sqlx::query(
        "WITH handled_now AS (
             INSERT INTO handled (command_id, user_id, fingerprint, outcome, handled_at)
             SELECT id, user_id, fingerprint, outcome, now()
             FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[]) AS h(id, user_id, fingerprint, outcome)
             ON CONFLICT (command_id) DO UPDATE SET outcome = EXCLUDED.outcome, handled_at = EXCLUDED.handled_at),
         published AS (DELETE FROM outbox WHERE id <= $5),
         emitted AS (
             INSERT INTO outbox (id, messages) SELECT $6, $7 WHERE $7 IS NOT NULL),
         dead AS (
             INSERT INTO skipped (sequence, reason) SELECT * FROM unnest($8::bigint[], $9::text[]) ON CONFLICT DO NOTHING)
         UPDATE lane SET applied = $10, confirmed = $11 WHERE name = $12",
    )
    .bind(handled.iter().map(|h| h.id).collect::<Vec<_>>())
    .bind(handled.iter().map(|h| h.user).collect::<Vec<_>>())
    .bind(handled.iter().map(|h| h.stored.fingerprint.as_str()).collect::<Vec<_>>())
    .bind(handled.iter().map(|h| Json(&h.stored.outcome)).collect::<Vec<_>>())
    .bind(write.published)
    .bind(write.outbox_id)
    .bind(packed)
    .bind(write.skipped.iter().map(|(sequence, _)| sequence.cast_signed()).collect::<Vec<_>>())
    .bind(write.skipped.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>())
    .bind(write.applied.cast_signed())
    .bind(write.confirmed.cast_signed())
    .bind(LANE)
    .execute(db)
    .await
    .context("write the loop's tables")?;
    Ok(())
}

/// The dead events that a replay skips.
pub(crate) async fn skipped(db: &mut PgConnection) -> Result<std::collections::HashSet<u64>> {
    let rows: Vec<i64> = sqlx::query_scalar("SELECT sequence FROM skipped").fetch_all(db).await?;
    Ok(rows.into_iter().map(i64::cast_unsigned).collect())
}

/// Forgets what was skipped: the code is mended.
pub(crate) async fn forget_skipped(db: &mut PgConnection) -> Result<()> {
    sqlx::query("DELETE FROM skipped").execute(db).await?;
    Ok(())
}

/// The lane starts over at `position`, after a rebuild against a restored `EVENTS`.
pub(crate) async fn set_position(db: &mut PgConnection, position: &Position) -> Result<()> {
    sqlx::query("UPDATE lane SET applied = $1, confirmed = $2, events_created = $3 WHERE name = $4")
        .bind(position.applied.cast_signed())
        .bind(position.confirmed.cast_signed())
        .bind(&position.events_created)
        .bind(LANE)
        .execute(db)
        .await?;
    Ok(())
}

/// How one command of one user ended.
pub(crate) async fn outcome_of(pool: &sqlx::PgPool, user: Uuid, command: Uuid) -> Result<Option<StoredOutcome>> {
    let row: Option<(String, Json<Outcome>)> =
        sqlx::query_as("SELECT fingerprint, outcome FROM handled WHERE command_id = $1 AND user_id = $2")
            .bind(command)
            .bind(user)
            .fetch_optional(pool)
            .await?;
    Ok(row.map(|(fingerprint, Json(outcome))| StoredOutcome { fingerprint, outcome }))
}

/// Forgets handled commands of more than 30 days ago, a few at a time: idempotency keys are promised for 7.
pub(crate) async fn prune_handled(db: &mut PgConnection) -> Result<u64> {
    let pruned = sqlx::query(
        "DELETE FROM handled WHERE command_id IN
             (SELECT command_id FROM handled WHERE handled_at < now() - interval '30 days' ORDER BY handled_at LIMIT 1000)",
    )
    .execute(db)
    .await?;
    Ok(pruned.rows_affected())
}

/// Keeps the session, and with it the lane, alive.
pub(crate) async fn ping(db: &mut PgConnection) -> Result<()> {
    Ok(db.ping().await?)
}
