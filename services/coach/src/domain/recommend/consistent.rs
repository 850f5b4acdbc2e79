//! The reasons of what is shown in the end: whatever it contradicts is not said.

use super::{context, pair::as_one_rep, situation::Situation};
use crate::domain::{
    reasons::{Code, Evidence, Param, Reason, Value},
    safety::Lift,
};

/// Loads this near are the same, in kilograms.
const SAME_KG: f64 = 0.01;

/// What speaks for one proposed lift, and what was done of it last.
pub(super) fn reasons(situation: &Situation<'_>, mut reasons: Vec<Reason>, shown: &Lift) -> Vec<Reason> {
    let Some(lift) = situation.training.lift(&shown.exercise) else { return reasons };
    let last = lift.last();
    let Some(load_kg) = shown.load_kg else {
        // Without a load no number speaks for one.
        reasons.retain(|reason| !reason.params.contains_key(&Param::Load));
        return reasons;
    };
    let has_risen = as_one_rep(load_kg, shown.reps) > as_one_rep(last.load_kg, u16::from(last.reps)) + 1e-9;
    let is_shown = |reason: &Reason| {
        let load = matches!(reason.params.get(&Param::Load), Some(Value::Load(kg)) if (kg - load_kg).abs() < SAME_KG);
        load && reason.params.get(&Param::Reps) == Some(&Value::Count(u32::from(shown.reps)))
    };
    reasons.retain(|reason| match reason.code {
        Code::RepsTargetMet | Code::RpeLow | Code::NoRpe => has_risen,
        Code::Forecast => is_shown(reason),
        Code::SameAsLastBest | Code::LastTime => false,
        _ => true,
    });
    let is_same = (load_kg - last.load_kg).abs() < SAME_KG && shown.reps == u16::from(last.reps);
    let (code, weight) = if is_same { (Code::SameAsLastBest, 0.4) } else { (Code::LastTime, 0.3) };
    let about = [(Param::Load, Value::Load(last.load_kg)), (Param::Reps, Value::Count(u32::from(last.reps)))];
    reasons.push(Reason::new(code, weight, about, context::evidence(situation, &lift, 1)));
    reasons
}

/// Nothing is said without a reason: where none is left, it is what is done usually, or new.
pub(super) fn never_none(situation: &Situation<'_>, mut reasons: Vec<Reason>) -> Vec<Reason> {
    if reasons.is_empty() {
        let sessions = situation.training.sessions;
        let params = [(Param::Times, Value::Count(sessions))];
        reasons.push(match sessions {
            0 => Reason::new(Code::ColdStart, 0.2, [], Evidence::default()),
            _ => Reason::new(Code::FromWorkouts, 0.2, params, context::workouts(situation, sessions)),
        });
    }
    reasons
}
