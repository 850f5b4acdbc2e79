//! A workout's marks, the records that follow from them, and how a change affects them.
//!
//! The record of a lift is its first mark in this order: higher value, then earlier start, then lower workout id. So
//! records depend only on the workouts, not on the order in which they were logged, and a workout that was logged,
//! corrected and deleted leaves no trace in them.
//!
//! An equal value never sets a new record. If a mark of equal value comes first in the order, because it was logged late or
//! the one above it moved, the change names the new holder as `reestablished`.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
};

use jiff::Timestamp;
use plyo_events::{
    WorkoutId,
    training::{ExerciseSlug, Load, Reps},
    workout::{Mark, NewRecord, Record, RecordChanges, RecordKind, Set, Workout},
};
use plyo_exercises::epley;

use super::to_microsecond;

/// The kinds of records of a lift, in the order of announcement.
pub(crate) const KINDS: [RecordKind; 3] = [RecordKind::MaxLoad, RecordKind::EstimatedOneRepMax, RecordKind::MaxReps];

/// A workout's best value of each kind for one exercise, in grams or repetitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub max_load: Option<u64>,
    pub one_rep_max: Option<u64>,
    pub max_reps: Option<u64>,
}

impl Marks {
    pub(crate) const fn get(&self, kind: RecordKind) -> Option<u64> {
        match kind {
            RecordKind::MaxLoad => self.max_load,
            RecordKind::EstimatedOneRepMax => self.one_rep_max,
            RecordKind::MaxReps => self.max_reps,
        }
    }

    const fn of(&mut self, kind: RecordKind) -> &mut Option<u64> {
        match kind {
            RecordKind::MaxLoad => &mut self.max_load,
            RecordKind::EstimatedOneRepMax => &mut self.one_rep_max,
            RecordKind::MaxReps => &mut self.max_reps,
        }
    }
}

/// The marks of a workout, by exercise; exercises without marks are omitted.
pub(crate) fn marks(workout: &Workout) -> BTreeMap<ExerciseSlug, Marks> {
    let mut marks: BTreeMap<ExerciseSlug, Marks> = BTreeMap::new();
    for entry in &workout.exercises {
        for (kind, value) in entry.sets.iter().flat_map(values) {
            if !marks.contains_key(&entry.exercise) {
                marks.insert(entry.exercise.clone(), Marks::default());
            }
            let Some(marks) = marks.get_mut(&entry.exercise) else { continue };
            let best = marks.of(kind);
            *best = (*best).max(Some(value));
        }
    }
    marks
}

/// When a workout's marks were achieved: at its start.
pub(crate) fn achieved_at(workout: &Workout) -> Timestamp {
    to_microsecond(workout.started_at.at())
}

/// Which of two marks comes first in the order.
pub(crate) fn in_order(a: &Mark, b: &Mark) -> Ordering {
    let rank = |mark: &Mark| (Reverse(mark.value), mark.achieved_at, mark.workout_id);
    rank(a).cmp(&rank(b))
}

fn better(a: Mark, b: Mark) -> Mark {
    if in_order(&a, &b).is_le() { a } else { b }
}

/// How a change of a workout affects one lift.
pub(crate) struct Change<'a> {
    pub exercise: &'a ExerciseSlug,
    pub kind: RecordKind,
    /// The previous record, whoever holds it.
    pub before: Option<Mark>,
    /// The new mark of the workout.
    pub own: Option<Mark>,
    /// The best mark of all other workouts.
    pub others: Option<Mark>,
}

/// How a change of a workout affects the records of its lifts.
pub(crate) fn changes<'a>(workout_id: WorkoutId, changes: impl Iterator<Item = Change<'a>>) -> RecordChanges {
    let mut records = RecordChanges::default();
    for change in changes {
        let (falls, stands) = compare(workout_id, change);
        records.withdrawn.extend(falls);
        records.set.extend(stands);
    }
    records
}

/// The record that is withdrawn, if the workout held it and now has less, and its replacement.
fn compare(workout_id: WorkoutId, change: Change<'_>) -> (Option<Record>, Option<NewRecord>) {
    let Change { exercise, kind, before, own, others } = change;
    let after = match (own.clone(), others.clone()) {
        (Some(own), Some(others)) => Some(better(own, others)),
        (own, others) => own.or(others),
    };
    if after == before {
        return (None, None);
    }
    let bears = |held: &Mark| own.as_ref().is_some_and(|own| own.value >= held.value);
    let falls = |held: &Mark| held.workout_id == workout_id && !bears(held);
    let (withdrawn, standing) = match before {
        Some(held) if falls(&held) => (Some(Record { exercise: exercise.clone(), kind, mark: held }), others),
        before => (None, before),
    };
    let set = after.map(|mark| {
        let is_new = standing.as_ref().is_none_or(|standing| standing.value < mark.value);
        let previous = standing.filter(|_| is_new);
        NewRecord { exercise: exercise.clone(), kind, mark, previous, reestablished: !is_new }
    });
    (withdrawn, set)
}

/// The values of one set.
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

/// By Epley's formula for up to 12 repetitions: above, it overestimates too much for a record.
fn estimated_one_rep_max(grams: u64, reps: Reps) -> Option<u64> {
    let reps = u32::from(reps);
    (reps <= 12).then(|| epley::one_rep_max(grams, reps))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(reps: u32, load: &str) -> Set {
        let load = (!load.is_empty()).then(|| serde_json::from_str(load).unwrap());
        Set { reps: Some(reps.try_into().unwrap()), load, duration_s: None, rpe: None }
    }

    #[test]
    fn one_repetition_is_its_own_maximum_and_more_than_twelve_estimate_none() {
        let estimate = |grams, reps: u32| estimated_one_rep_max(grams, reps.try_into().unwrap());
        assert_eq!(estimate(100_000, 1), Some(100_000));
        assert_eq!(estimate(100_000, 5), Some(116_667));
        assert_eq!(estimate(100_000, 12), Some(140_000));
        assert_eq!(estimate(100_000, 13), None);
    }

    #[test]
    fn a_set_has_a_load_to_beat_or_repetitions_but_not_both() {
        let kinds = |set: Set| values(&set).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
        assert_eq!(kinds(set(5, r#"{"kg":100}"#)), [RecordKind::MaxLoad, RecordKind::EstimatedOneRepMax]);
        assert_eq!(kinds(set(20, r#"{"lb":100}"#)), [RecordKind::MaxLoad]);
        assert_eq!(kinds(set(20, "")), [RecordKind::MaxReps]);
        assert_eq!(kinds(set(20, r#"{"kg":0}"#)), [RecordKind::MaxReps]);
        assert_eq!(kinds(Set { reps: None, ..set(20, r#"{"kg":40}"#) }), []);
    }
}
