//! The workout service: the training log, personal records, workout reminders.

use jiff::{SignedDuration, Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    EventId, Query, RejectCode, ReminderId, UserId, Violation, WorkoutId,
    query::Page,
    reject::INVALID_CURSOR,
    training::{ExerciseSlug, Load, LocalTime, MAX_SETS, Reps, Rpe, Seconds},
};

/// What was done: exercises in order, each with its sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workout {
    /// When it began, with the local UTC offset.
    pub started_at: LocalTime,
    /// When it ended; not before it began, at most 24 h after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<LocalTime>,
    /// 1 to 50 exercises with at most 500 sets altogether.
    #[schemars(length(min = 1, max = 50))]
    pub exercises: Vec<ExerciseEntry>,
}

/// One exercise of a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExerciseEntry {
    pub exercise: ExerciseSlug,
    #[schemars(length(min = 1))]
    pub sets: Vec<Set>,
}

/// One set: repetitions, or a duration for a hold or a carry, or both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Set {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reps: Option<Reps>,
    /// Absent for body weight alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpe: Option<Rpe>,
}

/// What others need to know of a workout without its sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutSummary {
    /// The local date on which it began.
    #[schemars(with = "String")]
    pub local_date: Date,
    pub sets: u32,
    pub reps: u32,
    /// Load × repetitions summed over the sets, in grams.
    pub tonnage_g: u64,
    /// Seconds from start to end; absent when no end was logged.
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

    /// The rules that no single field can hold. `now` bounds the start: a workout lies at most a day ahead (clocks differ).
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

pub const WORKOUT_NOT_FOUND: RejectCode = RejectCode::not_found("workout_not_found", "there is no such workout");
pub const UNKNOWN_EXERCISE: RejectCode = RejectCode::invalid("unknown_exercise", "there is no such exercise");
pub const TOO_MANY_REMINDERS: RejectCode =
    RejectCode::conflict("too_many_reminders", "at most 100 reminders can be to come; cancel one first");
pub const INVALID_DUE_AT: RejectCode = RejectCode::invalid("invalid_due_at", "due_at must lie ahead, at most 366 days");
pub const REMINDER_NOT_FOUND: RejectCode = RejectCode::not_found("reminder_not_found", "there is no such reminder");
/// A reminder that was cancelled or has come cannot be moved or cancelled.
pub const REMINDER_NOT_ACTIVE: RejectCode =
    RejectCode::conflict("reminder_not_active", "this reminder was cancelled or has come; set a new one");

// Commands. A workout's id is the id of the command that logged it; a reminder's that of the command that set it.

/// Log a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LogWorkout {
    pub workout: Workout,
}

/// Replace what a workout says by what is right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CorrectWorkout {
    pub workout_id: WorkoutId,
    pub workout: Workout,
}

/// Take a workout back as if it had never been logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeleteWorkout {
    pub workout_id: WorkoutId,
}

/// Remind me to train. At most 100 days ahead is usual; at most 366 is allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetReminder {
    #[schemars(with = "String")]
    pub due_at: Timestamp,
}

/// Remind me at another time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MoveReminder {
    pub reminder_id: ReminderId,
    #[schemars(with = "String")]
    pub due_at: Timestamp,
}

/// Do not remind me.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CancelReminder {
    pub reminder_id: ReminderId,
}

// Results of commands.

/// What logging, correcting or deleting a workout answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutSaved {
    pub workout_id: WorkoutId,
    /// 1 when logged, one more with each correction.
    pub revision: u32,
}

/// What setting, moving or cancelling a reminder answers.
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

/// A workout says something else now. `before` is what it summed up to, so that a reader can take it back without having kept it.
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

/// A workout was taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutDeleted {
    pub workout_id: WorkoutId,
    pub before: WorkoutSummary,
    #[serde(default, skip_serializing_if = "RecordChanges::is_empty")]
    pub records: RecordChanges,
}

/// What a personal record is a record of.
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

/// A mark: the best value of its kind that one workout has for one exercise.
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

/// What logging, correcting or deleting a workout does to the personal records. Absent where it does nothing to them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordChanges {
    /// Records of this workout that do not stand any more, by exercise and kind, one each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<Record>,
    /// What is the best of its kind now, by exercise and kind, one each: what this workout betters, and what stands again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<NewRecord>,
}

impl RecordChanges {
    pub const fn is_empty(&self) -> bool {
        self.withdrawn.is_empty() && self.set.is_empty()
    }
}

/// A mark is the best of its kind now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewRecord {
    pub exercise: ExerciseSlug,
    pub kind: RecordKind,
    pub mark: Mark,
    /// The record that it beats; absent for the first, and for one that stands again because a better one was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Mark>,
    /// An earlier mark stands again, because the one above it was withdrawn or has the same value: nothing new was achieved.
    #[serde(default)]
    pub reestablished: bool,
}

/// A reminder is set, or moved when its revision is above 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderSet {
    pub reminder_id: ReminderId,
    pub revision: u32,
    #[schemars(with = "String")]
    pub due_at: Timestamp,
}

/// A reminder will not come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderCancelled {
    pub reminder_id: ReminderId,
    pub revision: u32,
}

/// A reminder came due and still stood: what the clock said, confirmed by the owner of the reminder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderDue {
    pub reminder_id: ReminderId,
    #[schemars(with = "String")]
    pub due_at: Timestamp,
    /// The clock's event.
    pub clock_event: EventId,
}

// Queries.

/// One workout of this user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetWorkout {
    pub user: UserId,
    pub workout_id: WorkoutId,
}

/// A workout as it stands.
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
    const REJECTIONS: &'static [RejectCode] = &[WORKOUT_NOT_FOUND];
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
    const REJECTIONS: &'static [RejectCode] = &[INVALID_CURSOR];
    type Answer = Page<WorkoutView>;
}

/// The standing records of this user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListRecords {
    pub user: UserId,
}

impl Query for ListRecords {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "records";
    type Answer = Vec<Record>;
}

/// The reminders of this user that are still to come, soonest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListReminders {
    pub user: UserId,
}

/// A reminder to come.
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

/// Exercises that a workout can contain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListExercises {}

/// An exercise of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExerciseView {
    pub slug: ExerciseSlug,
    /// English name.
    pub name: String,
}

impl Query for ListExercises {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "exercises";
    type Answer = Vec<ExerciseView>;
}
