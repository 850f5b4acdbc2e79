//! Where nothing is known of a person's doing an exercise, or of the person at all: a careful first load, and a first
//! plan.

use std::cmp::Reverse;

use super::{Draft, Situation, context, draft::lift as plain};
use crate::domain::{
    event::Kind,
    exercise::{Exercise, Muscle, Pattern},
    models::strength::epley,
    profile::Experience,
    reasons::{Code, Counterfactual, Evidence, Otherwise, Param, Params, Reason, Value},
    safety,
    texts::Headline,
};

/// How much a repetition costs in the population beside Epley's formula, until the person's own is known.
const SLOPE: f64 = 0.8;
/// The most that the load rises from the first set to the next: a quarter.
const MOST_RISE: f64 = 1.25;

/// The load for the first set of an exercise, in kilograms: the population's median one-repetition maximum, times how
/// strong the person is beside the population on other lifts, for so many repetitions, and of that 0.7 for a novice and
/// 0.85 for others. It is a test, not a goal: see [`after_ramp_kg`].
pub fn first_load_kg(
    one_rep_max_median_kg: f64,
    strength_factor: Option<f64>,
    experience: Experience,
    reps: u16,
) -> f64 {
    let factor = strength_factor.filter(|factor| factor.is_finite()).unwrap_or(1.0).clamp(0.3, 3.0);
    let share = match experience {
        Experience::Novice => 0.7,
        Experience::Experienced => 0.85,
    };
    one_rep_max_median_kg * factor * share * (-SLOPE * epley(f64::from(reps))).exp()
}

/// The load for the next sets, in kilograms, once the person told how hard the first one was: what leaves two
/// repetitions in reserve, at most a quarter more than the first; no more at all from RPE 8 on, and the same when
/// nothing was told.
pub fn after_ramp_kg(load_kg: f64, reps: u16, rpe: Option<f64>, next_reps: u16) -> f64 {
    let Some(rpe) = rpe.filter(|rpe| (1.0..=10.0).contains(rpe)) else { return load_kg };
    let able = SLOPE * (epley(f64::from(reps) + 10.0 - rpe) - epley(f64::from(next_reps) + 2.0));
    load_kg * able.exp().min(if rpe >= 8.0 { 1.0 } else { MOST_RISE })
}

/// The most that a first time may begin with, in kilograms; `None` where the population tells nothing, so that no load
/// is named.
pub(super) fn first_kg(situation: &Situation<'_>, exercise: &Exercise, reps: u16) -> Option<f64> {
    let population = situation.knowledge.global.exercises.get(&exercise.slug)?;
    let [_, median, _] = population.one_rep_max_kg?;
    let factor = situation.training.strength_factor(situation.knowledge);
    Some(first_load_kg(median, factor, situation.profile.experience, reps))
}

/// A first time: a ramp, with the question how hard it was.
pub(super) fn first_time(situation: &Situation<'_>, exercise: &Exercise) -> Draft {
    let reps = context::first_reps(situation, exercise);
    let step = situation.profile.step_kg(exercise);
    let least = situation.profile.least_kg(exercise);
    // Down to what can be loaded.
    let load_kg = first_kg(situation, exercise, reps)
        .map(|most| least + ((most - least) / step).floor() * step)
        .filter(|load| *load >= least);
    let lift = safety::Lift { most_rpe: 7.0, ..plain(exercise, load_kg, reps, 2) };
    Draft {
        reasons: vec![Reason::new(Code::ColdStart, 0.9, [], Evidence::default())],
        counterfactual: Some(Counterfactual { code: Otherwise::MoreAfterRamp, params: Params::new() }),
        lifts: vec![lift],
        ..Draft::about(Kind::NextLoad, exercise.slug.as_str(), Headline::FirstTime)
    }
}

