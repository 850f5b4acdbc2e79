//! An exercise with help: less of it is better. Repetitions rise first, then the help falls by a step.

use jiff::civil::DateTime;

use super::{
    context,
    draft::{Draft, lift as plain},
    situation::Situation,
};
use crate::domain::{
    event::Kind,
    exercise::Exercise,
    reasons::{Code, Param, Reason, Value},
    state::{Asked, Lift},
    texts::Headline,
};

/// With so many repetitions more than usual the help falls.
const REPS_ABOVE: u16 = 2;
/// From this RPE on nothing more is asked.
const EASY_RPE: f32 = 8.0;

pub(super) fn draft(situation: &Situation<'_>, exercise: &Exercise, lift: &Lift, on: DateTime) -> Draft {
    let last = lift.last();
    let step = situation.rack(exercise).step_kg;
    let usual = context::usual_reps(situation, lift);
    let reps = u16::from(last.reps);
    let told = |times| context::evidence(situation, lift, times);
    let about = [(Param::Load, Value::Load(last.load_kg)), (Param::Reps, Value::Count(u32::from(last.least_reps)))];
    let away = context::days_away(situation, exercise, lift, on);
    let before = lift.recent.iter().rev().nth(1);
    let was_held = before.is_some_and(|top| top.load_kg <= last.load_kg && top.reps >= last.reps);
    let is_earned = match last.rpe {
        Some(rpe) => rpe <= EASY_RPE,
        None => last.asked == Asked::ObeyedAndMet || was_held,
    };
    let (help_kg, reps, reason) = if away > 14 {
        let days = [(Param::Days, Value::Count(away))];
        (last.load_kg + step, usual, Reason::new(Code::LayoffDays, 0.85, days, told(1)))
    } else if context::hurts(situation, exercise, on) {
        let pain = [(Param::Exercise, Value::Exercise(exercise.slug.clone()))];
        (last.load_kg + step, usual, Reason::new(Code::PainSub, 0.95, pain, told(1)))
    } else if context::missed(last) {
        (last.load_kg + step, usual, Reason::new(Code::RepsMissed, 0.9, about, told(1)))
    } else if is_earned && reps >= usual + REPS_ABOVE && last.load_kg > 1.5 * step {
        (last.load_kg - step, usual, Reason::new(Code::RepsTargetMet, 0.9, about, told(2)))
    } else if is_earned && reps < 20 {
        (last.load_kg, reps + 1, Reason::new(Code::RepsTargetMet, 0.9, about, told(2)))
    } else {
        (last.load_kg, reps, Reason::new(Code::SameAsLastBest, 0.4, about, told(1)))
    };
    Draft {
        lifts: vec![plain(exercise, Some(help_kg), reps, context::usual_sets(situation, Some(lift)))],
        reasons: vec![reason],
        ..Draft::about(Kind::NextLoad, exercise.slug.as_str(), Headline::NextHelp)
    }
}
