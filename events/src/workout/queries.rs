//! What the workout service is asked.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Record, WORKOUT_NOT_FOUND, Workout, WorkoutSummary};
use crate::{Query, RejectionCode, ReminderId, UserId, WorkoutId, query::Page, rejection::INVALID_CURSOR};

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
}

impl Query for GetWorkout {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "get";
    const REJECTIONS: &'static [RejectionCode] = &[WORKOUT_NOT_FOUND];
    type Answer = WorkoutView;
}

/// The workouts of this user, latest start first.
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

impl Query for ListRecords {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "records";
    type Answer = Vec<Record>;
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
    #[schemars(with = "String")]
    pub due_at: Timestamp,
}

impl Query for ListReminders {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "reminders";
    type Answer = Vec<ReminderView>;
}
