//! The next load of a top set whose repetitions are known, and the first load of an exercise that was never done.

use std::collections::BTreeMap;

use plyo_events::training::ExerciseSlug;

use super::{COACH, Cases, Setup, add, counts, first_scored, share};
use crate::{
    domain::{
        event::{Performed, Workout},
        exercise::{Exercises, Loading},
        models::{experts::Expert, strength::epley, time::minutes_of},
        profile::Experience,
        recommend::first_load,
        state::{Ask, Knowledge, TopSet, Training},
    },
    evaluation::log::Person,
};

/// Sessions that an exercise must have in the log, and before a case, to be scored.
const MIN_SESSIONS: usize = 6;
const MIN_BEFORE: u32 = 3;
/// z of the 80 % range of a normal distribution.
const Z80: f64 = 1.2816;
/// Rounding of pounds to kilograms is no step.
const ROUNDING: f64 = 1.01;
/// How much a repetition costs beside Epley's formula in the population.
const SLOPE: f64 = 0.8;

/// The top sets of a log, and which of them are scored.
pub(in crate::evaluation) struct Loads<'a> {
    tops: Vec<Vec<(&'a ExerciseSlug, TopSet)>>,
    sessions: BTreeMap<&'a ExerciseSlug, usize>,
    first_scored: usize,
    step_kg: f64,
    fixed_half_width: f64,
}

impl<'a> Loads<'a> {
    pub(in crate::evaluation) fn new(person: &'a Person, exercises: &Exercises) -> Self {
        let tops: Vec<Vec<(&ExerciseSlug, TopSet)>> =
            person.workouts.iter().map(|workout| tops_of(workout, exercises)).collect();
        let telling: Vec<usize> = (0..tops.len()).filter(|number| !tops[*number].is_empty()).collect();
        Self {
            sessions: counts(tops.iter().flatten().map(|(slug, _)| *slug)),
            first_scored: telling.get(first_scored(telling.len())).copied().unwrap_or(usize::MAX),
            step_kg: person.workouts.first().map_or(2.5, Workout::step_kg),
            tops,
            fixed_half_width: 0.0,
        }
    }

