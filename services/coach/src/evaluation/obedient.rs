//! Whether one can obey the coach: people who exist on paper only do for 156 sessions exactly what is proposed, and grow
//! stronger by a law that is written down in `lifter`. What is asked of them at the end is held against what they can do.

use std::fmt;

use jiff::{ToSpan as _, civil::DateTime};
use plyo_events::training::ExerciseSlug;
use serde::Serialize;

use self::lifter::{Lifter, SESSIONS, Trouble};
use crate::domain::{
    exercise::{Exercise, Exercises},
    global::Global,
    models::strength::epley,
    profile::days_between,
    recommend::{Situation, next_load},
    safety::Lift,
    state::{Guidance, Knowledge, Training},
};

mod lifter;
#[cfg(test)]
mod tests;

/// What is asked at the end lies this near to what leaves two repetitions in reserve.
const NEAR: f64 = 1.12;
/// Changes of a proposal below this, on the logarithmic scale, are none.
const SAME: f64 = 0.002;

/// What became of the obedient.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Obedience {
    pub lifters: u64,
    /// Lifts × lifters that are asked at the end for what leaves two repetitions in reserve, within 12 %.
    pub obedient_within_12pct: f64,
    /// Times that a proposal fell three sessions in a row without a miss, an injury or time away.
    pub obedient_declines: u64,
    /// Sets that fell short of what was asked by more than one repetition.
    pub obedient_failed_by_two: f64,
    /// Proposals without a load, but for injuries.
    pub obedient_refused: f64,
    pub sets: u64,
    /// Each lift that is not where it should be: who, which, and by how much what is asked lies above it.
    pub astray: Vec<(String, Box<str>, f64)>,
}

/// All of them. The same in each run.
pub fn obey() -> Obedience {
    every(1)
}

/// One lifter in so many.
fn every(nth: usize) -> Obedience {
    let exercises: Exercises = lifter::SLUGS.into_iter().filter_map(Exercise::of_catalogue).collect();
    let mut counts = Counts::default();
    for lifter in lifter::all().into_iter().step_by(nth) {
        counts.watch(lifter, &exercises);
    }
    counts.finish()
}

#[derive(Default)]
struct Counts {
    lifters: u64,
    lifts: u64,
    astray: Vec<(String, Box<str>, f64)>,
    declines: u64,
    sets: u64,
    failed_by_two: u64,
    proposals: u64,
    refused: u64,
}

/// What was asked of one lift lately.
#[derive(Clone, Copy, Default)]
struct Course {
    asked: Option<f64>,
    falls: u32,
}

impl Counts {
    fn watch(&mut self, mut lifter: Lifter, exercises: &Exercises) {
        let knowledge = Knowledge { global: Global::shipped(), exercises };
        let mut training = Training::new(knowledge.global);
        let guidance = Guidance::default();
        let mut courses = [Course::default(); lifter::LIFTS];
        let mut last: Option<DateTime> = None;
        for session in 0..SESSIONS {
            let Some(at) = lifter.comes(session) else { continue };
            let excused = last.is_some_and(|last| days_between(last.date(), at.date()) > 14) || lifter.is_hurt();
            let mut done = Vec::new();
            for place in lifter.day(session) {
                let profile = lifter.profile.clone();
                let situation = Situation::new(knowledge, &profile, &training, &guidance, at, 7);
                let slug = lifter.slug(place);
                let known = training.lifts.contains_key(&slug);
                let asked = known.then(|| asked(&situation, &slug, at)).flatten();
                let is_injured = profile.injured(at.date()).overlaps(lifter.joints(exercises, place));
                if known && !is_injured {
                    self.proposals += 1;
                    self.refused += u64::from(asked.is_none());
                }
                if is_injured {
                    courses[place] = Course::default();
                    continue;
                }
                let performed = lifter.does(place, asked.as_ref(), at);
                if let Some(asked) = &asked {
                    let missed = self.count(asked, &performed);
                    self.follow(&mut courses[place], asked, missed || excused);
                }
                done.push(performed);
            }
            let workout = lifter.workout(session, at, done);
            training.fold(knowledge, &workout);
            last = Some(at);
        }
        self.judge(&mut lifter, &training, exercises, last);
    }

