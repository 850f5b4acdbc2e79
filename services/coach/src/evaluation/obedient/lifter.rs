//! Somebody who obeys, and the law by which they grow stronger.
//!
//! - The one-repetition maximum grows with the logarithm of the days trained (Steele et al. 2022): over a year by 40 % for
//!   a novice, 15 % for an intermediate and 5 % for an advanced lifter.
//! - For `r` repetitions to failure the load is the maximum / (1 + r/30)^slope, with a slope of 0.65 to 1.05 of each lift's
//!   own (repetitions at a share of the maximum differ widely between people: Nuzzo et al. 2024).
//! - A day moves everything by 1.5 % (standard deviation), and each further set of an exercise costs 1 %.
//! - A bad week costs 8 %. After a week without training 2 % a week are lost, 12 % at most (Bosquet et al. 2013), and as
//!   many are regained in half the time.
//! - A rated set is rated within half a point (standard deviation); one lifter in three always writes RPE 5.
//!
//! They begin with one session of their own choice, 3 × 8 with four repetitions in reserve, after two lighter sets.

use std::fmt;

use jiff::{
    ToSpan as _,
    civil::{DateTime, date},
};
use plyo_events::{EventId, WorkoutId, training::ExerciseSlug};
use rand::{RngExt as _, SeedableRng as _, rngs::ChaCha8Rng};
use rand_distr::{Distribution as _, StandardNormal};
use uuid::Uuid;

use crate::domain::{
    event::{Performed, Planned, Set, SetKind, Workout},
    exercise::{Exercises, Joint, Joints},
    models::strength::epley,
    profile::{Experience, Goal, Injury, Profile, Unit},
    safety::Lift,
};

pub(super) const SESSIONS: u32 = 156;
/// Of one lifter.
pub(super) const LIFTS: usize = 5;
/// The free lifts, and the machines of those whose plates are coarse.
pub(super) const SLUGS: [&str; 2 * LIFTS] = [
    "barbell-back-squat",
    "barbell-bench-press",
    "barbell-deadlift",
    "barbell-bent-over-row",
    "dumbbell-curl",
    "leg-press",
    "machine-chest-press",
    "leg-curl",
    "lat-pulldown",
    "triceps-pushdown",
];
/// One-repetition maxima of a novice, in kilograms.
const NOVICE_KG: [f64; 2 * LIFTS] = [80.0, 60.0, 100.0, 55.0, 18.0, 150.0, 60.0, 55.0, 60.0, 45.0];
const DAYS: [&[usize]; 2] = [&[0, 1, 4], &[2, 1, 3]];
const FIRST: DateTime = date(2026, 1, 5).at(18, 0, 0, 0);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rating {
    None,
    Honest,
    AlwaysFive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Novice,
    Intermediate,
    Advanced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    BadWeek,
    LayOff,
    /// A knee, reported in the tenth week and cleared four weeks later.
    Injury,
    /// Does two repetitions more than asked, as far as they can.
    TwoMore,
    SkipsEveryThird,
}

/// A person on paper.
pub(super) struct Lifter {
    rating: Rating,
    level: Level,
    trouble: Trouble,
    step_kg: f64,
    days_a_week: u32,
    pub(super) profile: Profile,
    slopes: [f64; LIFTS],
    random: ChaCha8Rng,
    now: DateTime,
    last: Option<DateTime>,
    /// What time away has cost, as a share.
    lost: f64,
    form: f64,
}

/// Every combination; the goals take turns.
pub(super) fn all() -> Vec<Lifter> {
    let mut all = Vec::new();
    for trouble in Trouble::ALL {
        for level in [Level::Novice, Level::Intermediate, Level::Advanced] {
            for rating in [Rating::None, Rating::Honest, Rating::AlwaysFive] {
                for days_a_week in [3, 5] {
                    for step_kg in [1.0, 2.5, 5.0, 7.0] {
                        all.push(Lifter::new(all.len() as u64, (rating, level, trouble), step_kg, days_a_week));
                    }
                }
            }
        }
    }
    all
}

