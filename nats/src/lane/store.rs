//! The loop's own tables, in `<service>_loop`: `lane`, `handled`, `outbox`, `skipped`.

use std::{collections::HashSet, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use plyo_events::{Outcome, Subject, query::StoredOutcome};
use rustc_hash::{FxHashMap, FxHashSet};
use sqlx::{Connection, PgConnection, Postgres, Transaction};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    outbox::{self, Outgoing},
    position::Position,
    which::Lane,
};
use crate::{broker::streams::State, failure::Failure, sql::database::statement};

/// Timeout of ending a session.
const SEIZING: Duration = Duration::from_secs(15);

/// One command that this transaction handled.
pub(crate) struct HandledCommand {
    pub id: Uuid,
    pub subject: Uuid,
    pub stored: StoredOutcome,
}

impl HandledCommand {
    /// One whose body is not compared with what is sent under its id again.
    pub(crate) fn by_id(id: Uuid, subject: Subject, outcome: Outcome) -> Self {
        Self { id, subject: subject.uuid(), stored: StoredOutcome { fingerprint: String::new(), outcome } }
    }
}

/// Everything the loop writes with a batch, besides what the service saves.
#[derive(Default)]
pub(crate) struct Write<'a> {
    pub handled: &'a [HandledCommand],
    /// The id of the row that holds `outbox`.
    pub outbox_id: i64,
    pub outbox: &'a [Outgoing],
    /// Dead events: a replay skips them until the code is fixed.
    pub skipped: &'a [(u64, String)],
    /// Outbox rows up to this id are known to be published.
    pub published: i64,
    pub applied: u64,
    pub applied_at: Option<Timestamp>,
    pub commands: u64,
    pub confirmed: u64,
    pub confirmed_id: Option<Uuid>,
}

/// Takes the lane's advisory lock if it is free; it lasts as long as the connection.
pub(crate) async fn try_lock(db: &mut PgConnection, lane: Lane) -> Result<bool, Failure> {
    let query = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(lane.lock_key());
    statement("try to lock the lane", query.fetch_one(db)).await
}

/// Takes the advisory lock from its holder: ends the holder's session, with this one first in the queue.
pub(crate) async fn seize_lock(db: &mut PgConnection, lane: Lane) -> Result<()> {
    let deadline = Instant::now() + SEIZING;
    while !try_lock(&mut *db, lane).await? {
        ensure!(
            Instant::now() < deadline,
            "the session that holds lane {} of {} did not end",
            lane.index,
            lane.service
        );
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND (classid::bigint << 32 | objid::bigint) = $1",
        )
        .bind(lane.lock_key())
        .execute(&mut *db)
        .await
        .context("end the session that holds the lane")?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The lanes of a service from its table; on the first run, creates this many, or one.
///
/// # Errors
/// When their number is not `wanted`.
pub(crate) async fn lanes(db: &mut PgConnection, service: &'static str, wanted: Option<u8>) -> Result<Vec<Lane>> {
    let mut there = count_lanes(db).await?;
    if there == 0 {
        let mut transaction = db.begin().await?;
        // Two processes that start together agree.
        sqlx::query("LOCK TABLE lane IN SHARE ROW EXCLUSIVE MODE").execute(&mut *transaction).await?;
        there = count_lanes(&mut transaction).await?;
        if there == 0 {
            let lanes = Lane::all(service, wanted.unwrap_or(1))?;
            for lane in &lanes {
                enter(&mut transaction, *lane, &Position::default()).await?;
            }
            transaction.commit().await?;
            return Ok(lanes);
        }
        transaction.rollback().await?;
    }
    let wanted = wanted.unwrap_or(there);
    ensure!(
        wanted == there,
        "{service} has {there} lanes, not {wanted}: stop it and run `plyo lanes {service} {wanted}`, or start it with \
         `--lanes {there}`"
    );
    Lane::all(service, there)
}

/// None before the first run, also after restoring a backup from before it.
pub(crate) async fn count_lanes(db: &mut PgConnection) -> Result<u8> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM lane").fetch_one(db).await?;
    Ok(u8::try_from(count)?)
}

