//! What a workout is worth: marks, the records that follow from them, and what a change does to them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use plyo_events::{
    Event, Violation, WorkoutId,
    training::{ExerciseSlug, Load, Reps},
    workout::{Mark, RecordKind, RecordSet, RecordWithdrawn, Set, WithdrawalReason, Workout},
};

use crate::exercises;

/// Marks of one workout: the best value of each kind for each exercise.
pub(crate) type Marks = BTreeMap<(ExerciseSlug, RecordKind), u64>;

/// The rules that a workout must keep: those of its form, and that its exercises exist.
pub(crate) fn violations(workout: &Workout, now: Timestamp) -> Vec<Violation> {
    let mut violations = workout.violations(now);
    for (index, entry) in workout.exercises.iter().enumerate() {
        let slug = entry.exercise.as_str();
        if !exercises::is_known(slug) {
            let pointer = format!("/exercises/{index}/exercise");
            violations.push(Violation { pointer, detail: format!("there is no exercise `{slug}`") });
        }
    }
    violations
}

/// The best value of each kind that a workout has.
pub(crate) fn marks(workout: &Workout) -> Marks {
    let mut marks = Marks::new();
    for entry in &workout.exercises {
        for (kind, value) in entry.sets.iter().flat_map(values) {
            let best = marks.entry((entry.exercise.clone(), kind)).or_default();
            *best = (*best).max(value);
        }
    }
    marks
}

/// When a workout's marks were achieved, to the microsecond that Postgres keeps.
pub(crate) fn achieved_at(workout: &Workout) -> Timestamp {
    to_microsecond(workout.started_at.at())
}

pub(crate) fn to_microsecond(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

/// The values that one set has.
fn values(set: &Set) -> Vec<(RecordKind, u64)> {
    let Some(reps) = set.reps else { return Vec::new() };
    match set.load.map_or(0, Load::grams) {
        0 => vec![(RecordKind::MaxReps, u64::from(u32::from(reps)))],
        grams => {
            let mut values = vec![(RecordKind::MaxLoad, grams)];
            values.extend(estimated_one_rep_max(grams, reps).map(|value| (RecordKind::EstimatedOneRepMax, value)));
            values
        }
    }
}

/// Load × (1 + reps / 30) in whole grams, for 2 to 12 repetitions; the load itself for one (Epley 1985). Above 12 the
/// formula overestimates too much to call its result a record.
fn estimated_one_rep_max(grams: u64, reps: Reps) -> Option<u64> {
    match u64::from(u32::from(reps)) {
        1 => Some(grams),
        reps @ 2..=12 => Some((grams * (30 + reps) + 15) / 30),
        _ => None,
    }
}

/// What one change of one workout does to one lift: what stood before, and what stands after.
pub(crate) struct Change<'a> {
    pub exercise: &'a ExerciseSlug,
    pub kind: RecordKind,
    pub workout_id: WorkoutId,
    pub before: Option<Mark>,
    pub after: Option<Mark>,
    /// Why a record of this workout may fall; `None` when it is logged.
    pub reason: Option<WithdrawalReason>,
}

/// The order of marks: the higher value first, of equal ones the earlier.
pub(crate) fn better(a: &Mark, b: &Mark) -> bool {
    (std::cmp::Reverse(a.value), a.achieved_at, a.workout_id)
        < (std::cmp::Reverse(b.value), b.achieved_at, b.workout_id)
}

/// The events that tell of it. A record that its own workout betters, or that another mark comes before, is no
/// withdrawal; one that its workout does not bear any more is.
pub(crate) fn announce(change: Change<'_>) -> Vec<Event> {
    let Change { exercise, kind, workout_id, before, after, reason } = change;
    if before == after {
        return Vec::new();
    }
    let record = |mark, previous, reestablished| {
        Event::from(RecordSet { exercise: exercise.clone(), kind, mark, previous, reestablished })
    };
    let falls =
        |held: &Mark| held.workout_id == workout_id && after.as_ref().is_none_or(|mark| mark.value < held.value);
    match (before, reason) {
        (Some(held), Some(reason)) if falls(&held) => {
            let withdrawn = RecordWithdrawn { exercise: exercise.clone(), kind, mark: held, reason };
            let next = after.map(|mark| {
                let reestablished = mark.workout_id != workout_id;
                record(mark, None, reestablished)
            });
            std::iter::once(Event::from(withdrawn)).chain(next).collect()
        }
        // Of equal value, from another workout: the one that stood keeps its announcement when its own one moves back.
        (before, _) => after.map(|mark| record(mark, before, false)).into_iter().collect(),
    }
}
