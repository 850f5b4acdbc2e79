//! Random proposals for random people, most of them absurd: what [`super::apply`] leaves of them must pass
//! [`super::check`].

use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::ChaCha8Rng};

use super::{
    Context, First, Forecast, Known, Last, Level, Lift, Person, Reentry, Rule, Violation, Week, apply::apply_except,
    check,
};
use crate::domain::{
    exercise::{Exercise, Joint, Joints, Loading, Mechanic, MuscleGroup},
    profile::Age,
};

/// What came of a trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    pub cases: u64,
    /// Cases in which something was left to show.
    pub shown: u64,
    /// Cases in which a rule had to change or drop something.
    pub changed: u64,
    /// What the layer let through and should not have.
    pub violations: Vec<Violation>,
}

/// Runs random cases, the same ones for the same seed.
pub fn trial(cases: u64, seed: u64) -> Trial {
    trial_without(None, cases, seed)
}

/// As [`trial`], with one rule of the layer left out.
pub(super) fn trial_without(left_out: Option<Rule>, cases: u64, seed: u64) -> Trial {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let exercises = ["barbell-back-squat", "dumbbell-curl", "lat-pulldown"];
    let exercises: Vec<Exercise> = exercises.into_iter().filter_map(Exercise::of_catalogue).collect();
    let mut result = Trial { cases, ..Trial::default() };
    for _ in 0..cases {
        let context = context(&mut random, &exercises);
        let lifts = (0..random.random_range(1..=exercises.len())).map(|i| lift(&mut random, &exercises[i])).collect();
        let applied = apply_except(lifts, &context, left_out);
        result.shown += u64::from(!applied.lifts.is_empty());
        result.changed += u64::from(!applied.rules.is_empty());
        result.violations.extend(check(&applied.lifts, &context));
    }
    result
}

fn context(random: &mut ChaCha8Rng, exercises: &[Exercise]) -> Context {
    let youngest = random.random_range(8..=90);
    let age = Age { youngest, oldest: youngest + 1 };
    let person = Person {
        age: random.random_bool(0.7).then_some(age),
        logs_only: random.random_bool(0.05),
        injured: if random.random_bool(0.1) { Joints::of(&[any(random, &Joint::ALL)]) } else { Joints::default() },
        days_trained: random.random_range(0..100),
    };
    let mut week = Week::default();
    for muscle in MuscleGroup::ALL {
        week.usual[muscle.index()] = number(random, 25.0);
        week.done[muscle.index()] = number(random, 12.0);
    }
    Context { person, known: exercises.iter().map(|exercise| known(random, exercise)).collect(), week }
}

fn known(random: &mut ChaCha8Rng, exercise: &Exercise) -> Known {
    let around = random.random_range(5.0..200.0);
    let near = |random: &mut ChaCha8Rng| around * random.random_range(0.7..1.4);
    let reps = random.random_range(1..=20);
    Known {
        mechanic: any(random, &[Mechanic::Compound, Mechanic::Isolation]),
        loading: any(
            random,
            &[Loading::External, Loading::External, Loading::Added, Loading::Assisted, Loading::Uncounted],
        ),
        last: random.random_bool(0.85).then(|| Last {
            load_kg: mostly(around, random),
            reps: random.random_range(1..=20),
            sets: random.random_range(0..12),
            rpe: random.random_bool(0.5).then(|| random.random_range(5.0..=10.0)),
            missed: random.random_bool(0.2),
        }),
        days_away: if random.random_bool(0.7) { random.random_range(0..20) } else { random.random_range(0..400) },
        days_rested: if random.random_bool(0.7) { random.random_range(0..20) } else { random.random_range(0..400) },
        usual_sets: random.random_range(0..6),
        hurts: random.random_bool(0.1),
        is_excluded: random.random_bool(0.03),
        level: random.random_bool(0.7).then(|| Level {
            ln_kg: mostly((near(random) * 1.2).ln(), random),
            slope: mostly(random.random_range(0.2..1.6), random),
        }),
        forecast: random.random_bool(0.7).then(|| Forecast { reps, upper80_kg: mostly(near(random), random) }),
        first: random.random_bool(0.7).then(|| First {
            one_rep_max_kg: mostly(near(random) * 1.3, random),
            factor: random.random_bool(0.7).then(|| mostly(random.random_range(0.2..2.0), random)),
            is_novice: random.random_bool(0.5),
        }),
        reentry: random.random_bool(0.1).then(|| Reentry { weeks: random.random_range(0..8), before_kg: near(random) }),
        ..Known::of(
            exercise,
            any(random, &[0.5, 1.0, 1.25, 2.0, 2.268, 2.5, 5.0, 10.0]),
            any(random, &[0.5, 2.5, 20.0]),
        )
    }
}

fn lift(random: &mut ChaCha8Rng, exercise: &Exercise) -> Lift {
    let load = number(random, 250.0);
    Lift {
        exercise: exercise.slug.clone(),
        load_kg: random.random_bool(0.95).then_some(load),
        reps: if random.random_bool(0.02) { random.random() } else { random.random_range(0..=20) },
        sets: if random.random_bool(0.02) { random.random() } else { random.random_range(0..=8) },
        max_rpe: number(random, 10.5),
        range80_kg: random.random_bool(0.8).then_some((load * 0.94, load * 1.06)),
        one_rep_max_kg: random.random_bool(0.3).then_some(load * 1.2),
    }
}

/// Up to a most; one in fifty is no number that anybody meant.
fn number(random: &mut ChaCha8Rng, most: f64) -> f64 {
    let usual = random.random_range(0.0..most);
    mostly(usual, random)
}

/// A number; one in fifty is something else.
fn mostly(usual: f64, random: &mut ChaCha8Rng) -> f64 {
    const ODD: [f64; 7] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -20.0, 1e300, 2000.0];
    if random.next_u32().is_multiple_of(50) { any(random, &ODD) } else { usual }
}

fn any<T: Copy>(random: &mut ChaCha8Rng, of: &[T]) -> T {
    of[random.random_range(0..of.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::exercise::named;

    /// A million with `PLYO_COACH_CASES=1000000`; `plyo coach eval` always runs as many.
    fn cases() -> u64 {
        std::env::var("PLYO_COACH_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(10_000)
    }

    #[test]
    fn nothing_unsafe_leaves_the_layer() {
        let result = trial(cases(), 1);
        assert_eq!(result.violations, []);
        // The trial means something only if it shows much and had much to change.
        assert!(result.shown * 2 > result.cases && result.changed * 2 > result.cases, "{result:?}");
    }

    #[test]
    fn the_check_finds_every_rule_that_is_left_out() {
        for rule in Rule::ALL {
            let result = trial_without(Some(rule), cases().min(5_000), 2);
            assert!(result.violations.iter().any(|violation| violation.rule == rule), "{rule:?} is never missed");
        }
    }

    #[test]
    fn the_layer_changes_nothing_of_what_it_made() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let exercises = ["Squat (Barbell)"].map(named::exercise);
        for _ in 0..cases() {
            let context = context(&mut random, &exercises);
            let once = super::super::apply(vec![lift(&mut random, &exercises[0])], &context);
            let twice = super::super::apply(once.lifts.clone(), &context);
            assert_eq!((twice.lifts, twice.rules), (once.lifts, vec![]));
        }
    }
}