/// Inserts the row of a lane.
pub(crate) async fn enter(db: &mut Transaction<'_, Postgres>, lane: Lane, position: &Position) -> Result<()> {
    let ahead = |by_partition: &[u64]| -> Option<Vec<i64>> {
        (!by_partition.is_empty()).then(|| by_partition.iter().map(|sequence| sequence.cast_signed()).collect())
    };
    sqlx::query(
        "INSERT INTO lane (lane, applied, commands, confirmed, events_created, commands_created, events_ahead, commands_ahead,
             applied_at, confirmed_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(i16::from(lane.index))
    .bind(position.applied.cast_signed())
    .bind(position.commands.cast_signed())
    .bind(position.confirmed.cast_signed())
    .bind(&position.events_created)
    .bind(&position.commands_created)
    .bind(ahead(&position.events_ahead))
    .bind(ahead(&position.commands_ahead))
    .bind(position.applied_at.map(nanoseconds))
    .bind(position.confirmed_id)
    .execute(&mut **db)
    .await?;
    Ok(())
}

/// Deletes every lane; others are inserted in the same transaction.
pub(crate) async fn clear_lanes(db: &mut Transaction<'_, Postgres>) -> Result<()> {
    sqlx::query("DELETE FROM lane").execute(&mut **db).await?;
    Ok(())
}

/// The position of the lane. On its first run it adopts the current streams.
pub(crate) async fn position(
    db: &mut PgConnection,
    lane: Lane,
    events: &State,
    commands: &State,
) -> Result<Position, Failure> {
    // A command stream that was recreated, or restored to an earlier time, is read from its start: handled commands are
    // recognised by their ids.
    let adopted = sqlx::query(
        "UPDATE lane SET events_created = CASE events_created WHEN '' THEN $2 ELSE events_created END,
             commands = CASE WHEN commands_created = $3 AND commands <= $4 THEN commands ELSE 0 END,
             commands_ahead = CASE WHEN commands_created = $3 AND commands <= $4 THEN commands_ahead END,
             commands_created = $3
         WHERE lane = $1 AND (events_created = '' OR commands_created <> $3 OR commands > $4)",
    )
    .bind(i16::from(lane.index))
    .bind(&events.created)
    .bind(&commands.created)
    .bind(commands.last.cast_signed());
    statement("read the lane's position", adopted.execute(&mut *db)).await?;
    type Row = (i64, i64, i64, String, String, Option<Vec<i64>>, Option<Vec<i64>>, Option<i64>, Option<Uuid>);
    let query = sqlx::query_as(
        "SELECT applied, commands, confirmed, events_created, commands_created, events_ahead, commands_ahead, applied_at,
             confirmed_id
         FROM lane WHERE lane = $1",
    )
    .bind(i16::from(lane.index));
    let row: Row = statement("read the lane's position", query.fetch_one(db)).await?;
    let (applied, commands, confirmed, events_created, commands_created, events_ahead, commands_ahead, ..) = row;
    let ahead = |by_partition: Option<Vec<i64>>| -> Vec<u64> {
        by_partition.unwrap_or_default().into_iter().map(i64::cast_unsigned).collect()
    };
    Ok(Position {
        applied: applied.cast_unsigned(),
        commands: commands.cast_unsigned(),
        applied_at: row.7.and_then(|nanoseconds| Timestamp::from_nanosecond(nanoseconds.into()).ok()),
        confirmed: confirmed.cast_unsigned(),
        confirmed_id: row.8,
        events_created,
        commands_created,
        events_ahead: ahead(events_ahead),
        commands_ahead: ahead(commands_ahead),
    })
}

/// Messages not known to be published, oldest first, and the last id of their rows.
pub(crate) async fn outbox(db: &mut PgConnection, lane: Lane) -> Result<(i64, Vec<Outgoing>), Failure> {
    let query = sqlx::query_as("SELECT id, messages FROM outbox WHERE lane = $1 ORDER BY id");
    let rows: Vec<(i64, Vec<u8>)> =
        statement("read the outbox", query.bind(i16::from(lane.index)).fetch_all(db)).await?;
    let last = rows.last().map_or(0, |(id, _)| *id);
    let messages: Result<Vec<_>> = rows.iter().map(|(_, packed)| outbox::unpack(packed)).collect();
    Ok((last, messages.map_err(Failure::Lost)?.concat()))
}

/// The stored outcomes of those commands that were already handled.
pub(crate) async fn handled(db: &mut PgConnection, ids: &[Uuid]) -> Result<FxHashMap<Uuid, StoredOutcome>, Failure> {
    if ids.is_empty() {
        return Ok(FxHashMap::default());
    }
    let query = sqlx::query_as("SELECT command_id, fingerprint, outcome FROM handled WHERE command_id = ANY($1)");
    let rows: Vec<(Uuid, String, Vec<u8>)> =
        statement("look up handled commands", query.bind(ids).fetch_all(db)).await?;
    rows.into_iter().map(|(id, fingerprint, outcome)| Ok((id, stored(fingerprint, &outcome)?))).collect()
}

fn stored(fingerprint: String, outcome: &[u8]) -> Result<StoredOutcome, Failure> {
    let outcome = serde_json::from_slice(outcome).context("a stored outcome").map_err(Failure::Poison)?;
    Ok(StoredOutcome { fingerprint, outcome })
}

/// Writes the loop's part of a batch in one statement.
pub(crate) async fn write(db: &mut PgConnection, lane: Lane, write: &Write<'_>) -> Result<(), Failure> {
    let handled = write.handled;
    let packed =
        if write.outbox.is_empty() { None } else { Some(outbox::pack(write.outbox).map_err(Failure::Poison)?) };
    let outcomes: Result<Vec<Vec<u8>>, _> = handled.iter().map(|h| serde_json::to_vec(&h.stored.outcome)).collect();
    let query = sqlx::query(
        "WITH handled_now AS (
             INSERT INTO handled (command_id, user_id, fingerprint, outcome, handled_at)
             SELECT id, user_id, fingerprint, outcome, now()
             FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[]) AS h(id, user_id, fingerprint, outcome)
             ON CONFLICT (command_id) DO UPDATE SET outcome = EXCLUDED.outcome, handled_at = EXCLUDED.handled_at),
         published AS (DELETE FROM outbox WHERE lane = $13 AND id <= $5),
         emitted AS (
             INSERT INTO outbox (lane, id, messages) SELECT $13, $6, $7 WHERE $7 IS NOT NULL),
         dead AS (
             INSERT INTO skipped (sequence, reason) SELECT * FROM unnest($8::bigint[], $9::text[]) ON CONFLICT DO NOTHING)
         UPDATE lane SET applied = $10, commands = $11, confirmed = $12, applied_at = $14, confirmed_id = $15
         WHERE lane = $13",
    )
    .bind(handled.iter().map(|h| h.id).collect::<Vec<_>>())
    .bind(handled.iter().map(|h| h.subject).collect::<Vec<_>>())
    .bind(handled.iter().map(|h| h.stored.fingerprint.as_str()).collect::<Vec<_>>())
    .bind(outcomes.context("outcomes are plain data").map_err(Failure::Poison)?)
    .bind(write.published)
    .bind(write.outbox_id)
    .bind(packed)
    .bind(write.skipped.iter().map(|(sequence, _)| sequence.cast_signed()).collect::<Vec<_>>())
    .bind(write.skipped.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>())
    .bind(write.applied.cast_signed())
    .bind(write.commands.cast_signed())
    .bind(write.confirmed.cast_signed())
    .bind(i16::from(lane.index))
    .bind(write.applied_at.map(nanoseconds))
    .bind(write.confirmed_id);
    statement("write the loop's tables", query.execute(db)).await?;
    Ok(())
}