    /// Counts the sets; whether one fell short of what was asked.
    fn count(&mut self, asked: &Lift, performed: &crate::domain::event::Performed) -> bool {
        let work = performed.sets.iter().filter(|set| set.is_work());
        let mut has_missed = false;
        for set in work {
            self.sets += 1;
            self.failed_by_two += u64::from(set.reps + 1 < asked.reps);
            has_missed |= set.reps < asked.reps;
        }
        has_missed
    }

    fn follow(&mut self, course: &mut Course, asked: &Lift, excused: bool) {
        let Some(now) = as_one_rep(asked) else { return };
        let falls = course.asked.is_some_and(|before| now < before - SAME);
        course.falls = if falls { course.falls + 1 } else { 0 };
        if course.falls == 3 {
            self.declines += 1;
        }
        // After a miss less is right.
        if excused {
            course.falls = 0;
        }
        course.asked = (!excused).then_some(now);
    }

    /// What would be asked next, beside what leaves two repetitions in reserve.
    fn judge(&mut self, lifter: &mut Lifter, training: &Training, exercises: &Exercises, last: Option<DateTime>) {
        self.lifters += 1;
        let Some(last) = last else { return };
        let at = last.checked_add(2.days()).unwrap_or(last);
        let knowledge = Knowledge { global: Global::shipped(), exercises };
        let guidance = Guidance::default();
        let profile = lifter.profile.clone();
        let situation = Situation::new(knowledge, &profile, training, &guidance, at, 7);
        for place in 0..lifter::LIFTS {
            self.lifts += 1;
            let above = asked(&situation, &lifter.slug(place), at).and_then(|asked| {
                let able = lifter.able_kg(place, f64::from(asked.reps) + 2.0, at);
                Some((asked.load_kg? / able).ln())
            });
            if above.is_none_or(|above| above.abs() > NEAR.ln()) {
                let name = Box::from(lifter::SLUGS[lifter.name(place)]);
                self.astray.push((lifter.to_string(), name, above.unwrap_or(f64::NAN)));
            }
        }
    }

    fn finish(self) -> Obedience {
        let share = |part: u64, of: u64| part as f64 / of.max(1) as f64;
        Obedience {
            lifters: self.lifters,
            obedient_within_12pct: 1.0 - share(self.astray.len() as u64, self.lifts),
            obedient_declines: self.declines,
            obedient_failed_by_two: share(self.failed_by_two, self.sets),
            obedient_refused: share(self.refused, self.proposals),
            sets: self.sets,
            astray: self.astray,
        }
    }
}

/// The proposal, when it names a load.
fn asked(situation: &Situation<'_>, slug: &ExerciseSlug, at: DateTime) -> Option<Lift> {
    next_load(situation, slug, at).lifts.into_iter().next().filter(|lift| lift.load_kg.is_some())
}

/// Load × repetitions as one repetition, on the logarithmic scale.
fn as_one_rep(lift: &Lift) -> Option<f64> {
    Some(lift.load_kg?.ln() + epley(f64::from(lift.reps)))
}

impl Trouble {
    const ALL: [Self; 6] =
        [Self::None, Self::BadWeek, Self::LayOff, Self::Injury, Self::TwoMore, Self::SkipsEveryThird];
}

impl fmt::Display for Obedience {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "The obedient: {} lifters, {SESSIONS} sessions each, {} sets", self.lifters, self.sets)?;
        writeln!(to, "  obedient_within_12pct  {:.3}", self.obedient_within_12pct)?;
        writeln!(to, "  obedient_declines      {}", self.obedient_declines)?;
        writeln!(to, "  obedient_failed_by_two {:.4}", self.obedient_failed_by_two)?;
        writeln!(to, "  obedient_refused       {:.4}", self.obedient_refused)?;
        for (who, lift, above) in &self.astray {
            writeln!(to, "    {who}: {lift} {:+.0} %", 100.0 * (above.exp() - 1.0))?;
        }
        Ok(())
    }
}
