//! Loads that were probably mistyped: they are kept as they are, and asked about in the answer.

use plyo_events::{
    UserId, WorkoutId,
    training::Load,
    workout::{Doubt, ExerciseEntry, RecordChanges, RecordKind, Workout},
};

use super::{marks, state::State};

/// A load that is so many times the heaviest one known is asked about: 846 for 84.6 is, and so are pounds for kilograms once
/// somebody trains.
const TIMES: u64 = 2;
/// And that is so many grams more: from an empty bar it is not far to three times as much.
const MORE: u64 = 50_000;
/// Where none is known, a load above every lift that was ever made, in grams.
const EVER: u64 = 600_000;

/// The sets whose load is doubtful, one of each exercise at most: the heaviest.
pub(crate) fn doubts(state: &State, user: UserId, workout_id: WorkoutId, workout: &Workout) -> Vec<Doubt> {
    let mut doubts: Vec<Doubt> = Vec::new();
    for (index, entry) in workout.exercises.iter().enumerate() {
        let kinds = marks::told_of(&entry.exercise, state.exercises(user));
        let Some(place) = kinds.iter().position(|kind| *kind == Some(RecordKind::MaxLoad)) else { continue };
        let sets = entry.sets.iter().enumerate();
        let heaviest =
            sets.filter_map(|(at, set)| Some((set.load.map(Load::grams)?, at))).max_by_key(|(load, _)| *load);
        let Some((load, at)) = heaviest.filter(|(load, _)| *load >= MORE) else { continue };
        let known = state.best(user, &entry.exercise, place, Some(workout_id)).map(|held| held.rank.value());
        let is_doubtful = known.map_or(load > EVER, |known| load > TIMES * known && load >= known + MORE);
        if is_doubtful {
            doubts.push(Doubt { pointer: format!("/exercises/{index}/sets/{at}/load"), value: load, known });
        }
    }
    doubts
}

/// Marks the records that rest on a doubtful load, since nobody is congratulated on a typing error.
pub(crate) fn mark(records: &mut RecordChanges, workout: &Workout, doubts: &[Doubt]) {
    let is_doubted = |(index, _): &(usize, &ExerciseEntry)| {
        let place = format!("/exercises/{index}/");
        doubts.iter().any(|doubt| doubt.pointer.starts_with(&place))
    };
    let doubted: Vec<_> = workout.exercises.iter().enumerate().filter(is_doubted).map(|(_, entry)| entry).collect();
    for record in records.set.iter_mut().filter(|record| !record.reestablished) {
        let rests_on_load = matches!(record.kind, RecordKind::MaxLoad | RecordKind::EstimatedOneRepMax);
        record.doubtful = rests_on_load && doubted.iter().any(|entry| entry.exercise == record.exercise);
    }
}