/// A first plan, for somebody who has logged nothing: the whole body on up to three days a week, upper and lower body
/// in turn on more. Two sets of each exercise: what a first week has room for.
pub(super) fn routine(situation: &Situation<'_>) -> Draft {
    let days = situation.profile.days_per_week.unwrap_or(3).clamp(1, 7);
    let split: &[&[Pattern]] = if days <= 3 { &[&FULL_BODY] } else { &[&UPPER, &LOWER] };
    let planned: Vec<Vec<safety::Lift>> = split.iter().map(|patterns| day(situation, patterns)).collect();
    let (low, high, agree) = situation.profile.reps();
    let mut reasons = vec![
        Reason::new(Code::DaysPerWeek, 0.8, [(Param::Days, Value::Count(u32::from(days)))], Evidence::default()),
        Reason::new(Code::ColdStart, 0.5, [], Evidence::default()),
    ];
    if !agree {
        let params = [(Param::Reps, Value::Count(u32::from(low))), (Param::OtherReps, Value::Count(u32::from(high)))];
        reasons.push(Reason::new(Code::GoalsContradict, 0.7, params, Evidence::default()));
    }
    Draft {
        reasons,
        params: Params::from([(Param::Days, Value::Count(u32::from(days)))]),
        days: planned.iter().map(Vec::len).collect(),
        lifts: planned.into_iter().flatten().collect(),
        counterfactual: Some(Counterfactual { code: Otherwise::MoreAfterRamp, params: Params::new() }),
        ..Draft::about(Kind::Routine, "", Headline::Routine)
    }
}

const FULL_BODY: [Pattern; 6] = [
    Pattern::Squat,
    Pattern::HorizontalPush,
    Pattern::HorizontalPull,
    Pattern::Hinge,
    Pattern::VerticalPull,
    Pattern::Trunk,
];
const UPPER: [Pattern; 4] =
    [Pattern::HorizontalPush, Pattern::HorizontalPull, Pattern::VerticalPush, Pattern::VerticalPull];
const LOWER: [Pattern; 4] = [Pattern::Squat, Pattern::Hinge, Pattern::Lunge, Pattern::Trunk];

fn day(situation: &Situation<'_>, patterns: &[Pattern]) -> Vec<safety::Lift> {
    let best = |pattern: &Pattern| {
        let fits = |exercise: &&Exercise| exercise.pattern == *pattern && situation.may_do(exercise);
        let known = |exercise: &Exercise| situation.knowledge.global.exercises.contains_key(&exercise.slug);
        let for_person =
            |exercise: &Exercise| exercise.for_beginners || situation.profile.experience == Experience::Experienced;
        // Beginners first get what beginners may do, then what many do, then what trains most.
        let rank = |exercise: &&Exercise| {
            let muscles: usize = exercise.primary.len() + exercise.secondary.len();
            (for_person(exercise), known(exercise), muscles, Reverse(exercise.slug.clone()))
        };
        let exercises = situation.knowledge.exercises.iter().filter(fits).filter(|exercise| for_person(exercise));
        exercises.max_by_key(rank)
    };
    patterns.iter().filter_map(best).flat_map(|exercise| first_time(situation, exercise).lifts).collect()
}

/// The sets of a week that are a good start for a muscle: the low end of what coaches advise, for beginners and for
/// others. `None` for muscles that no plan needs to count.
pub(super) fn low_sets(muscle: Muscle, experience: Experience) -> Option<f64> {
    let (novice, experienced) = match muscle {
        Muscle::Chest => (8.0, 10.0),
        Muscle::Lats | Muscle::MiddleBack => (6.0, 8.0),
        Muscle::Quadriceps | Muscle::Shoulders => (6.0, 8.0),
        Muscle::Hamstrings | Muscle::Glutes | Muscle::Triceps | Muscle::Biceps => (4.0, 6.0),
        _ => return None,
    };
    Some(match experience {
        Experience::Novice => novice,
        Experience::Experienced => experienced,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_load_is_a_careful_share_of_what_others_lift() {
        let novice = first_load_kg(100.0, None, Experience::Novice, 1);
        assert!((novice - 70.0).abs() < 1e-9);
        assert!(first_load_kg(100.0, None, Experience::Experienced, 8) < 85.0);
        assert!(
            first_load_kg(100.0, Some(0.5), Experience::Novice, 8)
                < first_load_kg(100.0, Some(1.5), Experience::Novice, 8)
        );
        assert!(first_load_kg(100.0, Some(f64::NAN), Experience::Novice, 8).is_finite());
    }

    #[test]
    fn the_answer_to_how_hard_it_was_leads_to_the_next_load() {
        assert!(after_ramp_kg(50.0, 8, Some(5.0), 8) > 50.0);
        assert!(after_ramp_kg(50.0, 8, Some(2.0), 8) <= 50.0 * MOST_RISE);
        assert!(after_ramp_kg(50.0, 8, Some(9.5), 8) < 50.0);
        assert_eq!(after_ramp_kg(50.0, 8, None, 8), 50.0);
        assert_eq!(after_ramp_kg(50.0, 8, Some(f64::NAN), 8), 50.0);
    }
}
