//! The tables of the training log and all statements on them.

use std::{cmp::Ordering, collections::BTreeMap};

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use plyo_events::{
    ReminderId, UserId, WorkoutId,
    training::BodyWeight,
    workout::{BodyWeightView, ReminderView, WorkoutSummary, WorkoutView},
};
use plyo_nats::{Codec, Column, Plain, Ranked, Text, Value, unpack};
use sqlx::PgPool;
use uuid::Uuid;

use crate::domain::{
    marks::{Listing, Rank},
    rows::{CustomRow, Lift, MarkRow},
};

/// The record of each kind is the first in its order, so that withdrawing one finds the next without reading a history.
impl Ranked for MarkRow {
    type Group = Lift;
    const GROUP_COLUMNS: usize = 2;
    const ORDERS: &'static [(&'static str, &'static str)] = &[
        ("first IS NOT NULL", "first DESC, achieved_at, logged_at, workout_id"),
        ("second IS NOT NULL", "second DESC, achieved_at, logged_at, workout_id"),
        ("third IS NOT NULL", "third DESC, achieved_at, logged_at, workout_id"),
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
        Some(a.held(order)?.order().cmp(&b.held(order)?.order()))
    }

    fn competes(&self, order: usize) -> bool {
        self.held(order).is_some()
    }
}

type StoredWorkout = (Uuid, i32, Vec<u8>, Vec<u8>, i64, i64);

/// Where a workout is in the list: its start, when it was logged, and its id.
pub(crate) type Place = (Timestamp, Timestamp, WorkoutId);

fn view((workout_id, revision, workout, summary, start, logged): StoredWorkout) -> Result<(Place, WorkoutView)> {
    let (workout_id, logged_at) = (WorkoutId::new(workout_id), Timestamp::from_microsecond(logged)?);
    let view = WorkoutView {
        workout_id,
        revision: revision.cast_unsigned(),
        workout: unpack(&workout)?,
        summary: unpack(&summary)?,
        logged_at,
    };
    Ok(((Timestamp::from_microsecond(start)?, logged_at, workout_id), view))
}

pub(crate) async fn workout(pool: &PgPool, user: UserId, workout: WorkoutId) -> Result<Option<WorkoutView>> {
    let row: Option<StoredWorkout> = sqlx::query_as(
        "SELECT workout_id, revision, body, summary, (extract(epoch FROM started_at) * 1000000)::bigint,
                (extract(epoch FROM logged_at) * 1000000)::bigint
         FROM workout WHERE user_id = $1 AND workout_id = $2",
    )
    .bind(user.uuid())
    .bind(workout.uuid())
    .fetch_optional(pool)
    .await?;
    row.map(|row| Ok(view(row)?.1)).transpose()
}

/// Workouts after `after` in the order of the list, latest first.
pub(crate) async fn workouts(
    pool: &PgPool,
    user: UserId,
    after: Option<Place>,
    limit: u32,
) -> Result<Vec<(Place, WorkoutView)>> {
    // Without a cursor the bound is infinity rather than absent, so that one index plan serves both.
    let rows: Vec<StoredWorkout> = sqlx::query_as(
        "SELECT workout_id, revision, body, summary, (extract(epoch FROM started_at) * 1000000)::bigint,
                (extract(epoch FROM logged_at) * 1000000)::bigint
         FROM workout
         WHERE user_id = $1
           AND (started_at, logged_at, workout_id)
             < (coalesce(to_timestamp(0) + $2 * interval '1 microsecond', 'infinity'),
                coalesce(to_timestamp(0) + $3 * interval '1 microsecond', 'infinity'), $4)
         ORDER BY started_at DESC, logged_at DESC, workout_id DESC LIMIT $5",
    )
    .bind(user.uuid())
    .bind(after.map(|(start, ..)| start.as_microsecond()))
    .bind(after.map(|(_, logged, _)| logged.as_microsecond()))
    .bind(after.map_or(Uuid::nil(), |(.., id)| id.uuid()))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(view).collect()
}

/// The exercises of somebody's own.
pub(crate) async fn customs(pool: &PgPool, user_id: UserId) -> Result<Option<CustomRow>> {
    let row: Option<(Vec<u8>,)> = sqlx::query_as("SELECT exercises FROM custom_exercise WHERE user_id = $1")
        .bind(user_id.uuid())
        .fetch_optional(pool)
        .await?;
    row.map(|(exercises,)| Ok(CustomRow { user_id, exercises: unpack(&exercises)? })).transpose()
}

/// Every mark of somebody.
pub(crate) async fn marks(pool: &PgPool, user: UserId) -> Result<Vec<MarkRow>> {
    type Stored = (String, Uuid, i64, i64, Option<i64>, Option<i64>, Option<i64>, Vec<u8>);
    let rows: Vec<Stored> = sqlx::query_as(
        "SELECT exercise, workout_id, (extract(epoch FROM achieved_at) * 1000000)::bigint,
                (extract(epoch FROM logged_at) * 1000000)::bigint, first, second, third, listing
         FROM mark WHERE user_id = $1",
    )
    .bind(user.uuid())
    .fetch_all(pool)
    .await?;
    let row = |(exercise, workout_id, achieved_at, logged_at, first, second, third, listing): Stored| {
        Ok(MarkRow {
            user_id: user,
            exercise: exercise.try_into().map_err(|_| anyhow::anyhow!("decode a slug"))?,
            workout_id: WorkoutId::new(workout_id),
            achieved_at: Timestamp::from_microsecond(achieved_at)?,
            logged_at: Timestamp::from_microsecond(logged_at)?,
            first: first.map(Rank::stored),
            second: second.map(Rank::stored),
            third: third.map(Rank::stored),
            listing: Listing::read(&listing)?,
        })
    };
    rows.into_iter().map(row).collect()
}

/// What each workout of somebody moved, in grams, and where it is in the list.
pub(crate) async fn volumes(pool: &PgPool, user: UserId) -> Result<Vec<(Place, u64)>> {
    let rows: Vec<(Uuid, i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT workout_id, (extract(epoch FROM started_at) * 1000000)::bigint,
                (extract(epoch FROM logged_at) * 1000000)::bigint, summary FROM workout WHERE user_id = $1",
    )
    .bind(user.uuid())
    .fetch_all(pool)
    .await?;
    let volume = |(id, start, logged, summary): (Uuid, i64, i64, Vec<u8>)| {
        let place = (Timestamp::from_microsecond(start)?, Timestamp::from_microsecond(logged)?, WorkoutId::new(id));
        Ok((place, unpack::<WorkoutSummary>(&summary)?.tonnage_g))
    };
    rows.into_iter().map(volume).collect()
}

/// What somebody weighed, latest first.
pub(crate) async fn body_weights(pool: &PgPool, user: UserId) -> Result<Vec<BodyWeightView>> {
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as("SELECT days FROM body WHERE user_id = $1 ORDER BY year DESC")
        .bind(user.uuid())
        .fetch_all(pool)
        .await?;
    let mut views = Vec::new();
    for (days,) in rows {
        let days: BTreeMap<Date, BodyWeight> = unpack(&days)?;
        views.extend(days.into_iter().rev().map(|(date, weight)| BodyWeightView { date, weight }));
    }
    Ok(views)
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
