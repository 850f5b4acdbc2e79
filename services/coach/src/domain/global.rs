//! What is known before anybody is: one versioned file, trained by `plyo coach train`, shipped in the crate. It is only a
//! starting point: each person's state goes on from it alone, so that a replay needs nobody else.

use std::{collections::BTreeMap, sync::LazyLock};

use plyo_events::training::ExerciseSlug;
use serde::{Deserialize, Serialize};

use super::models::{
    bandit::Prior,
    conformal::Conformal,
    effort::Start,
    experts::{Errors, Mixture},
    regressor::Regressor,
};

/// Barbell and dumbbell lifts of the exercise catalogue that no statistics were found for, a slug a line: a first time of one
/// of them is given no load. A test of the catalogue holds the list against [`Global::exercises`].
pub const WITHOUT_POPULATION: &str = include_str!("without-population.txt");

/// The starting point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Global {
    /// Goes up with each training; recommendations name it.
    pub version: u32,
    pub settings: Settings,
    /// What a change of load follows, and from how many changes that was learnt.
    pub regressor: Regressor,
    pub observed: u32,
    /// How wrong the ways to foresee a load are.
    pub errors: Errors,
    /// How wide a range holds 80 and 90 of 100 loads.
    pub range80: Conformal,
    pub range90: Conformal,
    /// What kinds of advice are welcome. Nobody has answered to any yet, so that it knows nothing.
    pub welcome: Prior,
    /// Population statistics of exercises by slug.
    pub exercises: BTreeMap<ExerciseSlug, Population>,
}

/// What was chosen by trying, on the people that the file was trained with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub mixture: Mixture,
    /// As how many changes of load of a person's own everything counts that was learnt from others, however many they were.
    pub prior_lifts: f64,
    /// How fast a person's ranges follow their errors.
    pub range_rate: f64,
    pub effort: Start,
}

impl Default for Settings {
    fn default() -> Self {
        Self { mixture: Mixture::default(), prior_lifts: 200.0, range_rate: 0.15, effort: Start::default() }
    }
}

/// How other people do an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// The quartiles of repetitions per set.
    pub reps: [f64; 3],
    /// Usual working sets per session.
    pub sets: f64,
    /// 10th, 50th and 90th percentile of the estimated one-repetition maximum, in kilograms; absent without a load.
    pub one_rep_max_kg: Option<[f64; 3]>,
    /// Where in the session it stands: 0 first, 1 last.
    pub order: f64,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            version: 0,
            settings: Settings::default(),
            regressor: Regressor::blank(),
            observed: 0,
            errors: Errors::EQUAL,
            range80: Conformal::new(0.8, 0.12),
            range90: Conformal::new(0.9, 0.2),
            welcome: Prior::default(),
            exercises: BTreeMap::new(),
        }
    }
}

impl Global {
    /// The regressor that a person starts with.
    pub fn first_regressor(&self) -> Regressor {
        let times = if self.observed == 0 { 1.0 } else { f64::from(self.observed) / self.settings.prior_lifts };
        Regressor::starting_from(&self.regressor, times)
    }

    /// The file that is shipped.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Global> = LazyLock::new(|| {
            let read = serde_json::from_str(include_str!("global.json"));
            read.unwrap_or_else(|error| unreachable!("a test reads the shipped file: {error}"))
        });
        &SHIPPED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_can_be_read_and_knows_the_lifts_that_everybody_does() {
        let shipped = Global::shipped();
        assert!(shipped.version > 0);
        assert_eq!(shipped.settings, Settings::default(), "trained with the settings that run");
        for slug in ["barbell-bench-press", "barbell-back-squat", "barbell-deadlift"] {
            let slug = ExerciseSlug::try_from(slug.to_owned()).unwrap();
            let [low, median, high] = shipped.exercises[&slug].one_rep_max_kg.unwrap();
            assert!(20.0 < low && low < median && median < high && high < 400.0);
        }
    }
}
