//! The rows of the training log.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use plyo_events::{
    CustomExerciseId, ReminderId, UserId, WorkoutId,
    training::{BodyWeight, ExerciseSlug},
    workout::{CustomExercise, Workout, WorkoutSummary},
};
use plyo_nats::row;
use serde::{Deserialize, Serialize};

use super::{
    marks::{Listing, Marks, Rank, TOLD},
    records::Held,
};

row! {
    /// The current state of a workout. It is rarely needed again.
    pub(crate) struct WorkoutRow: "workout" (forgotten) {
        [user_id: UserId, workout_id: WorkoutId]
        revision: u32,
        started_at: Timestamp,
        logged_at: Timestamp,
        body: Workout as packed,
        summary: WorkoutSummary as packed,
    }
}

row! {
    /// A workout's best values for one exercise. Which kinds the first, the second and the third are of is said by the measure
    /// of the exercise, see [`super::marks::told`].
    pub(crate) struct MarkRow: "mark" {
        [user_id: UserId, exercise: ExerciseSlug as text, workout_id: WorkoutId]
        achieved_at: Timestamp,
        logged_at: Timestamp,
        first: Option<Rank>,
        second: Option<Rank>,
        third: Option<Rank>,
        listing: Listing,
    }
}

/// An exercise of a user.
pub(crate) type Lift = (UserId, ExerciseSlug);

impl MarkRow {
    pub(crate) fn new(row: &WorkoutRow, exercise: ExerciseSlug, Marks { told, listing }: Marks) -> Self {
        let WorkoutRow { user_id, workout_id, started_at: achieved_at, logged_at, .. } = *row;
        let [first, second, third] = told;
        Self { user_id, exercise, workout_id, achieved_at, logged_at, first, second, third, listing }
    }

    /// In this of the [`TOLD`] places.
    pub(crate) fn held(&self, place: usize) -> Option<Held> {
        let ranks: [Option<Rank>; TOLD] = [self.first, self.second, self.third];
        ranks.get(place).copied().flatten().map(|rank| self.with(rank))
    }

    pub(crate) const fn with(&self, rank: Rank) -> Held {
        Held { rank, achieved_at: self.achieved_at, logged_at: self.logged_at, workout_id: self.workout_id }
    }
}

row! {
    /// What somebody weighed in a year, by date.
    pub(crate) struct BodyRow: "body" {
        [user_id: UserId, year: u32]
        days: BTreeMap<Date, BodyWeight> as packed,
    }
}

/// An exercise of somebody's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub revision: u32,
    pub exercise: CustomExercise,
    pub archived: bool,
    pub merged_into: Option<ExerciseSlug>,
}

impl Kept {
    /// Whether it is offered.
    pub(crate) const fn is_offered(&self) -> bool {
        !self.archived && self.merged_into.is_none()
    }
}

row! {
    /// All exercises of somebody's own: every change compares them, and they are few.
    pub(crate) struct CustomRow: "custom_exercise" {
        [user_id: UserId]
        exercises: BTreeMap<CustomExerciseId, Kept> as packed,
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
