//! The global starting point out of several people's logs and of population statistics.

use std::collections::BTreeMap;

use plyo_events::training::ExerciseSlug;
use serde::Deserialize;
use serde_json::Value;

use super::log::{Person, slug_of};
use crate::domain::{
    exercise::Exercises,
    global::{Global, Population, Settings},
    models::conformal::Conformal,
    state::{Knowledge, Lifted, Training},
};

/// How fast the starting points of errors and ranges follow the people: slowly, so that all of them count.
const MEMORY: f64 = 0.998;
const RANGE_RATE: f64 = 0.01;

/// Trains on people's logs, twice: first what changes of load follow, then how wrong the forecasts are that rest on it.
pub fn train<'a>(
    version: u32,
    settings: &Settings,
    populations: &BTreeMap<ExerciseSlug, Population>,
    people: impl Iterator<Item = &'a Person> + Clone,
) -> Global {
    let mut global =
        Global { version, settings: settings.clone(), exercises: populations.clone(), ..Global::default() };
    for person in people.clone() {
        let mut training = Training::going_on(&global);
        let mut observed = 0;
        each_workout(&global, &mut training, person, |lifted| observed += u32::from(lifted.forecast.is_some()));
        global.regressor = training.into_regressor();
        global.observed += observed;
    }
    let (mut errors, mut range80, mut range90) = (global.errors, global.range80, global.range90);
    for person in people {
        each_workout(&global, &mut Training::new(&global), person, |lifted| {
            let Some(forecast) = lifted.forecast else { return };
            errors.observe(&forecast.experts, lifted.top.load_kg, MEMORY);
            let error = (lifted.top.load_kg / forecast.exact_kg).ln().abs();
            range80.observe(error, RANGE_RATE);
            range90.observe(error, RANGE_RATE);
        });
    }
    global.errors = errors;
    global.range80 = Conformal::new(0.8, range80.half_width);
    global.range90 = Conformal::new(0.9, range90.half_width);
    global
}

fn each_workout(global: &Global, training: &mut Training, person: &Person, mut learn: impl FnMut(&Lifted)) {
    let exercises = Exercises::default();
    for workout in &person.workouts {
        training.fold(Knowledge { global, exercises: &exercises }, workout).iter().for_each(&mut learn);
    }
}

/// The file as it is shipped: a line for each field and for each exercise, so that a change can be read.
///
/// # Errors
/// When a number in it is none.
pub fn file_of(global: &Global) -> Result<String, serde_json::Error> {
    let value = serde_json::to_value(global)?;
    let fields = value.as_object().into_iter().flatten();
    let field = |(key, value): (&String, &Value)| match value.as_object().filter(|_| key == "exercises") {
        Some(exercises) => {
            let lines: Vec<String> = exercises.iter().map(|(slug, one)| format!("    \"{slug}\": {one}")).collect();
            format!("  \"{key}\": {{\n{}\n  }}", lines.join(",\n"))
        }
        None => format!("  \"{key}\": {value}"),
    };
    Ok(format!("{{\n{}\n}}\n", fields.map(field).collect::<Vec<_>>().join(",\n")))
}

/// Population statistics as they are published: aggregates over at least five people each, by the exercise's name.
#[derive(Debug, Deserialize)]
pub struct Statistics {
    pub about: String,
    exercises: BTreeMap<String, Statistic>,
}

#[derive(Debug, Deserialize)]
struct Statistic {
    n_users: u32,
    reps_q25: Option<f64>,
    reps_q50: Option<f64>,
    reps_q75: Option<f64>,
    working_sets: Option<f64>,
    e1rm_kg_p10: Option<f64>,
    e1rm_kg_p50: Option<f64>,
    e1rm_kg_p90: Option<f64>,
    order_in_session: Option<f64>,
}

impl Statistics {
    /// By slug; an exercise that lacks a number is left out. Under the slug of the name, for logs whose names are kept apart, and
    /// under the one that the `catalogue` gives it; where it gives one slug to several names, from the name that most used.
    pub fn populations(&self, catalogue: impl Fn(&str) -> Option<ExerciseSlug>) -> BTreeMap<ExerciseSlug, Population> {
        let population = |one: &Statistic| {
            Some(Population {
                reps: [one.reps_q25?, one.reps_q50?, one.reps_q75?],
                sets: one.working_sets?,
                one_rep_max_kg: one.e1rm_kg_p10.zip(one.e1rm_kg_p50).zip(one.e1rm_kg_p90).map(|((a, b), c)| [a, b, c]),
                order: one.order_in_session?,
            })
        };
        let mut by_users: Vec<(&String, &Statistic)> = self.exercises.iter().collect();
        by_users.sort_by_key(|(_, one)| (one.e1rm_kg_p50.is_some(), one.n_users));
        let known = || by_users.iter().filter_map(|(name, one)| Some((*name, population(one)?)));
        let of_catalogue = known().filter_map(|(name, one)| Some((catalogue(name)?, one)));
        // The name's own slug wins: a log may hold two names that are one in the catalogue.
        of_catalogue.chain(known().map(|(name, one)| (slug_of(name), one))).collect()
    }
}
