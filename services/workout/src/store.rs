//! The tables of the training log and all statements on them.

use std::cmp::Ordering;

use anyhow::{Context, Result};
use jiff::Timestamp;
use plyo_events::{
    ReminderId, UserId, WorkoutId,
    workout::{Mark, Record, ReminderView, WorkoutView},
};
use plyo_nats::{Codec, Column, Plain, Ranked, Text, unpack};
use sqlx::PgPool;
use uuid::Uuid;

use crate::domain::{
    records::{self, KINDS},
    rows::{Lift, MarkRow},
};

/// The record of each kind is the first in its order, so that withdrawing one finds the next without reading a history.
impl Ranked for MarkRow {
    type Group = Lift;
    const GROUP_COLUMNS: usize = 2;
    /// In the order of [`KINDS`].
    const ORDERS: &'static [(&'static str, &'static str)] = &[
        ("max_load IS NOT NULL", "max_load DESC, achieved_at, workout_id"),
        ("one_rep_max IS NOT NULL", "one_rep_max DESC, achieved_at, workout_id"),
        ("max_reps IS NOT NULL", "max_reps DESC, achieved_at, workout_id"),
    ];

    fn group(&self) -> Lift {
        (self.user_id, self.exercise.clone())
    }

    fn put_group((user_id, exercise): &Lift, columns: &mut [Column]) {
        if let [user, name, ..] = columns {
            Plain::put(user_id, user);
            Text::put(exercise, name);
        }
    }

    fn compare(order: usize, a: &Self, b: &Self) -> Option<Ordering> {
        let kind = *KINDS.get(order)?;
        Some(records::in_order(&a.mark(kind)?, &b.mark(kind)?))
    }

    fn competes(&self, order: usize) -> bool {
        KINDS.get(order).is_some_and(|kind| self.mark(*kind).is_some())
    }
}

type StoredWorkout = (Uuid, i32, Vec<u8>, Vec<u8>);

fn view((workout_id, revision, workout, summary): StoredWorkout) -> Result<WorkoutView> {
    Ok(WorkoutView {
        workout_id: WorkoutId::new(workout_id),
        revision: revision.cast_unsigned(),
        workout: unpack(&workout)?,
        summary: unpack(&summary)?,
    })
}

pub(crate) async fn workout(pool: &PgPool, user: UserId, workout: WorkoutId) -> Result<Option<WorkoutView>> {
    let sql = "SELECT workout_id, revision, body, summary FROM workout WHERE user_id = $1 AND workout_id = $2";
    let row: Option<StoredWorkout> =
        sqlx::query_as(sql).bind(user.uuid()).bind(workout.uuid()).fetch_optional(pool).await?;
    row.map(view).transpose()
}

/// Workouts after `after` in the order of the list, latest first.
pub(crate) async fn workouts(
    pool: &PgPool,
    user: UserId,
    after: Option<(Timestamp, WorkoutId)>,
    limit: u32,
) -> Result<Vec<(Timestamp, WorkoutView)>> {
    let (start, id) = after.unzip();
    // Without a cursor the bound is infinity rather than absent, so that one index plan serves both.
    let rows: Vec<(Uuid, i32, Vec<u8>, Vec<u8>, i64)> = sqlx::query_as(
        "SELECT workout_id, revision, body, summary, (extract(epoch FROM started_at) * 1000000)::bigint FROM workout
         WHERE user_id = $1
           AND (started_at, workout_id) < (coalesce(to_timestamp(0) + $2 * interval '1 microsecond', 'infinity'), $3)
         ORDER BY started_at DESC, workout_id DESC LIMIT $4",
    )
    .bind(user.uuid())
    .bind(start.map(Timestamp::as_microsecond))
    .bind(id.map_or(Uuid::nil(), WorkoutId::uuid))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|(id, revision, body, summary, start)| {
            Ok((Timestamp::from_microsecond(start)?, view((id, revision, body, summary))?))
        })
        .collect()
}

pub(crate) async fn records(pool: &PgPool, user: UserId) -> Result<Vec<Record>> {
    type Best = (String, i32, Uuid, i64, i64);
    let rows: Vec<Best> = sqlx::query_as(
        "SELECT DISTINCT ON (exercise, kind) exercise, kind, workout_id, value,
                (extract(epoch FROM achieved_at) * 1000000)::bigint
         FROM mark, LATERAL (VALUES (0, max_load), (1, one_rep_max), (2, max_reps)) AS best(kind, value)
         WHERE user_id = $1 AND value IS NOT NULL
         ORDER BY exercise, kind, value DESC, achieved_at, workout_id",
    )
    .bind(user.uuid())
    .fetch_all(pool)
    .await?;
    let record = |(exercise, kind, workout_id, value, achieved_at): Best| {
        let mark = Mark {
            workout_id: WorkoutId::new(workout_id),
            value: value.cast_unsigned(),
            achieved_at: Timestamp::from_microsecond(achieved_at)?,
        };
        let kind = usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind)).context("decode a record kind")?;
        Ok(Record { exercise: exercise.try_into().map_err(|_| anyhow::anyhow!("decode a slug"))?, kind: *kind, mark })
    };
    rows.into_iter().map(record).collect()
}

pub(crate) async fn reminders(pool: &PgPool, user: UserId) -> Result<Vec<ReminderView>> {
    let rows: Vec<(Uuid, i32, i64)> = sqlx::query_as(
        "SELECT reminder_id, revision, (extract(epoch FROM due_at) * 1000000)::bigint FROM reminder
         WHERE user_id = $1 AND status = 'active' ORDER BY due_at, reminder_id",
    )
    .bind(user.uuid())
    .fetch_all(pool)
    .await?;
    let reminder = |(id, revision, due_at): (Uuid, i32, i64)| {
        let (reminder_id, revision) = (ReminderId::new(id), revision.cast_unsigned());
        Ok(ReminderView { reminder_id, revision, due_at: Timestamp::from_microsecond(due_at)? })
    };
    rows.into_iter().map(reminder).collect()
}
