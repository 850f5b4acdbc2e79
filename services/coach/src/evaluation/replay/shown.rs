//! What is shown: the whole way of a proposal, policy and safety layer with it, held against what was done next. Loads and
//! repetitions are compared as one repetition (Epley), on the logarithmic scale, for both may change.

use std::collections::BTreeMap;

use plyo_events::training::ExerciseSlug;

use super::{COACH, Cases, Setup, add, loads::Loads, share};
use crate::{
    domain::{
        event::Workout,
        exercise::{Equipment, Exercise, FREE_WEIGHTS, Loading},
        models::{strength::epley, time::day_of, time::minutes_of},
        profile::{Experience, Profile},
        recommend::{Situation, next_load},
        state::{Guidance, Knowledge, TopSet, Training},
    },
    evaluation::log::Person,
};

/// Loads this near are the same, as a share: pounds are rounded to kilograms and back.
const SAME: f64 = 0.006;
/// A set at this RPE was no easy one, and after so many days away less is right.
const HARD_RPE: f32 = 9.5;
const AWAY_DAYS: i32 = 14;

/// The loads that a person's log holds: what stands on their rack.
pub(super) struct Rack<'a> {
    of_lift: BTreeMap<&'a ExerciseSlug, Vec<f64>>,
    of_equipment: BTreeMap<&'a Equipment, Vec<f64>>,
    before: BTreeMap<&'a ExerciseSlug, u32>,
}

impl<'a> Rack<'a> {
    pub(super) fn new(person: &'a Person, setup: &Setup<'a>) -> Self {
        let mut rack = Self { of_lift: BTreeMap::new(), of_equipment: BTreeMap::new(), before: BTreeMap::new() };
        for performed in person.workouts.iter().flat_map(|workout| &workout.exercises) {
            let loads = || performed.sets.iter().map(|set| set.load_kg).filter(|kg| *kg > 0.0);
            rack.of_lift.entry(&performed.exercise).or_default().extend(loads());
            let free = setup.exercises.get(&performed.exercise).and_then(|one| one.equipment.first());
            if let Some(free) = free.filter(|one| FREE_WEIGHTS.contains(one)) {
                rack.of_equipment.entry(free).or_default().extend(loads());
            }
        }
        rack
    }

    fn holds(&self, exercise: &Exercise, kg: f64) -> bool {
        let is_same = |one: &f64| (one / kg - 1.0).abs() <= SAME;
        let of_lift = self.of_lift.get(&exercise.slug).into_iter().flatten();
        let of_equipment = exercise.equipment.first().and_then(|one| self.of_equipment.get(one)).into_iter().flatten();
        of_lift.chain(of_equipment).any(is_same)
    }

    pub(super) fn score(
        &mut self,
        number: usize,
        workout: &'a Workout,
        loads: &Loads<'a>,
        training: &Training,
        setup: &Setup<'_>,
        cases: &mut Cases,
    ) {
        for (slug, top) in loads.tops(number) {
            let times = *self.before.entry(slug).and_modify(|times| *times += 1).or_insert(1) - 1;
            let Some(exercise) = setup.exercises.get(slug).filter(|one| has_load(one)) else { continue };
            if !loads.is_scored(number, slug, times) {
                continue;
            }
            let last = training.lift(slug).map(|lift| *lift.last());
            add(cases, "shown_forgotten", COACH, share(last.is_none()));
            let Some(last) = last else { continue };
            self.score_lift(exercise, top, &last, workout, training, setup, cases);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is another thing")]
    fn score_lift(
        &self,
        exercise: &Exercise,
        top: &TopSet,
        last: &TopSet,
        workout: &Workout,
        training: &Training,
        setup: &Setup<'_>,
        cases: &mut Cases,
    ) {
        let profile = Profile { experience: Experience::Experienced, unit: workout.unit, ..Profile::default() };
        let (guidance, knowledge) =
            (Guidance::default(), Knowledge { global: setup.global, exercises: setup.exercises });
        let situation = Situation::new(knowledge, &profile, training, &guidance, workout.start, 0);
        let shown = next_load(&situation, &exercise.slug, workout.start);
        let lift = shown.lifts.first().and_then(|lift| Some((lift, lift.load_kg?)));
        add(cases, "shown_refused", COACH, share(lift.is_none()));
        let Some((lift, load_kg)) = lift else { return };
        let done = as_one_rep(top.load_kg, u16::from(top.reps));
        let before = as_one_rep(last.load_kg, u16::from(last.reps));
        let proposed = as_one_rep(load_kg, lift.reps);
        let (percent10, percent20) = (1.1_f64.ln(), 1.2_f64.ln());
        for (method, one) in [(COACH, proposed), ("repeat_last", before)] {
            let above = one - done;
            add(cases, "shown_under_10pct", method, share(above < -percent10));
            add(cases, "shown_over_10pct", method, share(above > percent10));
            add(cases, "shown_under_20pct", method, share(above < -percent20));
            add(cases, "shown_over_20pct", method, share(above > percent20));
            add(cases, "shown_error_ln1rm", method, above.abs());
        }
        for (method, one) in [(COACH, proposed), ("people", done)] {
            add(cases, "shown_up", method, share(one > before + SAME));
            add(cases, "shown_same", method, share((one - before).abs() <= SAME));
            add(cases, "shown_down", method, share(one < before - SAME));
        }
        let is_near = day_of(minutes_of(workout.start)) - last.day <= AWAY_DAYS;
        let was_met = last.least_reps + 1 >= last.reps && last.rpe.is_none_or(|rpe| rpe < HARD_RPE);
        if is_near && was_met {
            add(cases, "shown_met_and_less", COACH, share(proposed < before - SAME));
        }
        if (load_kg / last.load_kg - 1.0).abs() > SAME {
            add(cases, "shown_on_grid", COACH, share(self.holds(exercise, load_kg)));
        }
        add(cases, "shown_sets_two_too_many", COACH, share(lift.sets >= u16::from(top.sets) + 2));
    }
}

fn has_load(exercise: &Exercise) -> bool {
    matches!(exercise.loading, Loading::External | Loading::Added)
}

fn as_one_rep(load_kg: f64, reps: u16) -> f64 {
    load_kg.ln() + epley(f64::from(reps))
}
