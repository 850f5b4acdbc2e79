//! The rows of the training log.

use jiff::Timestamp;
use plyo_events::{
    ReminderId, UserId, WorkoutId,
    training::ExerciseSlug,
    workout::{Mark, RecordKind, Workout, WorkoutSummary},
};
use plyo_nats::row;
use serde::{Deserialize, Serialize};

use super::records::Marks;

row! {
    /// The current state of a workout. It is rarely needed again.
    pub(crate) struct WorkoutRow: "workout" (forgotten) {
        [user_id: UserId, workout_id: WorkoutId]
        revision: u32,
        started_at: Timestamp,
        body: Workout as packed,
        summary: WorkoutSummary as packed,
    }
}

row! {
    /// A workout's best values for one exercise: grams, or repetitions.
    pub(crate) struct MarkRow: "mark" {
        [user_id: UserId, exercise: ExerciseSlug as text, workout_id: WorkoutId]
        achieved_at: Timestamp,
        max_load: Option<u64>,
        one_rep_max: Option<u64>,
        max_reps: Option<u64>,
    }
}

/// An exercise of a user.
pub(crate) type Lift = (UserId, ExerciseSlug);

impl MarkRow {
    pub(crate) fn new(
        user_id: UserId,
        exercise: ExerciseSlug,
        workout_id: WorkoutId,
        achieved_at: Timestamp,
        Marks { max_load, one_rep_max, max_reps }: Marks,
    ) -> Self {
        Self { user_id, exercise, workout_id, achieved_at, max_load, one_rep_max, max_reps }
    }

    pub(crate) fn mark(&self, kind: RecordKind) -> Option<Mark> {
        let marks = Marks { max_load: self.max_load, one_rep_max: self.one_rep_max, max_reps: self.max_reps };
        let mark = |value| Mark { workout_id: self.workout_id, value, achieved_at: self.achieved_at };
        marks.get(kind).map(mark)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReminderStatus {
    Active,
    Cancelled,
    Fired,
}

row! {
    pub(crate) struct ReminderRow: "reminder" {
        [user_id: UserId, reminder_id: ReminderId]
        revision: u32,
        due_at: Timestamp,
        status: ReminderStatus as text,
    }
}

row! {
    /// The number of a user's pending reminders.
    pub(crate) struct AgendaRow: "agenda" {
        [user_id: UserId]
        active: u32,
    }
}
