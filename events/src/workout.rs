//! The workout service: the training log, personal records, workout reminders.

mod custom;
mod log;
mod queries;
mod records;

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    custom::{
        ArchiveExercise, CUSTOM_EXERCISE_EXISTS, CUSTOM_EXERCISE_NOT_FOUND, ChangeExercise, CreateExercise,
        CustomExercise, CustomExerciseArchived, CustomExerciseMerged, CustomExerciseSaved, CustomExerciseSet,
        CustomExerciseView, ExerciseChange, GetCustomExercise, ListCustomExercises, MEASURE_DIFFERS, MergeExercise,
        MergeInto, TOO_MANY_CUSTOM_EXERCISES,
    },
    log::{ExerciseEntry, Planned, Set, Workout, WorkoutSummary},
    queries::{
        BodyWeightView, GetWorkout, ListBodyWeights, ListRecords, ListReminders, ListWorkouts, RecordView,
        ReminderView, WorkoutView,
    },
    records::{Mark, NewRecord, Record, RecordChanges, RecordKind},
};
use crate::{EventId, RejectionCode, ReminderId, WorkoutId, rfc3339, training::BodyWeight};

// Rejections.

pub const WORKOUT_NOT_FOUND: RejectionCode = RejectionCode::not_found("workout_not_found", "there is no such workout");
pub const UNKNOWN_EXERCISE: RejectionCode = RejectionCode::invalid("unknown_exercise", "there is no such exercise");
pub const TOO_MANY_REMINDERS: RejectionCode =
    RejectionCode::conflict("too_many_reminders", "at most 100 pending reminders; cancel one first");
pub const INVALID_DUE_AT: RejectionCode =
    RejectionCode::invalid("invalid_due_at", "due_at must be in the future, at most 366 days ahead");
pub const REMINDER_NOT_FOUND: RejectionCode =
    RejectionCode::not_found("reminder_not_found", "there is no such reminder");
/// A reminder that was cancelled or has come cannot be moved or cancelled.
pub const REMINDER_NOT_ACTIVE: RejectionCode =
    RejectionCode::conflict("reminder_not_active", "this reminder was cancelled or has already fired; set a new one");

// Commands. A workout's id is the id of the command that logged it; a reminder's, of the command that set it.

/// Log a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LogWorkout {
    pub workout: Workout,
}

/// Correct a workout by replacing its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CorrectWorkout {
    pub workout_id: WorkoutId,
    pub workout: Workout,
    /// Done only if the workout has one of these revisions; without it, whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<Vec<u32>>,
}

/// Delete a workout as if it had never been logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeleteWorkout {
    pub workout_id: WorkoutId,
    /// Done only if the workout has one of these revisions; without it, whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<Vec<u32>>,
}

/// Log what I weigh, on a date. A second weight of the same date takes the place of the first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogBodyWeight {
    /// The local date; at most one day ahead.
    #[schemars(with = "String", extend("format" = "date"))]
    pub date: Date,
    /// Absent to take back what was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<BodyWeight>,
}

/// Set a reminder to train, at most 366 days ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetReminder {
    /// RFC 3339 with an offset or Z; ahead, at most 366 days.
    #[serde(with = "rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
}

/// Move a reminder to another time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MoveReminder {
    pub reminder_id: ReminderId,
    #[serde(with = "rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
    /// Done only if the reminder has one of these revisions; without it, whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<Vec<u32>>,
}

/// Cancel a reminder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CancelReminder {
    pub reminder_id: ReminderId,
    /// Done only if the reminder has one of these revisions; without it, whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<Vec<u32>>,
}

// Results of commands.

/// The result of logging, correcting or deleting a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutSaved {
    pub workout_id: WorkoutId,
    /// 1 when logged, incremented by each correction.
    pub revision: u32,
    /// Loads that were probably mistyped. They are kept as they are: show them, and correct the workout if they are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubt: Vec<Doubt>,
}

/// A load that was probably mistyped. A record that it sets is not celebrated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Doubt {
    /// Where it is in the workout: `/exercises/0/sets/2/load`.
    pub pointer: String,
    /// What it says, in grams.
    pub value: u64,
    /// The heaviest load known of the exercise, in grams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<u64>,
}

/// The result of logging a weight: what is known of that date now.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BodyWeightSaved {
    #[schemars(with = "String", extend("format" = "date"))]
    pub date: Date,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<BodyWeight>,
}

/// The result of setting, moving or cancelling a reminder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderSaved {
    pub reminder_id: ReminderId,
    pub revision: u32,
}

// Events.

/// A workout was logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutCompleted {
    pub workout_id: WorkoutId,
    pub workout: Workout,
    pub summary: WorkoutSummary,
    #[serde(default, skip_serializing_if = "RecordChanges::is_empty")]
    pub records: RecordChanges,
}

/// A workout was corrected. `before` has its previous totals, so that a reader can subtract them without having kept them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutCorrected {
    pub workout_id: WorkoutId,
    pub revision: u32,
    pub before: WorkoutSummary,
    pub workout: Workout,
    pub summary: WorkoutSummary,
    #[serde(default, skip_serializing_if = "RecordChanges::is_empty")]
    pub records: RecordChanges,
}

/// A workout was deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutDeleted {
    pub workout_id: WorkoutId,
    pub before: WorkoutSummary,
    #[serde(default, skip_serializing_if = "RecordChanges::is_empty")]
    pub records: RecordChanges,
}

/// A weight was logged, or taken back. It counts in workouts that are logged or corrected afterwards, of that date or later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BodyWeightLogged {
    #[schemars(with = "String", extend("format" = "date"))]
    pub date: Date,
    /// Absent if it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<BodyWeight>,
}

/// A reminder was set, or moved if its revision is above 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderSet {
    pub reminder_id: ReminderId,
    pub revision: u32,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
}

/// A reminder was cancelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderCancelled {
    pub reminder_id: ReminderId,
    pub revision: u32,
}

/// A reminder is due and was not cancelled: the clock's event, confirmed by the reminder's owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderDue {
    pub reminder_id: ReminderId,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
    /// The clock's event.
    pub clock_event: EventId,
}
