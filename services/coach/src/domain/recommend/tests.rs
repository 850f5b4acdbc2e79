//! Somebody to tell stories about.

mod absurd;
mod bounds;
mod kinds;
mod pain;
mod progression;
mod ranking;

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::date};
use plyo_events::{EventId, WorkoutId};

use super::*;
use crate::domain::{
    event::{Performed, Planned, ProposalEvent, Set, SetKind, Workout},
    exercise::{
        Equipment, Exercise, Exercises,
        named::{self, slug_of},
    },
    global::{Global, Population},
    profile::Profile,
    reasons::Code,
    state::{Ask, Guidance, Knowledge, Training},
    texts::{Headline, Key, Language, Style, explain, say},
};

const BENCH: &str = "Bench Press (Barbell)";
const SQUAT: &str = "Squat (Barbell)";
const ROW: &str = "Seated Row (Cable)";
const CURL: &str = "Bicep Curl (Dumbbell)";

const NAMES: [&str; 15] = [
    BENCH,
    SQUAT,
    ROW,
    CURL,
    "Bench Press (Dumbbell)",
    "Deadlift (Barbell)",
    "Leg Press (Machine)",
    "Lat Pulldown (Cable)",
    "Overhead Press (Barbell)",
    "Shoulder Press (Dumbbell)",
    "Bulgarian Split Squat",
    "Hip Thrust (Machine)",
    "Push Up",
    "Crunch",
    "Chest Fly (Machine)",
];

/// A set: load in kilograms, repetitions, RPE.
type Done = (f64, u16, Option<f64>);

/// A person with a log. Day 0 is Monday the 5th of January 2026; workouts begin at 18:00.
struct Lifter {
    profile: Profile,
    training: Training,
    guidance: Guidance,
    exercises: Exercises,
    global: Global,
    proposals: u32,
}

impl Lifter {
    fn new() -> Self {
        let population = |one_rep_max: f64| Population {
            reps: [6.0, 8.0, 10.0],
            sets: 3.0,
            one_rep_max_kg: Some([one_rep_max * 0.6, one_rep_max, one_rep_max * 1.5]),
            order: 0.3,
        };
        let known = [(BENCH, 70.0), (SQUAT, 90.0), ("Leg Press (Machine)", 150.0), ("Lat Pulldown (Cable)", 60.0)];
        let exercises: BTreeMap<_, _> = known.map(|(name, kg)| (slug_of(name), population(kg))).into();
        Self {
            profile: Profile::default(),
            training: Training::default(),
            guidance: Guidance::default(),
            exercises: NAMES.map(named::exercise).into_iter().collect(),
            global: Global { exercises, ..Global::shipped().clone() },
            proposals: 0,
        }
    }

    fn at(day: i64) -> DateTime {
        date(2026, 1, 5).at(18, 0, 0, 0) + day.days()
    }

    fn trains(&mut self, day: i64, done: &[(&str, &[Done])]) {
        self.does(day, done.iter().map(|(name, sets)| performed(name, sets)).collect());
    }

    /// One exercise of which something was planned: load and repetitions, and whether by the coach.
    fn follows(&mut self, day: i64, name: &str, (load_kg, reps, is_coachs): (f64, u16, bool), sets: &[Done]) {
        let planned = Some(Planned { load_kg, reps, is_coachs });
        self.does(day, vec![Performed { planned, ..performed(name, sets) }]);
    }

    fn does(&mut self, day: i64, exercises: Vec<Performed>) {
        let number = u128::from(self.training.sessions) + 1;
        let workout = Workout {
            id: WorkoutId::new(uuid::Uuid::from_u128(number)),
            event: EventId::new(uuid::Uuid::from_u128(number << 64)),
            start: Self::at(day),
            minutes: Some(60),
            heart: None,
            routine: None,
            unit: self.profile.unit,
            exercises,
        };
        let knowledge = Knowledge { global: &self.global, exercises: &self.exercises };
        self.training.fold(knowledge, &workout);
    }

    /// The same three times a week for some weeks, from day 0 on; returns the day of the last workout.
    fn trains_for(&mut self, weeks: i64, done: &[(&str, &[Done])]) -> i64 {
        for week in 0..weeks {
            for day in [0, 2, 4] {
                self.trains(7 * week + day, done);
            }
        }
        7 * (weeks - 1) + 4
    }

    fn on(&self, day: i64) -> Situation<'_> {
        let knowledge = Knowledge { global: &self.global, exercises: &self.exercises };
        Situation::new(knowledge, &self.profile, &self.training, &self.guidance, Self::at(day), 7)
    }

    fn next_load(&self, name: &str, day: i64) -> Recommendation {
        let next = next_load(&self.on(day), &slug_of(name), Self::at(day));
        told(self, &next);
        next
    }

    fn recommend(&self, day: i64) -> Vec<Recommendation> {
        let all = recommend(&self.on(day));
        all.iter().for_each(|one| {
            told(self, one);
        });
        all
    }

    /// Something was shown and dismissed.
    fn dismisses(
        &mut self,
        day: i64,
        kind: Kind,
        subject: &str,
        reason: Option<crate::domain::event::DismissalReason>,
    ) {
        self.proposals += 1;
        let id = EventId::new(uuid::Uuid::from_u128(u128::from(self.proposals)));
        let at = Self::at(day);
        let (subject, circumstances) = (subject.into(), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let shown = ProposalEvent::Shown { id, at, kind, subject, circumstances, propensity: 1.0 };
        self.guidance.fold(&self.global, &shown);
        self.guidance.fold(&self.global, &ProposalEvent::Dismissed { id, at, reason, exercise: None });
    }
}

fn performed(name: &str, sets: &[Done]) -> Performed {
    let set = |(load_kg, reps, rpe): &Done| Set { load_kg: *load_kg, reps: *reps, rpe: *rpe, kind: SetKind::Working };
    Performed { exercise: slug_of(name), sets: sets.iter().map(set).collect(), planned: None }
}

/// Three sets alike.
fn three(load_kg: f64, reps: u16, rpe: Option<f64>) -> [Done; 3] {
    [(load_kg, reps, rpe); 3]
}

/// Everything that is said of a recommendation in three languages; the English is returned.
fn told(lifter: &Lifter, one: &Recommendation) -> String {
    let [english, _, _] = Language::ALL.map(|language| {
        let style = Style { language, unit: lifter.profile.unit };
        let mut sentences = vec![say(Key::Headline(one.headline), &one.params, style, &lifter.exercises).unwrap()];
        sentences.extend(explain(&one.explanation, style, &lifter.exercises).unwrap());
        sentences.join(" ").replace('\u{a0}', " ")
    });
    english
}

fn codes(one: &Recommendation) -> Vec<Code> {
    one.explanation.reasons.iter().map(|reason| reason.code).collect()
}

fn find(all: &[Recommendation], kind: Kind) -> Option<&Recommendation> {
    all.iter().find(|one| one.kind == Some(kind))
}
