//! While a workout is logged live: what today tells of the sets that are left.

use super::{
    context,
    draft::{Draft, lift as plain},
    shown::Recommendation,
    situation::Situation,
};
use crate::domain::{
    event::{Kind, Performed, Set},
    exercise::Exercise,
    reasons::{Code, Evidence, Param, Reason, Value},
    safety,
    state::Lift,
    texts::Headline,
};

/// How much of the surprise of the lifts so far the next one shares: a slope measured on logs.
const SHARED: f64 = 0.27;
/// The most that today moves a load.
const MAX_MOVE: f64 = 0.05;

/// A change of load for the sets of the last exercise in `done` that are left; `None` when nothing is to be changed.
/// `done` is today's workout so far, which no state has learnt from yet.
pub fn in_session(situation: &Situation<'_>, done: &[Performed]) -> Option<Recommendation> {
    if situation.profile.logs_only() {
        return None;
    }
    let (current, before) = done.split_last()?;
    let exercise = situation.knowledge.exercises.get(&current.exercise).filter(|one| context::has_load(one))?;
    let lift = situation.training.lifts.get(&current.exercise)?;
    let last = current.sets.iter().rfind(|set| set.tells_strength())?;
    let step = situation.rack(exercise).step_kg;
    let fell_short = fell_short(lift, last);
    let surprise = surprise(situation, before);
    // Down whatever it rests on; up only when an effort was told.
    let shift = match (fell_short, surprise) {
        (true, _) => -MAX_MOVE,
        (false, Some(surprise)) => {
            let is_easy = last.effort().is_some_and(|rpe| rpe <= 8.0);
            (SHARED * surprise).clamp(-MAX_MOVE, if is_easy { MAX_MOVE } else { 0.0 })
        }
        (false, None) => 0.0,
    };
    let change = (last.load_kg * shift.abs() / step).round() * step;
    // A set that fell short asks for a step at least.
    let change = if fell_short { change.max(step) } else { change };
    if change < step / 2.0 {
        return None;
    }
    let load_kg = last.load_kg + change.copysign(shift);
    let draft = Draft {
        lifts: vec![bounded_by_today(exercise, lift, last, load_kg)],
        reasons: vec![reason(situation, lift, last, fell_short, surprise.unwrap_or(0.0))],
        urgency: 0.9,
        ..Draft::about(Kind::InSession, exercise.slug.as_str(), Headline::SetsLeft)
    };
    let recommendation = draft.finish(situation, situation.now);
    // Safety may have left nothing to change.
    let still_changes = recommendation.lifts.first()?.load_kg.is_none_or(|kg| (kg - last.load_kg).abs() > step / 2.0);
    still_changes.then_some(recommendation)
}

/// Two repetitions fewer than usual with this much load, or at the limit.
fn fell_short(lift: &Lift, set: &Set) -> bool {
    let usual = lift.usual_reps()[1];
    let is_usual_load = set.load_kg <= lift.last().load_kg * 1.05;
    set.effort().is_some_and(|rpe| rpe >= 9.5) || (is_usual_load && set.reps + 2 <= u16::from(usual))
}

/// The mean surprise of the lifts done before, as a share of the load; `None` when nothing was foreseen for them.
fn surprise(situation: &Situation<'_>, before: &[Performed]) -> Option<f64> {
    let surprises: Vec<f64> = before
        .iter()
        .filter_map(|performed| {
            let exercise = situation.knowledge.exercises.get(&performed.exercise)?;
            let sets = performed.sets.iter().filter(|set| set.tells_strength());
            let top = sets.max_by(|a, b| a.load_kg.total_cmp(&b.load_kg).then(a.reps.cmp(&b.reps)))?;
            let foreseen = context::forecast(situation, exercise, top.reps, situation.now)?;
            let surprise = (top.load_kg / foreseen.exact_kg).ln();
            surprise.is_finite().then_some(surprise.clamp(-0.3, 0.3))
        })
        .collect();
    (!surprises.is_empty()).then(|| surprises.iter().sum::<f64>() / surprises.len() as f64)
}

fn bounded_by_today(exercise: &Exercise, lift: &Lift, last: &Set, load_kg: f64) -> safety::Lift {
    let reps = u16::from(lift.usual_reps()[1]).min(last.reps.max(1) + 2);
    plain(exercise, Some(load_kg), reps, 1)
}

fn reason(situation: &Situation<'_>, lift: &Lift, last: &Set, fell_short: bool, surprise: f64) -> Reason {
    let evidence = context::evidence(situation, lift, 3);
    if fell_short {
        let usual = Value::Count(u32::from(lift.usual_reps()[1]));
        let params = [(Param::Load, Value::Load(last.load_kg)), (Param::Reps, usual)];
        return Reason::new(Code::RepsMissed, 0.9, params, evidence);
    }
    let code = if surprise < 0.0 { Code::SessionWeak } else { Code::SessionStrong };
    let percent = [(Param::Percent, Value::Percent(100.0 * surprise.abs()))];
    Reason::new(code, 0.8, percent, Evidence { n: 1, ..evidence })
}
