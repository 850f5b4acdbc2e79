//! The next load of an exercise, as load × repetitions × sets: what the models foresee, one step more when everything
//! asked for was met, less when it was missed twice.

use jiff::civil::DateTime;
use plyo_events::training::ExerciseSlug;

use super::{Draft, Recommendation, Situation, cold_start, context, draft::lift as plain};
use crate::domain::{
    event::{Kind, Workout},
    exercise::Exercise,
    reasons::{Code, Counterfactual, Evidence, Otherwise, Param, Params, Reason, Value},
    safety::{self, Doubt},
    state::{self, TopSet},
    texts::Headline,
};

/// Up to this RPE there is room for more.
const EASY_RPE: f64 = 8.0;

/// The next load of every exercise of the last workout.
pub(super) fn drafts(situation: &Situation<'_>, on: DateTime) -> Vec<Draft> {
    let Some((_, exercises)) = situation.training.habits.sessions().next_back() else { return Vec::new() };
    let facts = |slug: &ExerciseSlug| situation.knowledge.exercises.get(slug);
    let possible = exercises.into_iter().filter(|slug| facts(slug).is_some_and(|exercise| situation.may_do(exercise)));
    // A doubted entry is a notice of its own.
    possible.map(|slug| draft(situation, slug, on)).filter(|draft| draft.kind.is_some()).collect()
}

/// The next load of one exercise.
pub(super) fn draft(situation: &Situation<'_>, slug: &ExerciseSlug, on: DateTime) -> Draft {
    let Some(exercise) = situation.knowledge.exercises.get(slug) else { return unknown(slug) };
    let Some(lift) = situation.training.lifts.get(slug) else {
        return match context::has_load(exercise) {
            true => cold_start::first_time(situation, exercise),
            false => without_load(situation, exercise),
        };
    };
    if let Some(doubt) = context::doubted(lift) {
        return doubtful(situation, exercise, lift, doubt);
    }
    if context::is_done_without(situation, exercise, lift) {
        return without_load(situation, exercise);
    }
    let target = context::usual_reps(situation, lift);
    let plan = plan(situation, exercise, lift, target, on);
    let proposed = safety::Lift {
        load_kg: Some(plan.load_kg),
        range80_kg: context::forecast(situation, exercise, plan.reps, on).map(|forecast| forecast.range80_kg),
        ..plain(exercise, None, plan.reps, context::usual_sets(situation, Some(lift)))
    };
    Draft {
        lifts: vec![proposed],
        reasons: plan.reasons,
        counterfactual: Some(plan.counterfactual),
        urgency: plan.urgency,
        ..Draft::about(Kind::NextLoad, slug.as_str(), Headline::NextLoad)
    }
}

/// Whether a workout did what was proposed: each exercise that it did, within one step of the load, and at least one.
pub fn is_followed(situation: &Situation<'_>, recommendation: &Recommendation, workout: &Workout) -> bool {
    let done = recommendation.lifts.iter().filter_map(|lift| {
        let performed = workout.exercises.iter().find(|performed| performed.exercise == lift.exercise)?;
        let exercise = situation.knowledge.exercises.get(&lift.exercise)?;
        let step = situation.profile.step_kg(exercise);
        let top = performed.sets.iter().filter(|set| set.is_work()).map(|set| set.load_kg).fold(0.0, f64::max);
        Some(lift.load_kg.is_none_or(|load| (load - top).abs() <= step * 1.01))
    });
    let done: Vec<bool> = done.collect();
    !done.is_empty() && done.iter().all(|near| *near)
}

struct Plan {
    load_kg: f64,
    reps: u16,
    reasons: Vec<Reason>,
    counterfactual: Counterfactual,
    urgency: f64,
}

