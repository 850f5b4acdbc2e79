//! The tables of the training log and every statement on them.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    ReminderId, UserId, WorkoutId,
    training::ExerciseSlug,
    workout::{Mark, Record, RecordKind, ReminderView, Workout, WorkoutSummary, WorkoutView},
};
use plyo_nats::{Load, Row, Rows};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgConnection, PgPool, types::Json};

use crate::domain::records;

pub(crate) const TABLES: &[&str] = &["workout", "mark", "reminder", "agenda"];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkoutRow {
    pub user_id: UserId,
    pub workout_id: WorkoutId,
    pub revision: u32,
    pub started_at: Timestamp,
    pub body: Workout,
    pub summary: WorkoutSummary,
}

impl WorkoutRow {
    pub(crate) fn marks(&self) -> impl Iterator<Item = MarkRow> {
        let (user_id, workout_id, achieved_at) = (self.user_id, self.workout_id, self.started_at);
        let row = move |((exercise, kind), value)| MarkRow { user_id, exercise, kind, workout_id, value, achieved_at };
        records::marks(&self.body).into_iter().map(row)
    }
}

impl Row for WorkoutRow {
    const TABLE: &'static str = "workout";
    const KEY: &'static [&'static str] = &["user_id", "workout_id"];
    type Key = (UserId, WorkoutId);
    fn key(&self) -> Self::Key {
        (self.user_id, self.workout_id)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MarkRow {
    pub user_id: UserId,
    pub exercise: ExerciseSlug,
    pub kind: RecordKind,
    pub workout_id: WorkoutId,
    pub value: u64,
    pub achieved_at: Timestamp,
}

impl MarkRow {
    pub(crate) fn lift(&self) -> Lift {
        (self.user_id, self.exercise.clone(), self.kind)
    }

    fn mark(&self) -> Mark {
        Mark { workout_id: self.workout_id, value: self.value, achieved_at: self.achieved_at }
    }
}

/// Every column is of the key, in the order of the rank: one index finds a mark and the best of a lift.
impl Row for MarkRow {
    const TABLE: &'static str = "mark";
    const KEY: &'static [&'static str] = &["user_id", "exercise", "kind", "value", "achieved_at", "workout_id"];
    type Key = (UserId, ExerciseSlug, RecordKind, u64, Timestamp, WorkoutId);
    fn key(&self) -> Self::Key {
        (self.user_id, self.exercise.clone(), self.kind, self.value, self.achieved_at, self.workout_id)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReminderStatus {
    Active,
    Cancelled,
    Fired,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReminderRow {
    pub user_id: UserId,
    pub reminder_id: ReminderId,
    pub revision: u32,
    pub due_at: Timestamp,
    pub status: ReminderStatus,
}

impl Row for ReminderRow {
    const TABLE: &'static str = "reminder";
    const KEY: &'static [&'static str] = &["user_id", "reminder_id"];
    type Key = (UserId, ReminderId);
    fn key(&self) -> Self::Key {
        (self.user_id, self.reminder_id)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AgendaRow {
    pub user_id: UserId,
    pub active: u32,
}

impl Row for AgendaRow {
    const TABLE: &'static str = "agenda";
    const KEY: &'static [&'static str] = &["user_id"];
    type Key = (UserId,);
    fn key(&self) -> Self::Key {
        (self.user_id,)
    }
}

/// One exercise of one person, and what is measured of it.
pub(crate) type Lift = (UserId, ExerciseSlug, RecordKind);

/// The best marks of the lifts that a batch touches, and what changes of them.
#[derive(Default)]
pub(crate) struct Marks {
    pub rows: Rows<MarkRow>,
    /// The marks of each lift by workout, among the rows.
    lifts: HashMap<Lift, BTreeMap<WorkoutId, Mark>>,
}

impl Marks {
    /// Reads the best marks of each lift: as many as the batch may take away, and one more, so that the best of what is
    /// left is always among them.
    pub(crate) async fn load(db: &mut PgConnection, lifts: &BTreeMap<Lift, usize>) -> Result<Self> {
        if lifts.is_empty() {
            return Ok(Self::default());
        }
        let wanted = lifts.iter().map(|((user_id, exercise, kind), taken)| {
            json!({ "user_id": user_id, "exercise": exercise, "kind": kind, "n": taken + 1 })
        });
        let mut load = Load::default();
        let best = load.by(
            "SELECT row_to_json(best) FROM json_to_recordset($1::json) AS lift(user_id uuid, exercise text, kind text, n int),
             LATERAL (SELECT * FROM mark WHERE mark.user_id = lift.user_id AND mark.exercise = lift.exercise AND mark.kind = lift.kind
                      ORDER BY value DESC, achieved_at, workout_id LIMIT lift.n) AS best",
            &wanted.collect(),
        );
        let rows: Rows<MarkRow> = load.run(db).await?.rows(best)?;
        let mut marks = Self::default();
        rows.iter().for_each(|row| marks.index(row));
        Ok(Self { rows, ..marks })
    }

    /// The best mark of a lift, leaving one workout out.
    pub(crate) fn best_without(&self, lift: &Lift, workout: Option<WorkoutId>) -> Option<Mark> {
        let others = self.lifts.get(lift)?.iter().filter(|(id, _)| Some(**id) != workout);
        others.map(|(_, mark)| mark.clone()).reduce(records::better)
    }

    pub(crate) fn put(&mut self, row: MarkRow) {
        self.index(&row);
        self.rows.put(row);
    }

    pub(crate) fn remove(&mut self, row: &MarkRow) {
        if let Some(marks) = self.lifts.get_mut(&row.lift()) {
            marks.remove(&row.workout_id);
        }
        self.rows.remove(&row.key());
    }

    fn index(&mut self, row: &MarkRow) {
        self.lifts.entry(row.lift()).or_default().insert(row.workout_id, row.mark());
    }
}

type StoredWorkout = (uuid::Uuid, i32, Json<Workout>, Json<WorkoutSummary>);

fn view((workout_id, revision, Json(workout), Json(summary)): StoredWorkout) -> WorkoutView {
    WorkoutView { workout_id: WorkoutId::new(workout_id), revision: revision.cast_unsigned(), workout, summary }
}

pub(crate) async fn workout(pool: &PgPool, user: UserId, workout: WorkoutId) -> Result<Option<WorkoutView>> {
    let sql = "SELECT workout_id, revision, body, summary FROM workout WHERE user_id = $1 AND workout_id = $2";
    let row: Option<StoredWorkout> =
        sqlx::query_as(sql).bind(user.uuid()).bind(workout.uuid()).fetch_optional(pool).await?;
    Ok(row.map(view))
}

/// Workouts that start before `after` in the order of the list, latest first.
pub(crate) async fn workouts(
    pool: &PgPool,
    user: UserId,
    after: Option<(Timestamp, WorkoutId)>,
    limit: u32,
) -> Result<Vec<(Timestamp, WorkoutView)>> {
    let (start, id) = after.unzip();
    // Without a cursor the bound is infinity rather than no bound, so that one plan by the index serves both.
    let rows: Vec<(uuid::Uuid, i32, Json<Workout>, Json<WorkoutSummary>, i64)> = sqlx::query_as(
        "SELECT workout_id, revision, body, summary, (extract(epoch FROM started_at) * 1000000)::bigint FROM workout
         WHERE user_id = $1
           AND (started_at, workout_id) < (coalesce(to_timestamp(0) + $2 * interval '1 microsecond', 'infinity'), $3)
         ORDER BY started_at DESC, workout_id DESC LIMIT $4",
    )
    .bind(user.uuid())
    .bind(start.map(Timestamp::as_microsecond))
    .bind(id.map_or(uuid::Uuid::nil(), WorkoutId::uuid))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|(id, revision, body, summary, start)| {
            Ok((Timestamp::from_microsecond(start)?, view((id, revision, body, summary))))
        })
        .collect()
}

pub(crate) async fn records(pool: &PgPool, user: UserId) -> Result<Vec<Record>> {
    let rows: Vec<(Json<MarkRow>,)> = sqlx::query_as(
        "SELECT DISTINCT ON (exercise, kind) row_to_json(mark) FROM mark WHERE user_id = $1
         ORDER BY exercise, kind, value DESC, achieved_at, workout_id",
    )
    .bind(user.uuid())
    .fetch_all(pool)
    .await?;
    let record = |(Json(row),): (Json<MarkRow>,)| Record { mark: row.mark(), exercise: row.exercise, kind: row.kind };
    Ok(rows.into_iter().map(record).collect())
}

pub(crate) async fn reminders(pool: &PgPool, user: UserId) -> Result<Vec<ReminderView>> {
    let sql = "SELECT row_to_json(reminder) FROM reminder WHERE user_id = $1 AND status = 'active' ORDER BY due_at, reminder_id";
    let rows: Vec<(Json<ReminderRow>,)> = sqlx::query_as(sql).bind(user.uuid()).fetch_all(pool).await?;
    let reminder = |(Json(row),): (Json<ReminderRow>,)| ReminderView {
        reminder_id: row.reminder_id,
        revision: row.revision,
        due_at: row.due_at,
    };
    Ok(rows.into_iter().map(reminder).collect())
}
