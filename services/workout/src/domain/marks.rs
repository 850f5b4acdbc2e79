//! What a workout did best in an exercise, by what the exercise measures.

use std::collections::BTreeMap;

use plyo_events::{
    training::{Distance, ExerciseSlug, Load, Mass, SetKind},
    workout::{RecordKind, Set, Workout},
};
use plyo_exercises::{Measure, epley};

use super::measure::moved;
use crate::exercises::{Exercises, Known};

/// How good a value is among those of its kind: more is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(i64);

impl Rank {
    pub(crate) const fn of(kind: RecordKind, value: u64) -> Self {
        let value = value.cast_signed();
        Self(if kind.is_less_better() { -value } else { value })
    }

    /// As its column has it.
    pub(crate) const fn stored(rank: i64) -> Self {
        Self(rank)
    }

    pub(crate) const fn column(self) -> i64 {
        self.0
    }

    pub(crate) const fn value(self) -> u64 {
        self.0.unsigned_abs()
    }
}

/// How many kinds of records an exercise can have that are told as they happen.
pub(crate) const TOLD: usize = 3;

/// The kinds that are told of an exercise, in the order of announcement.
pub(crate) const fn told(measure: Measure) -> [Option<RecordKind>; TOLD] {
    use RecordKind as K;
    match measure {
        Measure::WeightReps | Measure::BodyweightReps | Measure::AddedBodyweightReps => {
            [Some(K::MaxLoad), Some(K::EstimatedOneRepMax), Some(K::MaxReps)]
        }
        Measure::AssistedBodyweightReps => [Some(K::LeastAssistance), None, None],
        Measure::Reps => [None, None, Some(K::MaxReps)],
        Measure::Duration => [None, None, Some(K::LongestDuration)],
        Measure::WeightDuration => [Some(K::MaxLoad), None, Some(K::LongestDuration)],
        Measure::WeightDistance => [Some(K::MaxLoad), None, Some(K::FarthestDistance)],
        Measure::DistanceDuration => [Some(K::FarthestDistance), None, Some(K::LongestDuration)],
    }
}

/// The kinds that are told of the exercise of a slug.
pub(crate) fn told_of(exercise: &ExerciseSlug, exercises: Exercises<'_>) -> [Option<RecordKind>; TOLD] {
    exercises.find(exercise).map_or([None; TOLD], |exercise| told(exercise.measure))
}

/// A kind of value that is only listed: one for each number of repetitions, for each distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listed {
    /// Heaviest load for so many repetitions, 1 to 15, which also stands for more.
    LoadForReps(u8),
    SetVolume,
    ExerciseVolume,
    /// Best pace over a distance of [`DISTANCES`].
    Pace(u8),
}

/// How many numbers of repetitions have a heaviest load of their own.
pub(crate) const MAX_COUNTED_REPS: u32 = 15;

/// What paces are compared over, in centimetres: a run competes for each that it is as long as.
pub(crate) const DISTANCES: [u64; 10] = [
    10_000, 40_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
    // A half marathon and a marathon, to the metre.
    2_109_800, 4_219_500, 10_000_000,
];

impl Listed {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::LoadForReps(reps) => reps,
            Self::SetVolume => 32,
            Self::ExerciseVolume => 33,
            Self::Pace(index) => 64 + index,
        }
    }

    pub(crate) const fn of(code: u8) -> Option<Self> {
        match code {
            1..=15 => Some(Self::LoadForReps(code)),
            32 => Some(Self::SetVolume),
            33 => Some(Self::ExerciseVolume),
            64.. if ((code - 64) as usize) < DISTANCES.len() => Some(Self::Pace(code - 64)),
            _ => None,
        }
    }

    pub(crate) const fn kind(self) -> RecordKind {
        match self {
            Self::LoadForReps(_) => RecordKind::MaxLoadForReps,
            Self::SetVolume => RecordKind::SetVolume,
            Self::ExerciseVolume => RecordKind::ExerciseVolume,
            Self::Pace(_) => RecordKind::BestPace,
        }
    }

    pub(crate) fn distance(self) -> Option<Distance> {
        let Self::Pace(index) = self else { return None };
        DISTANCES.get(usize::from(index)).and_then(|centimetres| Distance::km(*centimetres as f64 / 100_000.0).ok())
    }
}

/// The values of a workout that are only listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listing(pub BTreeMap<Listed, Rank>);

/// A workout's best values for one exercise.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Marks {
    /// Of the kinds of [`told`].
    pub told: [Option<Rank>; TOLD],
    pub listing: Listing,
}

impl Marks {
    fn is_empty(&self) -> bool {
        self.told == [None; TOLD] && self.listing.0.is_empty()
    }