/// From here on a crash of Postgres may lose the last commits of this session, about 0.6 s. The streams have their events,
/// and the next owner folds them.
pub(crate) async fn commit_late(db: &mut PgConnection) -> Result<(), Failure> {
    let set = sqlx::raw_sql("SET synchronous_commit = off").execute(db);
    statement("make commits asynchronous", set).await.map(drop)
}

/// Waits until everything that was committed so far, by any session, is on disk.
pub(crate) async fn flush(db: &mut PgConnection) -> Result<(), Failure> {
    // A commit without writes would not wait.
    let message = "BEGIN; SET LOCAL synchronous_commit = on; SELECT pg_logical_emit_message(true, 'plyo', ''); COMMIT";
    statement("flush commits", sqlx::raw_sql(message).execute(db)).await.map(drop)
}

/// How far all lanes have handled the command stream.
pub(crate) async fn handled_through(db: &mut PgConnection) -> Result<u64, Failure> {
    let query = sqlx::query_scalar("SELECT coalesce(min(commands), 0) FROM lane");
    statement("read the lanes' positions", query.fetch_one(db)).await.map(i64::cast_unsigned)
}

/// What a lane has written about itself.
pub(crate) struct Standing {
    pub applied: u64,
    pub commands: u64,
    /// Rows of its outbox.
    pub unpublished: u64,
}

