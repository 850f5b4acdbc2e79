//! What a set has, by the measure of its exercise: which fields it may have, and what it moves.

use plyo_events::{
    Violation,
    training::{Load, Mass, SetKind},
    workout::{ExerciseEntry, Set},
};
use plyo_exercises::Measure;

use crate::exercises::Known;

/// The fields that a measure has; every set has a kind and an RPE.
struct Fields {
    reps: bool,
    load: bool,
    duration: bool,
    distance: bool,
}

const fn fields(measure: Measure) -> Fields {
    let fields = Fields { reps: false, load: false, duration: false, distance: false };
    match measure {
        Measure::WeightReps
        | Measure::BodyweightReps
        | Measure::AddedBodyweightReps
        | Measure::AssistedBodyweightReps => Fields { reps: true, load: true, ..fields },
        Measure::Reps => Fields { reps: true, ..fields },
        Measure::Duration => Fields { duration: true, ..fields },
        Measure::WeightDuration => Fields { load: true, duration: true, ..fields },
        Measure::DistanceDuration => Fields { duration: true, distance: true, ..fields },
        Measure::WeightDistance => Fields { load: true, duration: true, distance: true, ..fields },
    }
}

/// What the sets of an exercise have that its measure does not, by their pointers.
pub(crate) fn violations(index: usize, entry: &ExerciseEntry, exercise: Known) -> Vec<Violation> {
    let (slug, measure) = (&entry.exercise, exercise.measure);
    let Fields { reps, load, duration, distance } = fields(measure);
    let mut found = Vec::new();
    for (place, set) in entry.sets.iter().enumerate() {
        let is_held = set.kind == SetKind::Isometric;
        let there = [
            ("reps", set.reps.is_some(), reps),
            ("load", set.load.is_some(), load),
            ("duration_s", set.duration_s.is_some(), duration || is_held),
            ("distance", set.distance.is_some(), distance),
            ("rir", set.rir.is_some(), reps),
            ("tempo", set.tempo.is_some(), reps),
        ];
        found.extend(there.into_iter().filter(|(_, is_there, is_had)| *is_there && !is_had).map(|(field, ..)| {
            Violation {
                pointer: format!("/exercises/{index}/sets/{place}/{field}"),
                detail: format!("`{slug}` is measured in {measure}, which has no {field}", slug = slug.as_str()),
            }
        }));
    }
    if entry.planned.is_some() && !(reps && load) {
        found.push(Violation {
            pointer: format!("/exercises/{index}/planned"),
            detail: format!("`{}` is measured in {measure}, for which no load and reps can be planned", slug.as_str()),
        });
    }
    found
}

/// What one repetition moves: with the share of the body that moves, as far as its weight is known.
pub(crate) fn moved(set: &Set, exercise: Known, body: Option<Load>) -> Mass {
    let load = set.load.map(Load::mass).unwrap_or_default();
    let moving = exercise.body_share.zip(body);
    let body = moving.map_or(Mass::default(), |(share, weight)| weight.mass().share(share.thousandths.into(), 1_000));
    match exercise.measure {
        Measure::WeightReps => load,
        Measure::BodyweightReps | Measure::AddedBodyweightReps => body.plus(load),
        // What is not known is nothing, and so is what help leaves of it.
        Measure::AssistedBodyweightReps => body.less(load),
        Measure::Reps
        | Measure::Duration
        | Measure::WeightDuration
        | Measure::DistanceDuration
        | Measure::WeightDistance => Mass::default(),
    }
}