    fn offer(&mut self, exercise: Known, kind: RecordKind, value: u64) {
        let place = told(exercise.measure).iter().position(|told| *told == Some(kind));
        if let Some(best) = place.and_then(|place| self.told.get_mut(place)) {
            *best = (*best).max(Some(Rank::of(kind, value)));
        }
    }

    fn list(&mut self, listed: Listed, value: u64) {
        let rank = Rank::of(listed.kind(), value);
        self.listing.0.entry(listed).and_modify(|best| *best = rank.max(*best)).or_insert(rank);
    }
}

/// The marks of a workout, by exercise; exercises without marks are omitted. `body` is what counts for the body's weight.
pub(crate) fn marks(workout: &Workout, body: Option<Load>, exercises: Exercises<'_>) -> BTreeMap<ExerciseSlug, Marks> {
    let mut all: BTreeMap<ExerciseSlug, Marks> = BTreeMap::new();
    let mut volumes: BTreeMap<&ExerciseSlug, Mass> = BTreeMap::new();
    for entry in &workout.exercises {
        let Some(exercise) = exercises.find(&entry.exercise) else { continue };
        let mut marks = all.remove(&entry.exercise).unwrap_or_default();
        let volume = volumes.entry(&entry.exercise).or_default();
        for set in entry.sets.iter().filter(|set| set.kind.competes()) {
            *volume = volume.plus(try_set(&mut marks, exercise, set, body));
        }
        if *volume != Mass::default() {
            marks.list(Listed::ExerciseVolume, volume.grams());
        }
        if !marks.is_empty() {
            all.insert(entry.exercise.clone(), marks);
        }
    }
    all
}

/// Offers what a set did, and returns its volume.
fn try_set(marks: &mut Marks, exercise: Known, set: &Set, body: Option<Load>) -> Mass {
    use RecordKind as K;
    let load = set.load.map_or(0, Load::grams);
    let seconds = set.duration_s.map(u32::from);
    let centimetres = set.distance.map(Distance::centimetres);
    match exercise.measure {
        Measure::Duration | Measure::WeightDuration | Measure::DistanceDuration | Measure::WeightDistance => {
            if load > 0 {
                marks.offer(exercise, K::MaxLoad, load);
            }
            if let Some(seconds) = seconds {
                marks.offer(exercise, K::LongestDuration, seconds.into());
            }
            if let Some(centimetres) = centimetres {
                marks.offer(exercise, K::FarthestDistance, centimetres);
            }
            if let (Measure::DistanceDuration, Some(centimetres), Some(seconds)) =
                (exercise.measure, centimetres, seconds)
            {
                // Milliseconds per kilometre.
                let pace = (u64::from(seconds) * 100_000_000 + centimetres / 2) / centimetres.max(1);
                let reached = (0_u8..).zip(DISTANCES).take_while(|(_, distance)| *distance <= centimetres);
                reached.for_each(|(index, _)| marks.list(Listed::Pace(index), pace));
            }
            Mass::default()
        }
        Measure::WeightReps
        | Measure::BodyweightReps
        | Measure::AddedBodyweightReps
        | Measure::AssistedBodyweightReps
        | Measure::Reps => {
            let reps = set.reps();
            if reps == 0 || set.kind == SetKind::Isometric {
                return Mass::default();
            }
            if exercise.measure == Measure::AssistedBodyweightReps {
                marks.offer(exercise, K::LeastAssistance, load);
            } else if load == 0 {
                marks.offer(exercise, K::MaxReps, reps.into());
            } else {
                marks.offer(exercise, K::MaxLoad, load);
                marks.list(Listed::LoadForReps(reps.min(MAX_COUNTED_REPS) as u8), load);
            }
            let once = moved(set, exercise, body);
            if load > 0
                && is_whole(exercise, body)
                && let Some(estimate) = estimated_one_rep_max(once, reps)
            {
                marks.offer(exercise, K::EstimatedOneRepMax, estimate);
            }
            let volume = once.times(reps);
            if volume != Mass::default() {
                marks.list(Listed::SetVolume, volume.grams());
            }
            volume
        }
    }
}

/// Whether all that a repetition moves is known: where the body is the load, only with its weight.
fn is_whole(exercise: Known, body: Option<Load>) -> bool {
    match exercise.measure {
        Measure::BodyweightReps | Measure::AddedBodyweightReps => exercise.body_share.is_some() && body.is_some(),
        _ => true,
    }
}

/// By Epley's formula for up to 12 repetitions: above, it overestimates too much for a record. In grams, to the hundredth of a
/// kilogram.
fn estimated_one_rep_max(load: Mass, reps: u32) -> Option<u64> {
    let (part, whole) = epley::factor(reps);
    (1..=12).contains(&reps).then(|| load.share(part, whole).comparable())
}

#[cfg(test)]
mod tests;
