//! How hard a set feels, asked before it is done: the sets before it in the session are known, as they are in a live log.

use std::collections::BTreeMap;

use plyo_events::training::ExerciseSlug;

use super::{COACH, Cases, Setup, add, first_scored};
use crate::{
    domain::{
        event::Workout,
        models::effort::Effort,
        state::{Training, training::tries},
    },
    evaluation::log::Person,
};

/// Rated sets that a person must have to be scored; easier sets are seldom rated and not scored.
const MIN_SETS: usize = 300;
const MIN_RPE: f64 = 5.0;

/// What the simple rules know of a person.
pub(super) struct Efforts {
    /// `usize::MAX` when the person rates too few sets.
    first_scored: usize,
    all: Vec<f64>,
    by_exercise: BTreeMap<ExerciseSlug, Vec<f64>>,
}

impl Efforts {
    pub(super) fn new(person: &Person) -> Self {
        let rated =
            |workout: &Workout| workout.exercises.iter().flat_map(tries).filter(|(_, rpe)| *rpe >= MIN_RPE).count();
        let rated: Vec<usize> = person.workouts.iter().map(rated).collect();
        let telling: Vec<usize> = (0..rated.len()).filter(|number| rated[*number] > 0).collect();
        let is_enough = rated.iter().sum::<usize>() >= MIN_SETS;
        let first_scored = telling.get(first_scored(telling.len())).filter(|_| is_enough).copied();
        Self { first_scored: first_scored.unwrap_or(usize::MAX), all: Vec::new(), by_exercise: BTreeMap::new() }
    }

    pub(super) fn score(
        &mut self,
        number: usize,
        workout: &Workout,
        training: &Training,
        setup: &Setup<'_>,
        cases: &mut Cases,
    ) {
        let start = &setup.global.settings.effort;
        for performed in &workout.exercises {
            let mut effort = training.lifts.get(&performed.exercise).and_then(|lift| lift.effort.clone());
            let of_exercise = self.by_exercise.entry(performed.exercise.clone()).or_default();
            for (set, rpe) in tries(performed) {
                if rpe < MIN_RPE {
                    continue;
                }
                if let (Some(effort), Some(last)) =
                    (effort.as_ref().filter(|_| number >= self.first_scored), of_exercise.last())
                {
                    let latest = &of_exercise[of_exercise.len().saturating_sub(8)..];
                    add(cases, "rpe_mae", COACH, (effort.expected(&set) - rpe).abs());
                    add(cases, "rpe_mae", "user_mean", (mean(&self.all) - rpe).abs());
                    add(cases, "rpe_mae", "exercise_mean_of_eight", (mean(latest) - rpe).abs());
                    add(cases, "rpe_mae", "exercise_last", (last - rpe).abs());
                }
                self.all.push(rpe);
                of_exercise.push(rpe);
                match &mut effort {
                    Some(effort) => effort.observe(start, &set, rpe),
                    None => effort = Some(Effort::new(start, &set, rpe)),
                }
            }
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
