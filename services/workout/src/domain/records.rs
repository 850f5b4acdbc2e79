//! The records that follow from the marks of workouts, and how a change affects them.
//!
//! The record of a lift is its first mark in this order: better value, then earlier start, then logged earlier, then lower
//! workout id. So a workout that was logged, corrected and deleted leaves no trace in the records.
//!
//! An equal value never sets a new record. If a mark of equal value comes first in the order, because it was logged late or
//! the one above it moved, the change names the new holder as `reestablished`.

use std::cmp::Reverse;

use jiff::Timestamp;
use plyo_events::{
    WorkoutId,
    training::ExerciseSlug,
    workout::{Mark, NewRecord, Record, RecordChanges, RecordKind, Workout},
};

use super::{marks::Rank, to_microsecond};

/// When a workout's marks were achieved: at its start.
pub(crate) fn achieved_at(workout: &Workout) -> Timestamp {
    to_microsecond(workout.started_at.at())
}

/// A mark of one kind, as it competes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub rank: Rank,
    pub achieved_at: Timestamp,
    pub logged_at: Timestamp,
    pub workout_id: WorkoutId,
}

impl Held {
    /// Which of two comes first: the lesser.
    pub(crate) const fn order(&self) -> (Reverse<Rank>, Timestamp, Timestamp, WorkoutId) {
        (Reverse(self.rank), self.achieved_at, self.logged_at, self.workout_id)
    }

    pub(crate) const fn mark(&self) -> Mark {
        Mark { workout_id: self.workout_id, value: self.rank.value(), achieved_at: self.achieved_at }
    }
}

/// How a change of a workout affects one lift.
pub(crate) struct Change<'a> {
    pub exercise: &'a ExerciseSlug,
    pub kind: RecordKind,
    /// The previous record, whoever holds it.
    pub before: Option<Held>,
    /// The new mark of the workout.
    pub own: Option<Held>,
    /// The best mark of all other workouts.
    pub others: Option<Held>,
}

/// How a change of a workout affects the records of its lifts.
pub(crate) fn changes<'a>(workout_id: WorkoutId, changes: impl Iterator<Item = Change<'a>>) -> RecordChanges {
    let mut records = RecordChanges::default();
    for change in changes {
        let (falls, stands) = compare(workout_id, &change);
        records.withdrawn.extend(falls);
        records.set.extend(stands);
    }
    records
}

/// The record that is withdrawn, if the workout held it and now has less, and its replacement.
fn compare(workout_id: WorkoutId, change: &Change<'_>) -> (Option<Record>, Option<NewRecord>) {
    let Change { exercise, kind, before, own, others } = *change;
    let after = own.into_iter().chain(others).min_by_key(Held::order);
    if after == before {
        return (None, None);
    }
    let bears = |held: &Held| own.is_some_and(|own| own.rank >= held.rank);
    let falls = |held: &Held| held.workout_id == workout_id && !bears(held);
    let (withdrawn, standing) = match before {
        Some(held) if falls(&held) => (Some(Record { exercise: exercise.clone(), kind, mark: held.mark() }), others),
        before => (None, before),
    };
    let set = after.map(|held| {
        let is_new = standing.is_none_or(|standing| standing.rank < held.rank);
        let previous = standing.filter(|_| is_new).map(|standing| standing.mark());
        NewRecord {
            exercise: exercise.clone(),
            kind,
            mark: held.mark(),
            previous,
            reestablished: !is_new,
            doubtful: false,
        }
    });
    (withdrawn, set)
}
