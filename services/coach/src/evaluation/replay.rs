//! One person's log, workout by workout: first foreseen, then folded. What was foreseen, and what simple rules would have said
//! of the same, becomes the cases that the figures are made of.

mod effort;
mod habits;
pub(super) mod loads;
mod shown;

use std::collections::BTreeMap;

use plyo_events::training::ExerciseSlug;

use super::log::Person;
use crate::domain::{
    event::Workout,
    exercise::Exercises,
    global::Global,
    models::habits::Signs,
    state::{Knowledge, Training},
};

/// What is scored: the value of each case, by figure and by method. The coach's own method is [`COACH`].
pub type Cases = BTreeMap<&'static str, BTreeMap<&'static str, Vec<f64>>>;

/// The method that is measured; all others are its baselines.
pub const COACH: &str = "coach";

/// With what a log is replayed.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    pub global: &'a Global,
    pub exercises: &'a Exercises,
    pub signs: &'a Signs,
    /// Whether first loads are scaled by how strong the person is on other lifts.
    pub scale_first_loads: bool,
    /// Everybody else's workouts, for the baselines that look at what is popular.
    pub others: &'a habits::Others,
}

pub use self::habits::Others;

/// The last 30 % of the sessions are scored, after that so much was learnt.
fn first_scored(sessions: usize) -> usize {
    sessions * 7 / 10
}

/// Replays a log. `look` sees the state before each workout is folded.
pub fn replay(person: &Person, setup: &Setup<'_>, mut look: impl FnMut(&Training, &Workout)) -> Cases {
    let knowledge = Knowledge { global: setup.global, exercises: setup.exercises };
    let mut training = Training::new(setup.global);
    let mut cases = Cases::new();
    let mut loads = loads::Loads::new(person, setup.exercises);
    let mut rack = shown::Rack::new(person, setup);
    let mut habits = habits::Usual::new(person);
    let mut efforts = effort::Efforts::new(person);
    for (number, workout) in person.workouts.iter().enumerate() {
        look(&training, workout);
        loads.score(number, workout, &training, setup, &mut cases);
        rack.score(number, workout, &loads, &training, setup, &mut cases);
        habits.score(number, workout, &training, setup, &mut cases);
        efforts.score(number, workout, &training, setup, &mut cases);
        training.fold(knowledge, workout);
    }
    cases
}

/// Adds the value of a case.
fn add(cases: &mut Cases, figure: &'static str, method: &'static str, value: f64) {
    cases.entry(figure).or_default().entry(method).or_default().push(value);
}

/// 1 for true.
fn share(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

/// How often each is in a list.
fn counts<'a>(slugs: impl Iterator<Item = &'a ExerciseSlug>) -> BTreeMap<&'a ExerciseSlug, usize> {
    slugs.fold(BTreeMap::new(), |mut counts, slug| {
        *counts.entry(slug).or_default() += 1;
        counts
    })
}
