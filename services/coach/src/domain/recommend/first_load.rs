//! The load of an exercise that a person never did, from what others lift and how strong the person is beside them.

use super::situation::Situation;
use crate::domain::{exercise::Exercise, models::strength::epley, profile::Experience, safety::First};

/// How much a repetition costs in the population beside Epley's formula, until the person's own is known.
const SLOPE: f64 = 0.8;
/// The most that the load rises from the first set to the next: a quarter.
const MAX_RISE: f64 = 1.25;

/// The load for the first set of an exercise, in kilograms: the one-repetition maximum that nine of ten others reach, times how
/// strong the person is beside the population on other lifts, for so many repetitions, and of that 0.65 for a novice and
/// 0.75 for others. Not their median: the numbers on machines and cables mean little in another gym, and nobody shall begin
/// half as heavy again as they can. It is a test, not a goal: see [`after_ramp_kg`].
pub fn first_load_kg(
    one_rep_max_of_nine_kg: f64,
    strength_factor: Option<f64>,
    experience: Experience,
    reps: u16,
) -> f64 {
    let factor = strength_factor.filter(|factor| factor.is_finite()).unwrap_or(1.0).clamp(0.3, 3.0);
    let share = match experience {
        Experience::Novice => 0.65,
        Experience::Experienced => 0.75,
    };
    one_rep_max_of_nine_kg * factor * share * (-SLOPE * epley(f64::from(reps))).exp()
}

/// The load for the next sets, in kilograms, once the person told how hard the first one was: what leaves two
/// repetitions in reserve, at most a quarter more than the first; no more at all from RPE 8 on, and the same when
/// nothing was told.
pub fn after_ramp_kg(load_kg: f64, reps: u16, rpe: Option<f64>, next_reps: u16) -> f64 {
    let Some(rpe) = rpe.filter(|rpe| (1.0..=10.0).contains(rpe)) else { return load_kg };
    let able = SLOPE * (epley(f64::from(reps) + 10.0 - rpe) - epley(f64::from(next_reps) + 2.0));
    load_kg * able.exp().min(if rpe >= 8.0 { 1.0 } else { MAX_RISE })
}

/// The load for the first set, where another lift is known to tell it from.
pub(super) fn estimate_kg(situation: &Situation<'_>, exercise: &Exercise, reps: u16) -> Option<f64> {
    let [of_nine, ..] = situation.knowledge.global.exercises.get(&exercise.slug)?.one_rep_max_kg?;
    let factor = situation.training.strength_factor_for(situation.knowledge, exercise)?;
    Some(first_load_kg(of_nine, Some(factor), situation.profile.experience, reps))
}

/// What bounds a first time; `None` where the population tells nothing, so that no load is named.
pub(super) fn first(situation: &Situation<'_>, exercise: &Exercise) -> Option<First> {
    let population = situation.knowledge.global.exercises.get(&exercise.slug)?;
    let [_, median, _] = population.one_rep_max_kg?;
    Some(First {
        one_rep_max_kg: median,
        factor: situation.training.strength_factor_for(situation.knowledge, exercise),
        is_novice: situation.profile.experience == Experience::Novice,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_load_is_a_careful_share_of_what_others_lift() {
        let novice = first_load_kg(100.0, None, Experience::Novice, 1);
        assert!((novice - 65.0).abs() < 1e-9);
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
        assert!(after_ramp_kg(50.0, 8, Some(2.0), 8) <= 50.0 * MAX_RISE);
        assert!(after_ramp_kg(50.0, 8, Some(9.5), 8) < 50.0);
        assert_eq!(after_ramp_kg(50.0, 8, None, 8), 50.0);
        assert_eq!(after_ramp_kg(50.0, 8, Some(f64::NAN), 8), 50.0);
    }
}
