//! The workout service: the training log, personal records, workout reminders.

mod queries;

use jiff::{SignedDuration, Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::queries::{GetWorkout, ListRecords, ListReminders, ListWorkouts, ReminderView, WorkoutView};
use crate::{
    EventId, RecommendationId, RejectionCode, ReminderId, Violation, WorkoutId,
    training::{ExerciseSlug, Load, LocalTime, MAX_SETS, Reps, Rpe, Seconds},
};

/// A workout: exercises in order, each with its sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workout {
    /// When it started, with the local UTC offset.
    pub started_at: LocalTime,
    /// When it ended; not before the start, at most 24 h after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<LocalTime>,
    /// 1 to 50 exercises with at most 500 sets in total.
    #[schemars(length(min = 1, max = 50))]
    pub exercises: Vec<ExerciseEntry>,
}

/// An exercise of a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExerciseEntry {
    pub exercise: ExerciseSlug,
    #[schemars(length(min = 1))]
    pub sets: Vec<Set>,
    /// What was to be done, where a plan was followed: a missed set is known by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Planned>,
}

/// What a plan asked of the heaviest sets of an exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    pub load: Load,
    pub reps: Reps,
    /// The recommendation that asked for it; absent for a plan of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation_id: Option<RecommendationId>,
}

/// A set: repetitions, or a duration for a hold or carry, or both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Set {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reps: Option<Reps>,
    /// Absent for body weight only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpe: Option<Rpe>,
}

/// What other services need of a workout, without its sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutSummary {
    /// The local date of the start.
    #[schemars(with = "String")]
    pub local_date: Date,
    pub sets: u32,
    pub reps: u32,
    /// Sum of load × repetitions over the sets, in grams.
    pub tonnage_g: u64,
    /// Seconds from start to end; absent if no end was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
}

impl Workout {
    pub fn summary(&self) -> WorkoutSummary {
        let sets = || self.exercises.iter().flat_map(|entry| &entry.sets);
        let reps = |set: &Set| set.reps.map_or(0, u32::from);
        WorkoutSummary {
            local_date: self.started_at.local_date(),
            sets: sets().count() as u32,
            reps: sets().map(reps).sum(),
            tonnage_g: sets().map(|set| set.load.map_or(0, Load::grams) * u64::from(reps(set))).sum(),
            duration_s: self.duration().map(|duration| duration.as_secs() as u32),
        }
    }

    /// The rules across fields. `now` bounds the start: a workout starts at most one day ahead (clocks differ).
    pub fn violations(&self, now: Timestamp) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut wrong = |pointer: String, detail: &str| found.push(Violation { pointer, detail: detail.to_owned() });
        if self.started_at.at() > now + SignedDuration::from_hours(24) {
            wrong("/started_at".into(), "a workout cannot start more than one day in the future");
        }
        if let Some(duration) = self.duration() {
            if duration.is_negative() {
                wrong("/ended_at".into(), "a workout cannot end before it starts");
            } else if duration > SignedDuration::from_hours(24) {
                wrong("/ended_at".into(), "a workout must not last longer than 24 hours");
            }
        }
        if self.exercises.is_empty() || self.exercises.len() > 50 {
            wrong("/exercises".into(), "a workout must have 1 to 50 exercises");
        }
        if self.exercises.iter().map(|entry| entry.sets.len()).sum::<usize>() > MAX_SETS {
            wrong("/exercises".into(), "a workout must have at most 500 sets");
        }
        for (i, entry) in self.exercises.iter().enumerate() {
            if entry.sets.is_empty() {
                wrong(format!("/exercises/{i}/sets"), "an exercise must have at least one set");
            }
            for (j, set) in entry.sets.iter().enumerate() {
                if set.reps.is_none() && set.duration_s.is_none() {
                    wrong(format!("/exercises/{i}/sets/{j}"), "a set must have reps or duration_s");
                }
            }
        }
        found
    }

    fn duration(&self) -> Option<SignedDuration> {
        self.ended_at.map(|end| end.at().duration_since(self.started_at.at()))
    }
}

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
}

/// Delete a workout as if it had never been logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeleteWorkout {
    pub workout_id: WorkoutId,
}

/// Set a reminder to train, at most 366 days ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetReminder {
    #[schemars(with = "String")]
    pub due_at: Timestamp,
}

/// Move a reminder to another time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MoveReminder {
    pub reminder_id: ReminderId,
    #[schemars(with = "String")]
    pub due_at: Timestamp,
}

/// Cancel a reminder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CancelReminder {
    pub reminder_id: ReminderId,
}

// Results of commands.

/// The result of logging, correcting or deleting a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutSaved {
    pub workout_id: WorkoutId,
    /// 1 when logged, incremented by each correction.
    pub revision: u32,
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

/// The kind of a personal record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// Heaviest load of a set, in grams.
    MaxLoad,
    /// Highest estimated one-repetition maximum, in grams: load × (1 + reps / 30) for 2 to 12 reps, the load itself for 1 (Epley 1985).
    EstimatedOneRepMax,
    /// Most repetitions in a set without load.
    MaxReps,
}

/// A mark: a workout's best value of a kind for one exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    pub workout_id: WorkoutId,
    /// Grams for loads, a count for repetitions.
    pub value: u64,
    #[schemars(with = "String")]
    pub achieved_at: Timestamp,
}

/// A mark that is, or was, the best of its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    pub exercise: ExerciseSlug,
    pub kind: RecordKind,
    pub mark: Mark,
}

/// How logging, correcting or deleting a workout changes the personal records. Absent if it does not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordChanges {
    /// Records of this workout that no longer hold, at most one per exercise and kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<Record>,
    /// New records, at most one per exercise and kind: those that this workout sets, and restored ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<NewRecord>,
}

impl RecordChanges {
    pub const fn is_empty(&self) -> bool {
        self.withdrawn.is_empty() && self.set.is_empty()
    }
}

/// A mark has become the best of its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewRecord {
    pub exercise: ExerciseSlug,
    pub kind: RecordKind,
    pub mark: Mark,
    /// The record that it beats; absent for the first, and for one restored because a better one was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Mark>,
    /// An earlier mark is restored, because a better one was withdrawn or now has the same value: nothing new was achieved.
    #[serde(default)]
    pub reestablished: bool,
}

/// A reminder was set, or moved if its revision is above 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderSet {
    pub reminder_id: ReminderId,
    pub revision: u32,
    #[schemars(with = "String")]
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
    #[schemars(with = "String")]
    pub due_at: Timestamp,
    /// The clock's event.
    pub clock_event: EventId,
}