impl Lifter {
    fn new(seed: u64, (rating, level, trouble): (Rating, Level, Trouble), step_kg: f64, days_a_week: u32) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let goals = match seed % 7 {
            1 => vec![Goal::Strength],
            3 => vec![Goal::Size],
            5 => vec![Goal::Endurance],
            _ => vec![],
        };
        let experience = if level == Level::Novice { Experience::Novice } else { Experience::Experienced };
        Self {
            rating,
            level,
            trouble,
            step_kg,
            days_a_week,
            profile: Profile { experience, goals: goals.into_iter().collect(), ..Profile::default() },
            slopes: std::array::from_fn(|_| random.random_range(0.65..1.05)),
            random,
            now: FIRST,
            last: None,
            lost: 0.0,
            form: 1.0,
        }
    }

    /// When the session is, if they come.
    pub(super) fn comes(&mut self, session: u32) -> Option<DateTime> {
        let (week, of_week) = (session / self.days_a_week, session % self.days_a_week);
        let gap = if self.trouble == Trouble::LayOff && session >= SESSIONS / 2 { 35 } else { 0 };
        let day = 7 * week + if self.days_a_week == 3 { 2 * of_week } else { of_week } + gap;
        let at = FIRST + i64::from(day).days();
        if self.trouble == Trouble::SkipsEveryThird && session % 3 == 2 {
            return None;
        }
        let away = self.last.map_or(0, |last| crate::domain::profile::days_between(last.date(), at.date()));
        let idle_weeks = f64::from(away.saturating_sub(7)) / 7.0;
        let regained = 0.02 * 2.0 * f64::from(away.min(7)) / 7.0;
        self.lost = (self.lost - regained + 0.02 * idle_weeks).clamp(0.0, 0.12);
        if self.trouble == Trouble::Injury && week == 10 && self.profile.injuries.is_empty() {
            self.profile.injuries.push(Injury { joint: Joint::Knee, since: at.date(), cleared: None });
        }
        if let Some(injury) = self.profile.injuries.first_mut().filter(|_| week >= 14) {
            injury.cleared.get_or_insert(at.date());
        }
        let is_bad = self.trouble == Trouble::BadWeek && week == 15;
        self.form = self.normal(0.015).exp() * if is_bad { 0.92 } else { 1.0 };
        (self.now, self.last) = (at, Some(at));
        Some(at)
    }

    /// Whether a joint is injured or on its way back.
    pub(super) fn is_hurt(&self) -> bool {
        let weeks = self.profile.weeks_since_cleared(Joints::of(&[Joint::Knee]), self.now.date());
        !self.profile.injuries.is_empty() && weeks.is_none_or(|weeks| weeks < 6)
    }

    /// The lifts of a session.
    pub(super) fn day(&self, session: u32) -> Vec<usize> {
        DAYS[session as usize % 2].to_vec()
    }

    pub(super) fn name(&self, place: usize) -> usize {
        if self.step_kg == 7.0 { LIFTS + place } else { place }
    }

    pub(super) fn slug(&self, place: usize) -> ExerciseSlug {
        let slug = ExerciseSlug::try_from(SLUGS[self.name(place)].to_owned());
        slug.unwrap_or_else(|why| unreachable!("{why}"))
    }

    pub(super) fn joints(&self, exercises: &Exercises, place: usize) -> Joints {
        exercises.get(&self.slug(place)).map(|exercise| exercise.joints()).unwrap_or_default()
    }

    /// The load for so many repetitions to failure on an ordinary day, in kilograms.
    pub(super) fn able_kg(&self, place: usize, reps: f64, at: DateTime) -> f64 {
        let (level, growth) = match self.level {
            Level::Novice => (1.0, 0.40),
            Level::Intermediate => (1.5, 0.15),
            Level::Advanced => (2.0, 0.05),
        };
        let days = f64::from(crate::domain::profile::days_between(FIRST.date(), at.date()));
        let grown = 1.0 + growth * (days / 30.0).ln_1p() / (365.0_f64 / 30.0).ln_1p();
        let maximum = NOVICE_KG[self.name(place)] * level * grown * (1.0 - self.lost);
        maximum * (-self.slopes[place] * epley(reps)).exp()
    }

    /// What they do of what is asked; the first time, and where no load is named, what they choose themselves.
    pub(super) fn does(&mut self, place: usize, asked: Option<&Lift>, at: DateTime) -> Performed {
        let own = || (self.able_kg(place, 12.0, at), 8, 3);
        let (load_kg, reps, sets) =
            asked.map_or_else(own, |asked| (asked.load_kg.unwrap_or_default(), asked.reps, asked.sets));
        let load_kg = self.on_rack(load_kg);
        let mut done = Vec::new();
        if asked.is_none() {
            let lighter = [0.6, 0.8].map(|share| self.on_rack(share * load_kg));
            done.extend(lighter.map(|load_kg| Set { load_kg, reps: 8, rpe: None, kind: SetKind::Warmup }));
        }
        for set in 0..sets {
            let fresh = self.form * (1.0 - 0.01 * f64::from(set));
            let able = (0..=60).take_while(|reps| self.able_kg(place, f64::from(*reps), at) * fresh >= load_kg).count();
            let able = (able as u16).saturating_sub(1);
            let wanted = if self.trouble == Trouble::TwoMore && asked.is_some() { reps + 2 } else { reps };
            let reps = wanted.min(able);
            let rpe = match self.rating {
                Rating::None => None,
                Rating::Honest => {
                    let felt = 10.0 - f64::from(able - reps) + self.normal(0.5);
                    Some(((2.0 * felt).round() / 2.0).clamp(5.0, 10.0))
                }
                Rating::AlwaysFive => Some(5.0),
            };
            done.push(Set { load_kg, reps, rpe, kind: SetKind::Working });
        }
        let planned =
            asked.and_then(|asked| Some(Planned { load_kg: asked.load_kg?, reps: asked.reps, is_coachs: true }));
        Performed { exercise: self.slug(place), sets: done, planned }
    }

    pub(super) fn workout(&self, session: u32, at: DateTime, exercises: Vec<Performed>) -> Workout {
        let id = Uuid::from_u128(u128::from(session) + 1);
        Workout {
            id: WorkoutId::new(id),
            event: EventId::derive(id, "completed"),
            start: at,
            minutes: Some(60),
            heart: None,
            routine: None,
            unit: Unit::Kg,
            exercises,
        }
    }

    /// The load of their own rack that is nearest.
    fn on_rack(&self, load_kg: f64) -> f64 {
        (load_kg / self.step_kg).round().max(1.0) * self.step_kg
    }

    fn normal(&mut self, deviation: f64) -> f64 {
        let noise: f64 = StandardNormal.sample(&mut self.random);
        deviation * noise
    }
}

impl fmt::Display for Lifter {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rating, level, trouble, step_kg, days_a_week, .. } = self;
        let goals = &self.profile.goals;
        write!(to, "{level:?}, rating {rating:?}, trouble {trouble:?}, {step_kg} kg, {days_a_week} days, {goals:?}")
    }
}