/// The position of each lane of a service; none before the first run.
pub(crate) async fn standings(db: &mut PgConnection, service: &'static str) -> Result<Vec<(Lane, Standing)>> {
    let rows: Vec<(i16, i64, i64, i64)> = sqlx::query_as(
        "SELECT lane, applied, commands, (SELECT count(*) FROM outbox WHERE outbox.lane = lane.lane) FROM lane ORDER BY lane",
    )
    .fetch_all(db)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let lanes = Lane::all(service, u8::try_from(rows.len())?)?;
    let standing = |(_, applied, commands, unpublished): (i16, i64, i64, i64)| Standing {
        applied: applied.cast_unsigned(),
        commands: commands.cast_unsigned(),
        unpublished: unpublished.cast_unsigned(),
    };
    Ok(lanes.into_iter().zip(rows.into_iter().map(standing)).collect())
}

/// The dead events that a replay skips.
pub(crate) async fn skipped(db: &mut PgConnection) -> Result<HashSet<u64>> {
    let rows: Vec<i64> = sqlx::query_scalar("SELECT sequence FROM skipped").fetch_all(db).await?;
    Ok(rows.into_iter().map(i64::cast_unsigned).collect())
}

/// Who was erased.
pub(crate) async fn erased(db: &mut PgConnection) -> Result<FxHashSet<Uuid>, Failure> {
    let query = sqlx::query_scalar("SELECT subject FROM erased").fetch_all(db);
    statement("read who was erased", query).await.map(|found: Vec<Uuid>| found.into_iter().collect())
}

/// Whether anybody was erased.
pub(crate) async fn has_erased(db: &mut PgConnection) -> Result<bool, Failure> {
    statement("read who was erased", sqlx::query_scalar("SELECT EXISTS (SELECT FROM erased)").fetch_one(db)).await
}

/// Notes who is erased, and deletes what was answered about them.
pub(crate) async fn erase(db: &mut PgConnection, subjects: &[Uuid]) -> Result<(), Failure> {
    let query = sqlx::query(
        "WITH noted AS (INSERT INTO erased (subject) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING)
         DELETE FROM handled WHERE user_id = ANY($1)",
    );
    statement("note who is erased", query.bind(subjects).execute(db)).await.map(drop)
}

/// Forgets skipped events: the code is fixed.
pub(crate) async fn forget_skipped(db: &mut PgConnection) -> Result<()> {
    sqlx::query("DELETE FROM skipped").execute(db).await?;
    Ok(())
}

/// Resets every lane to this sequence of another or restored `EVENTS`.
pub(crate) async fn start_over(db: &mut PgConnection, sequence: u64, events_created: &str) -> Result<()> {
    let query = sqlx::query(
        "UPDATE lane SET applied = $1, confirmed = $1, applied_at = NULL, confirmed_id = NULL, events_created = $2,
             events_ahead = NULL",
    );
    query.bind(sequence.cast_signed()).bind(events_created).execute(&mut *db).await?;
    sqlx::query("DELETE FROM outbox").execute(&mut *db).await?;
    forget_skipped(db).await
}

fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// The outcome of a command about a subject.
pub(crate) async fn outcome_of(pool: &sqlx::PgPool, subject: Uuid, command: Uuid) -> Result<Option<StoredOutcome>> {
    let query = sqlx::query_as("SELECT fingerprint, outcome FROM handled WHERE command_id = $1 AND user_id = $2");
    let row: Option<(String, Vec<u8>)> = query.bind(command).bind(subject).fetch_optional(pool).await?;
    Ok(row.map(|(fingerprint, outcome)| stored(fingerprint, &outcome)).transpose()?)
}

/// Prunes commands handled more than 30 days ago, a few at a time: idempotency keys are promised for 7 days.
pub(crate) async fn prune_handled(db: &mut PgConnection) -> Result<u64, Failure> {
    let query = sqlx::query(
        "DELETE FROM handled WHERE command_id IN
             (SELECT command_id FROM handled WHERE handled_at < now() - interval '30 days' LIMIT 1000)",
    );
    let pruned = statement("prune old outcomes", query.execute(db)).await?;
    Ok(pruned.rows_affected())
}
