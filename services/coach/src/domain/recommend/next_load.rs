//! The next load of an exercise, as load × repetitions × sets: how much is asked is decided in [`progress`], which load and
//! repetitions make that in [`pair`].

use jiff::civil::DateTime;
use plyo_events::training::ExerciseSlug;

use super::{
    cold_start, context,
    draft::{Draft, lift as plain},
    help, machines,
    pair::{self, Wanted, a_rep, as_one_rep},
    progress::{self, Aim},
    rack::Rack,
    situation::Situation,
};
use crate::domain::{
    event::{Kind, Workout},
    exercise::{Exercise, Loading},
    reasons::{Code, Counterfactual, Evidence, Otherwise, Param, Params, Reason, Value},
    safety::{self, Doubt},
    state,
    texts::Headline,
};

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
    let Some(exercise) = situation.knowledge.exercises.get(slug) else {
        return refused(slug, Code::UnknownExercise);
    };
    if !exercise.counts_reps {
        return refused(slug, Code::NotInReps);
    }
    let Some(lift) = situation.training.lift(slug) else {
        return match context::has_load(exercise) && !context::is_done_without(situation, exercise, None) {
            true => cold_start::first_time(situation, exercise),
            false => without_load(situation, exercise),
        };
    };
    let lift = &*lift;
    if let Some(doubt) = context::doubted(lift) {
        return doubtful(situation, exercise, lift, doubt);
    }
    if exercise.loading == Loading::Assisted {
        return help::draft(situation, exercise, lift, on);
    }
    if context::is_done_without(situation, exercise, Some(lift)) {
        return without_load(situation, exercise);
    }
    let target = context::usual_reps(situation, lift);
    let two = machines::two(exercise, lift);
    let mut plan = match &two {
        Some(machines::TwoMachines { on_lighter, .. }) => {
            plan(situation, exercise, on_lighter, &situation.rack_of(exercise, Some(on_lighter)), target, on)
        }
        None => plan(situation, exercise, lift, &situation.rack(exercise), target, on),
    };
    if let Some(two) = &two {
        let params = [(Param::Load, Value::Load(two.lighter_kg)), (Param::OtherLoad, Value::Load(two.heavier_kg))];
        let all = context::evidence(situation, lift, lift.recent.len());
        plan.reasons.push(Reason::new(Code::TwoMachines, 1.0, params, all));
    }
    let proposed = safety::Lift {
        load_kg: Some(plan.load_kg),
        range80_kg: context::forecast(situation, exercise, plan.reps, on)
            .map(|forecast| forecast.range80_kg)
            .map(|(low, high)| (low.min(plan.load_kg), high.max(plan.load_kg))),
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
pub fn is_followed<'a>(
    situation: &Situation<'_>,
    lifts: impl IntoIterator<Item = (&'a ExerciseSlug, Option<f64>)>,
    workout: &Workout,
) -> bool {
    let done = lifts.into_iter().filter_map(|(slug, load_kg)| {
        let performed = workout.exercises.iter().find(|performed| performed.exercise == *slug)?;
        let exercise = situation.knowledge.exercises.get(slug)?;
        let step = situation.rack(exercise).step_kg;
        let top = performed.sets.iter().filter(|set| set.is_work()).map(|set| set.load_kg).fold(0.0, f64::max);
        Some(load_kg.is_none_or(|load| (load - top).abs() <= step * 1.01))
    });
    let done: Vec<bool> = done.collect();
    !done.is_empty() && done.iter().all(|near| *near)
}

/// Repetitions farther than this from those wanted are not kept.
const FAR_REPS: u16 = 3;

struct Plan {
    load_kg: f64,
    reps: u16,
    reasons: Vec<Reason>,
    counterfactual: Counterfactual,
    urgency: f64,
}

fn plan(
    situation: &Situation<'_>,
    exercise: &Exercise,
    lift: &state::Lift,
    rack: &Rack,
    target: u16,
    on: DateTime,
) -> Plan {
    let last = lift.last();
    let Aim { ln_kg: aim, least, share, mut reasons, urgency } = progress::aim(situation, exercise, lift, target, on);
    let max_kg = last.load_kg + rack.step_kg.max(safety::max_rise(exercise.mechanic) * last.load_kg);
    let fewest = target.div_ceil(2).min(u16::from(last.reps));
    let mut wanted = Wanted { aim, least, reps: target, fewest, last_kg: last.load_kg, max_kg };
    let same = (last.load_kg, u16::from(last.reps));
    let done = as_one_rep(same.0, same.1);
    let is_held = (aim - done).abs() < a_rep(same.1) / 2.0 && same.1.abs_diff(target) <= FAR_REPS;
    let (mut load_kg, mut reps) = match share {
        Some(share) => {
            let less = rack.steps(last.load_kg * (1.0 - share)) * rack.step_kg;
            (rack.used_below(last.load_kg - less).max(rack.least_kg.min(last.load_kg)), same.1)
        }
        None if is_held => same,
        None => pair::choose(rack, &wanted).unwrap_or(same),
    };
    // Where safety cuts a load, the repetitions are given back.
    for _ in 0..2 {
        let proposed = [plain(exercise, Some(load_kg), reps, 1)];
        let bounded = safety::apply(proposed.to_vec(), &context::context(situation, &proposed, on));
        let Some(max_kg) = bounded.lifts.first().and_then(|lift| lift.load_kg).filter(|kg| *kg < load_kg - 1e-6) else {
            break;
        };
        wanted.max_kg = max_kg;
        let Some(pair) = pair::choose(rack, &wanted) else { break };
        (load_kg, reps) = pair;
    }
    let about = |kg: f64, reps: u16| [(Param::Load, Value::Load(kg)), (Param::Reps, Value::Count(u32::from(reps)))];
    let [ramp, back_off] = [last.ramp, last.back_off].map(u32::from);
    if ramp + back_off > 0 {
        let params = [(Param::Sets, Value::Count(ramp)), (Param::OtherSets, Value::Count(back_off))];
        reasons.push(Reason::new(Code::LighterSets, 0.6, params, context::evidence(situation, lift, 1)));
    }
    if !situation.profile.reps().2 {
        let (low, high, _) = situation.profile.reps();
        let params = [(Param::Reps, Value::Count(u32::from(low))), (Param::OtherReps, Value::Count(u32::from(high)))];
        reasons.push(Reason::new(Code::GoalsContradict, 0.65, params, Evidence::default()));
    }
    let now = as_one_rep(load_kg, reps);
    let counterfactual = if now > as_one_rep(last.load_kg, u16::from(last.reps)) + 1e-9 {
        let is_heavier = load_kg > last.load_kg + 1e-6;
        let code = if is_heavier { Otherwise::DownIfMissed } else { Otherwise::FewerRepsIfMissed };
        Counterfactual { code, params: about(last.load_kg.min(load_kg), reps).into() }
    } else {
        let more = Wanted { aim: now + a_rep(reps), least: Some(now), last_kg: load_kg, ..wanted };
        match pair::choose(rack, &more) {
            Some((next_kg, _)) if next_kg > load_kg => {
                Counterfactual { code: Otherwise::UpIfAllReps, params: about(next_kg, reps).into() }
            }
            _ => Counterfactual { code: Otherwise::MoreRepsIfMet, params: about(load_kg, reps).into() },
        }
    };
    Plan { load_kg, reps, reasons, counterfactual, urgency }
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

/// Nothing is proposed, whatever the person did.
fn refused(slug: &ExerciseSlug, code: Code) -> Draft {
    let params = [(Param::Exercise, Value::Exercise(slug.clone()))];
    let reason = Reason::new(code, 0.9, params, Evidence::default());
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
