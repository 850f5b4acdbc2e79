//! The current records of somebody, from all marks: those that were told as they happened, and those that are only listed.

use std::collections::BTreeMap;

use plyo_events::{
    training::ExerciseSlug,
    workout::{RecordKind, RecordView},
};

use super::{
    marks::{self, Listed, MAX_COUNTED_REPS, TOLD},
    records::Held,
    rows::MarkRow,
};
use crate::exercises::Exercises;

/// By exercise and kind; the volume of a whole workout last. `sessions` has what each workout moved.
pub(crate) fn current(
    marks: &[MarkRow],
    sessions: impl Iterator<Item = Held>,
    exercises: Exercises<'_>,
) -> Vec<RecordView> {
    let mut lifts: BTreeMap<&ExerciseSlug, Lift> = BTreeMap::new();
    for row in marks {
        let lift = lifts.entry(exercises.now(&row.exercise)).or_default();
        (0..TOLD).for_each(|place| lift.told[place] = better(lift.told[place], row.held(place)));
        for (listed, rank) in &row.listing.0 {
            let best = lift.listed.entry(*listed).or_insert_with(|| row.with(*rank));
            *best = better(Some(*best), Some(row.with(*rank))).unwrap_or(*best);
        }
    }
    let mut records: Vec<RecordView> =
        lifts.into_iter().flat_map(|(exercise, lift)| lift.records(exercise, exercises)).collect();
    let session = sessions.filter(|held| held.rank.value() > 0).min_by_key(Held::order);
    records.extend(session.map(|held| view(None, RecordKind::SessionVolume, held)));
    records
}

#[derive(Default)]
struct Lift {
    told: [Option<Held>; TOLD],
    listed: BTreeMap<Listed, Held>,
}

impl Lift {
    fn records(mut self, exercise: &ExerciseSlug, exercises: Exercises<'_>) -> Vec<RecordView> {
        let kinds = marks::told_of(exercise, exercises).into_iter().zip(self.told);
        let mut records: Vec<_> = kinds.filter_map(|(kind, held)| Some(view(Some(exercise), kind?, held?))).collect();
        self.drop_what_is_beaten();
        records.extend(self.listed.into_iter().map(|(listed, held)| RecordView {
            reps: match listed {
                Listed::LoadForReps(reps) => Some(reps.into()),
                _ => None,
            },
            distance: listed.distance(),
            ..view(Some(exercise), listed.kind(), held)
        }));
        records
    }

    /// A load that was also moved for more repetitions is no record of fewer.
    fn drop_what_is_beaten(&mut self) {
        let mut best: Option<Held> = None;
        let beaten: Vec<Listed> = (1..=MAX_COUNTED_REPS as u8)
            .rev()
            .map(Listed::LoadForReps)
            .filter(|listed| {
                let Some(held) = self.listed.get(listed) else { return false };
                let is_beaten = best.is_some_and(|best| best.rank >= held.rank);
                best = better(best, Some(*held));
                is_beaten
            })
            .collect();
        beaten.iter().for_each(|listed| {
            self.listed.remove(listed);
        });
    }
}

fn better(one: Option<Held>, other: Option<Held>) -> Option<Held> {
    one.into_iter().chain(other).min_by_key(Held::order)
}

fn view(exercise: Option<&ExerciseSlug>, kind: RecordKind, held: Held) -> RecordView {
    RecordView { exercise: exercise.cloned(), kind, reps: None, distance: None, mark: held.mark() }
}