    /// The top sets of a workout.
    pub(in crate::evaluation) fn tops(&self, number: usize) -> &[(&'a ExerciseSlug, TopSet)] {
        &self.tops[number]
    }

    /// Whether a lift that was done so often before is scored in a workout.
    pub(in crate::evaluation) fn is_scored(&self, number: usize, slug: &ExerciseSlug, before: u32) -> bool {
        number >= self.first_scored && before >= MIN_BEFORE && self.sessions[slug] >= MIN_SESSIONS
    }

    pub(super) fn score(
        &mut self,
        number: usize,
        workout: &Workout,
        training: &Training,
        setup: &Setup<'_>,
        cases: &mut Cases,
    ) {
        self.fixed_half_width = setup.global.range80.half_width;
        for (slug, top) in &self.tops[number] {
            match training.lift(slug) {
                None => first_time(slug, top, training, setup, cases),
                Some(lift) if self.is_scored(number, slug, lift.sessions) => {
                    self.next_time(slug, top, workout, training, setup, cases);
                }
                Some(_) => {}
            }
        }
    }

    fn next_time(
        &self,
        slug: &ExerciseSlug,
        top: &TopSet,
        workout: &Workout,
        training: &Training,
        setup: &Setup<'_>,
        cases: &mut Cases,
    ) {
        let ask = Ask {
            exercise: slug,
            reps: top.reps,
            on: workout.start,
            step_kg: self.step_kg,
            routine: workout.routine.as_deref(),
        };
        let knowledge = Knowledge { global: setup.global, exercises: setup.exercises };
        let (Some(forecast), Some(lift)) = (training.forecast(knowledge, &ask), training.lift(slug)) else {
            return;
        };
        let expert = |expert: Expert| forecast.experts[expert as usize];
        let lifted_kg = top.load_kg;
        let methods = [
            (COACH, forecast.load_kg),
            ("repeat_last", expert(Expert::RepeatLast)),
            ("epley", expert(Expert::Epley)),
            ("always_increment", expert(Expert::RepeatLast) + self.step_kg),
            ("increment_if_met", expert(Expert::StepWhenMet)),
            ("mean_of_three", expert(Expert::MeanOfThree)),
            ("same_reps", expert(Expert::SameReps)),
            ("kalman", expert(Expert::Strength)),
            ("rls", expert(Expert::Regressor)),
        ];
        for (method, load_kg) in methods {
            let above = load_kg - lifted_kg;
            add(cases, "load_mae_kg", method, above.abs());
            add(cases, "load_mape_macro", method, above.abs() / lifted_kg);
            add(cases, "load_within_step", method, share(above.abs() <= ROUNDING * self.step_kg));
            add(cases, "load_over_step", method, share(above > ROUNDING * self.step_kg));
        }
        let (low, high) = forecast.range80_kg;
        let days = f64::from((top.day - lift.last().day).max(0));
        let reps = f64::from(top.reps);
        let gaussian = Z80 * lift.strength.deviation(reps, days);
        let ranges = [
            (COACH, (low..=high).contains(&lifted_kg)),
            ("kalman_gaussian", (lifted_kg / lift.strength.load_kg(reps)).ln().abs() <= gaussian),
            ("fixed_width", (lifted_kg / forecast.exact_kg).ln().abs() <= self.fixed_half_width),
        ];
        for (method, holds) in ranges {
            add(cases, "interval80_coverage", method, share(holds));
            add(cases, "interval80_user_dev", method, share(holds));
        }
    }
}

/// A first time: how far the estimate of the working load lies from what was lifted, and whether the ramp's first set, which
/// is what would be put on the bar, would have been too heavy by more than a fifth, and by more than half.
fn first_time(slug: &ExerciseSlug, top: &TopSet, training: &Training, setup: &Setup<'_>, cases: &mut Cases) {
    let population = setup.global.exercises.get(slug).and_then(|population| population.one_rep_max_kg);
    let Some([of_nine, median, _]) = population else { return };
    let knowledge = Knowledge { global: setup.global, exercises: setup.exercises };
    let Some(factor) = training.strength_factor(knowledge) else { return };
    let factor = if setup.scale_first_loads { factor } else { 1.0 };
    let reps = u16::from(top.reps);
    let at_reps = (-SLOPE * epley(f64::from(reps))).exp();
    add(cases, "first_load_median_error", COACH, (median * factor * at_reps / top.load_kg - 1.0).abs());
    add(cases, "first_load_median_error", "population_median", (median * at_reps / top.load_kg - 1.0).abs());
    let Some(exercise) = setup.exercises.get(slug) else { return };
    if exercise.loading == Loading::Added {
        // Nothing is added to the body before it was done without.
        return;
    }
    // What is shown is held against the lifts with the same muscle too.
    let alike = training.strength_factor_for(knowledge, exercise).unwrap_or(factor);
    let alike = if setup.scale_first_loads { alike } else { 1.0 };
    // A log does not say how long somebody has trained; whoever comes with a log is taken as experienced.
    let ramp_kg =
        |one_rep_max, factor| first_load::first_load_kg(one_rep_max, Some(factor), Experience::Experienced, reps);
    for (method, load_kg) in [
        (COACH, ramp_kg(of_nine, alike)),
        ("all_lifts_alike", ramp_kg(of_nine, factor)),
        ("ramp_from_the_median", ramp_kg(median, alike)),
        ("without_ramp", median * factor * at_reps),
        ("population_median", median * at_reps),
    ] {
        add(cases, "first_load_too_heavy", method, share(load_kg > 1.2 * top.load_kg));
        add(cases, "first_load_far_too_heavy", method, share(load_kg > 1.5 * top.load_kg));
    }
}

fn tops_of<'a>(workout: &'a Workout, exercises: &Exercises) -> Vec<(&'a ExerciseSlug, TopSet)> {
    let minute = minutes_of(workout.start);
    let top = |one: &Performed| TopSet::of(one, 0, minute, 0, exercises.is_assisted(&one.exercise));
    workout.exercises.iter().filter_map(|one| Some((&one.exercise, top(one)?))).collect()
}
