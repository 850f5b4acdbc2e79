//! What the workout service is asked.

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mark, RecordKind, WORKOUT_NOT_FOUND, Workout, WorkoutSummary};
use crate::{
    Query, RejectionCode, ReminderId, UserId, WorkoutId,
    query::Page,
    rejection::INVALID_CURSOR,
    training::{BodyWeight, Distance, ExerciseSlug},
};

/// One workout of this user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetWorkout {
    pub user: UserId,
    pub workout_id: WorkoutId,
}

/// The current state of a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutView {
    pub workout_id: WorkoutId,
    pub revision: u32,
    #[serde(flatten)]
    pub workout: Workout,
    pub summary: WorkoutSummary,
    /// When it was logged first. Of workouts with one start, the one that was logged last is listed first.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub logged_at: Timestamp,
}

impl Query for GetWorkout {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "get";
    const REJECTIONS: &'static [RejectionCode] = &[WORKOUT_NOT_FOUND];
    type Answer = WorkoutView;
}

/// The workouts of this user, latest start first, and of those with one start the latest logged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListWorkouts {
    pub user: UserId,
    #[serde(default)]
    pub cursor: Option<String>,
    /// 1 to 100.
    pub limit: u32,
}

impl Query for ListWorkouts {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "list";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_CURSOR];
    type Answer = Page<WorkoutView>;
}

/// The current records of this user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListRecords {
    pub user: UserId,
}

/// A current record, of an exercise or of a whole workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordView {
    /// Absent for `session_volume`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise: Option<ExerciseSlug>,
    pub kind: RecordKind,
    /// Of `max_load_for_reps`, 1 to 15; a number that is missing has the load of the next higher one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reps: Option<u32>,
    /// Of `best_pace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
    pub mark: Mark,
}

impl Query for ListRecords {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "records";
    type Answer = Vec<RecordView>;
}

/// What this user weighed, latest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListBodyWeights {
    pub user: UserId,
}

/// A weight of a date.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BodyWeightView {
    #[schemars(with = "String", extend("format" = "date"))]
    pub date: Date,
    pub weight: BodyWeight,
}

impl Query for ListBodyWeights {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "body_weights";
    type Answer = Vec<BodyWeightView>;
}

/// This user's pending reminders, soonest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListReminders {
    pub user: UserId,
}

/// A pending reminder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderView {
    pub reminder_id: ReminderId,
    pub revision: u32,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
}

impl Query for ListReminders {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "reminders";
    type Answer = Vec<ReminderView>;
}