fn plan(situation: &Situation<'_>, exercise: &Exercise, lift: &state::Lift, target: u16, on: DateTime) -> Plan {
    let step = situation.profile.step_kg(exercise);
    let last = context::alike(lift, target);
    let told = |times| context::evidence(situation, lift, times);
    let about = |kg: f64, reps: u16| [(Param::Load, Value::Load(kg)), (Param::Reps, Value::Count(u32::from(reps)))];
    let reason = |code, weight, params: Vec<(Param, Value)>, times| Reason::new(code, weight, params, told(times));
    let mut reasons = Vec::new();
    let (mut load_kg, mut reps, mut urgency) = (last.load_kg, target, 0.4);
    let foreseen = context::forecast(situation, exercise, target, on);
    let misses = context::misses(lift);
    if misses >= 2 {
        // Twice short: 5 % less, and 10 % from the third time on, at least one step.
        let share = if misses == 2 { 0.05 } else { 0.10 };
        load_kg = last.load_kg - (share * last.load_kg).max(step);
        reasons.push(reason(Code::RepsMissedTwice, 0.9, about(last.load_kg, target).to_vec(), 2));
        urgency = 0.8;
    } else if context::missed(lift, last) {
        reasons.push(reason(Code::RepsMissed, 0.8, about(last.load_kg, target).to_vec(), 1));
    } else {
        if is_met(lift, last, target) {
            load_kg = last.load_kg + step;
            // From the top of the usual repetitions a step leads back to the lower end of them.
            let [low, _, high] = lift.usual_reps().map(u16::from);
            if u16::from(last.least_reps) >= high && high > low {
                reps = target.min(low.max(1));
            }
            reasons.push(reason(Code::RepsTargetMet, 0.9, about(last.load_kg, u16::from(last.least_reps)).to_vec(), 2));
            urgency = 0.6;
        }
        if let Some(forecast) = foreseen {
            if forecast.load_kg > load_kg || reasons.is_empty() {
                (load_kg, reps) = (forecast.load_kg, target);
            }
            let mut params = about(forecast.load_kg, target).to_vec();
            params.push((Param::Times, Value::Count(lift.recent.len() as u32)));
            reasons.push(reason(Code::Forecast, 0.5, params, lift.recent.len()));
        }
    }
    let reps = context::reps_in_reserve(lift, load_kg, reps, step);
    match last.rpe.map(f64::from) {
        Some(rpe) if rpe < EASY_RPE => {
            reasons.push(reason(Code::RpeLow, 0.7, vec![(Param::Rpe, Value::Number(rpe))], 1));
        }
        None if load_kg > last.load_kg => reasons.push(reason(Code::NoRpe, 0.1, vec![], 1)),
        _ => {}
    }
    if (load_kg - last.load_kg).abs() < step / 2.0 {
        reasons.push(reason(Code::SameAsLastBest, 0.4, about(last.load_kg, u16::from(last.reps)).to_vec(), 1));
    }
    let away = context::between(lift.last().day, context::day(on));
    if away >= 14 {
        reasons.push(reason(Code::LayoffDays, 0.85, vec![(Param::Days, Value::Count(away))], 1));
    }
    if !situation.profile.reps().2 {
        let (low, high, _) = situation.profile.reps();
        let params = [(Param::Reps, Value::Count(u32::from(low))), (Param::OtherReps, Value::Count(u32::from(high)))];
        reasons.push(Reason::new(Code::GoalsContradict, 0.65, params, Evidence::default()));
    }
    let (code, next_kg) = match load_kg > last.load_kg {
        true => (Otherwise::DownIfMissed, last.load_kg),
        false => (Otherwise::UpIfAllReps, load_kg + step),
    };
    let counterfactual = Counterfactual { code, params: Params::from(about(next_kg, reps)) };
    Plan { load_kg, reps, reasons, counterfactual, urgency }
}

/// Whether everything asked for was done with something left: at RPE 8 at most; or, where no RPE is logged, twice in a
/// row at the upper end of the usual repetitions with the same load.
fn is_met(lift: &state::Lift, last: &TopSet, target: u16) -> bool {
    if u16::from(last.least_reps) < target {
        return false;
    }
    match last.rpe {
        Some(rpe) => f64::from(rpe) <= EASY_RPE,
        None => {
            let [_, _, high] = lift.usual_reps();
            let alike = lift.recent.iter().rev().filter(|top| (top.load_kg - last.load_kg).abs() < 0.01);
            let mut twice = alike.take(2).map(|top| top.least_reps >= high);
            twice.next() == Some(true) && twice.next() == Some(true)
        }
    }
}

/// An exercise without a load: as many sets as usual.
fn without_load(situation: &Situation<'_>, exercise: &Exercise) -> Draft {
    let reps = context::first_reps(situation, exercise);
    let sessions = situation.training.habits.sessions();
    let times = sessions.filter(|(_, done)| done.contains(&&exercise.slug)).count() as u32;
    let reason = match times {
        0 => Reason::new(Code::ColdStart, 0.5, [], Evidence::default()),
        _ => {
            let params = [(Param::Times, Value::Count(times))];
            Reason::new(Code::UsualSession, 0.5, params, context::workouts(situation, 12))
        }
    };
    Draft {
        lifts: vec![plain(exercise, None, reps, context::usual_sets(situation, None))],
        reasons: vec![reason],
        urgency: 0.1,
        ..Draft::about(Kind::NextLoad, exercise.slug.as_str(), Headline::NextLoadOpen)
    }
}

fn unknown(slug: &ExerciseSlug) -> Draft {
    let params = [(Param::Exercise, Value::Exercise(slug.clone()))];
    let reason = Reason::new(Code::UnknownExercise, 0.9, params, Evidence::default());
    Draft { reasons: vec![reason], ..Draft::nothing(slug) }
}

/// Nothing is built on a number that is probably a slip: the person is asked.
fn doubtful(situation: &Situation<'_>, exercise: &Exercise, lift: &state::Lift, doubt: Doubt) -> Draft {
    let (load, evidence) = (lift.last().load_kg, context::evidence(situation, lift, 1));
    let reason = match doubt {
        Doubt::UnitSlip { probably_kg } => {
            let params = [(Param::Load, Value::Load(load)), (Param::OtherLoad, Value::Load(probably_kg))];
            Reason::new(Code::UnitDoubt, 1.0, params, evidence)
        }
        Doubt::Impossible | Doubt::FarOff => {
            let reps = Value::Count(u32::from(lift.last().reps));
            Reason::new(Code::NumberDoubt, 1.0, [(Param::Load, Value::Load(load)), (Param::Reps, reps)], evidence)
        }
    };
    let params =
        Params::from([(Param::Exercise, Value::Exercise(exercise.slug.clone())), (Param::Load, Value::Load(load))]);
    Draft { params, reasons: vec![reason], urgency: 1.0, ..Draft::notice(exercise.slug.as_str(), Headline::CheckEntry) }
}
