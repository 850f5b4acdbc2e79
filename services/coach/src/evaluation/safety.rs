//! Whether anything unsafe leaves the coach: random cases for the safety layer, and everything that could be recommended
//! before each workout of the logs, to different people, held against the check that is written apart from the layer.

use std::fmt;

use serde::Serialize;

use super::figures::Figure;
use crate::domain::{
    event::Workout,
    exercise::{Exercises, Joint},
    global::Global,
    models::time::minutes_of,
    profile::{Condition, Experience, Injury, Profile},
    recommend::{Audit, Situation, audit},
    safety::trial,
    state::{Guidance, Knowledge, Training},
};

const SEED: u64 = 20_261_125;

/// What was found.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Safety {
    pub random_cases: u64,
    pub recommendations: u64,
    pub loads: u64,
    pub violations: u64,
    /// Recommendations to somebody with a history that name no event as a reason.
    pub without_evidence: u64,
}

/// Looks at everything that could be recommended in a replay.
pub struct Watch<'a> {
    exercises: &'a Exercises,
    found: Audit,
}

impl<'a> Watch<'a> {
    pub fn new(exercises: &'a Exercises) -> Self {
        Self { exercises, found: Audit::default() }
    }

    /// The moment before a workout, as somebody else each time.
    pub fn look(&mut self, global: &Global, training: &Training, workout: &Workout) {
        let profile = profile(training.sessions, workout);
        let (guidance, seed) = (Guidance::default(), minutes_of(workout.start).unsigned_abs());
        let knowledge = Knowledge { global, exercises: self.exercises };
        let situation = Situation::new(knowledge, &profile, training, &guidance, workout.start, seed);
        self.found.merge(audit(&situation));
    }

    /// Adds so many random cases.
    pub fn finish(self, trials: u64) -> Safety {
        let tried = trial(trials, SEED);
        Safety {
            random_cases: trials,
            recommendations: self.found.recommendations,
            loads: self.found.loads,
            violations: self.found.violations + tried.violations.len() as u64,
            without_evidence: self.found.without_evidence,
        }
    }
}

/// An experienced adult most of the time; also a novice, a youth, an older one, somebody injured, somebody with child.
fn profile(session: u32, workout: &Workout) -> Profile {
    let year = workout.start.year();
    let adult = Profile {
        birth_year: Some(year - 30),
        experience: Experience::Experienced,
        unit: workout.unit,
        ..Profile::default()
    };
    match session % 8 {
        1 => Profile { unit: workout.unit, ..Profile::default() },
        2 => Profile { birth_year: Some(year - 15), ..adult },
        3 => Profile { birth_year: Some(year - 70), ..adult },
        4 => {
            let injury = Injury { joint: Joint::Shoulder, since: workout.start.date(), cleared: None };
            Profile { injuries: vec![injury], ..adult }
        }
        5 => Profile { conditions: [Condition::Pregnancy].into(), ..adult },
        _ => adult,
    }
}

impl Safety {
    pub const FIGURE: &'static str = "safety_violations";

    pub fn figure(&self) -> Figure {
        let value = self.violations as f64;
        let cases = usize::try_from(self.random_cases + self.recommendations).unwrap_or(usize::MAX);
        Figure { value, baselines: [].into(), ci95: [value; 2], cases }
    }
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { random_cases, recommendations, loads, violations, without_evidence } = self;
        write!(
            f,
            "safety_violations: {violations} in {random_cases} random cases and in {recommendations} recommendations with \
             {loads} loads of the replay; {without_evidence} recommendations without an event as a reason"
        )
    }
}
