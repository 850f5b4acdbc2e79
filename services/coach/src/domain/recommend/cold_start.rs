//! Where nothing is known of a person's doing an exercise, or of the person at all: a first time, and a first plan.

use std::cmp::Reverse;

use super::{
    context,
    draft::{Draft, lift as plain},
    first_load::{estimate_kg, first},
    rack::Rack,
    situation::Situation,
};
use crate::domain::{
    event::Kind,
    exercise::{Exercise, Loading, MuscleGroup, Pattern, TRUNK},
    profile::Experience,
    reasons::{Code, Counterfactual, Evidence, Otherwise, Param, Params, Reason, Value},
    safety,
    texts::Headline,
};

/// A first time: a ramp, with the question how hard it was. Without a known lift it begins with the least load there is;
/// nothing is added to the body before it was done without.
pub(super) fn first_time(situation: &Situation<'_>, exercise: &Exercise) -> Draft {
    let reps = context::first_reps(situation, exercise);
    let Rack { step_kg, least_kg, .. } = situation.rack_of(exercise, None);
    // Down to what can be loaded.
    let down = |most: f64| least_kg + ((most - least_kg) / step_kg).floor().max(0.0) * step_kg;
    let is_known = first(situation, exercise).is_some() && exercise.loading != Loading::Added;
    let load_kg = is_known.then(|| estimate_kg(situation, exercise, reps).map_or(least_kg, down));
    let lift = safety::Lift { max_rpe: 7.0, ..plain(exercise, load_kg, reps, 2) };
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

const FULL_BODY: [Pattern; 6] =
    [Pattern::Squat, Pattern::HorizontalPush, Pattern::HorizontalPull, Pattern::Hinge, Pattern::VerticalPull, TRUNK];
const UPPER: [Pattern; 4] =
    [Pattern::HorizontalPush, Pattern::HorizontalPull, Pattern::VerticalPush, Pattern::VerticalPull];
const LOWER: [Pattern; 4] = [Pattern::Squat, Pattern::Hinge, Pattern::Lunge, TRUNK];

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
pub(super) fn low_sets(muscle: MuscleGroup, experience: Experience) -> Option<f64> {
    let (novice, experienced) = match muscle {
        MuscleGroup::Chest => (8.0, 10.0),
        MuscleGroup::Lats | MuscleGroup::MiddleBack => (6.0, 8.0),
        MuscleGroup::Quadriceps | MuscleGroup::Shoulders => (6.0, 8.0),
        MuscleGroup::Hamstrings | MuscleGroup::Glutes | MuscleGroup::Triceps | MuscleGroup::Biceps => (4.0, 6.0),
        _ => return None,
    };
    Some(match experience {
        Experience::Novice => novice,
        Experience::Experienced => experienced,
    })
}
