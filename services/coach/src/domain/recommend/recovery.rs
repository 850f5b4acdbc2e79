//! A lighter week when the log asks for one, and the way back after time away.

use jiff::civil::DateTime;

use super::{
    context,
    draft::Draft,
    next_session::{self, Likely},
    situation::Situation,
};
use crate::domain::{
    event::Kind,
    models::layoff::after_days_away,
    profile::days_between,
    reasons::{Code, Counterfactual, Otherwise, Param, Params, Reason, Value},
    safety::Lift,
    texts::Headline,
};

/// Days between two lighter weeks, at least.
const DELOAD_EVERY: u32 = 28;
const DELOAD_DAYS: u32 = 7;
const DELOAD_SETS: f64 = 0.55;
const DELOAD_LOAD: f64 = 0.9;
/// A lift is down when its last sessions were this many standard deviations below what was foreseen.
const DOWN: f64 = -1.0;
/// Sets are hard when they feel this much harder than expected, in RPE.
const HARDER: f64 = 0.7;

/// A lighter week, when two of three things hold: several lifts are down; sets feel harder than they should; the week
/// is much more than the last ones. Advice by evidence: a lighter week by the calendar alone has shown no benefit.
pub(super) fn deload(situation: &Situation<'_>, on: DateTime, likely: &[Likely]) -> Option<Draft> {
    let now = situation.now.date();
    let last = situation.guidance.last_shown(Kind::Deload);
    if last.is_some_and(|last| days_between(last.date(), now) < DELOAD_EVERY)
        || context::days_trained(situation, on) < 28
    {
        return None;
    }
    let reasons: Vec<Reason> = [down(situation), drift(situation), rising(situation)].into_iter().flatten().collect();
    if reasons.len() < 2 {
        return None;
    }
    let usual = next_session::exercises(situation, on, likely);
    let lifts = usual.iter().map(|exercise| next_session::lift(situation, exercise, on));
    Some(Draft {
        params: Params::from([
            (Param::Percent, Value::Percent(100.0 * DELOAD_SETS)),
            (Param::OtherPercent, Value::Percent(100.0 * DELOAD_LOAD)),
            (Param::Days, Value::Count(DELOAD_DAYS)),
        ]),
        lifts: lifts.map(|lift| lightened(situation, lift, DELOAD_LOAD, DELOAD_SETS)).collect(),
        counterfactual: Some(Counterfactual {
            code: Otherwise::BackIfRested,
            params: Params::from([(Param::Days, Value::Count(DELOAD_DAYS))]),
        }),
        urgency: if reasons.len() == 3 { 1.0 } else { 0.8 },
        reasons,
        ..Draft::about(Kind::Deload, "", Headline::Deload)
    })
}

/// The way back after more than two weeks without a workout.
pub(super) fn welcome_back(situation: &Situation<'_>) -> Option<Draft> {
    let (_, last) = situation.training.span()?;
    let away = days_between(last.date(), situation.now.date());
    if away <= 14 {
        return None;
    }
    let evidence = context::workouts(situation, 1);
    let likely = next_session::likely(situation, situation.now);
    let usual = next_session::exercises(situation, situation.now, &likely);
    let lifts = usual.iter().map(|exercise| next_session::lift(situation, exercise, situation.now));
    Some(Draft {
        params: Params::from([(Param::Percent, Value::Percent(100.0 * after_days_away(away)))]),
        lifts: lifts.map(|lift| lightened(situation, lift, 1.0, 2.0 / 3.0)).collect(),
        reasons: vec![Reason::new(Code::LayoffDays, 1.0, [(Param::Days, Value::Count(away))], evidence)],
        urgency: 1.0,
        ..Draft::about(Kind::Return, "", Headline::WelcomeBack)
    })
}

/// Less of a lift, on the person's own grid. The lay-off itself is the safety layer's.
fn lightened(situation: &Situation<'_>, lift: Lift, load: f64, sets: f64) -> Lift {
    let exercise = situation.knowledge.exercises.get(&lift.exercise);
    let step = exercise.map_or(2.5, |exercise| situation.rack(exercise).step_kg);
    let lighter = |kg: f64| if load < 1.0 { kg - (kg * (1.0 - load) / step).ceil() * step } else { kg };
    Lift {
        load_kg: lift.load_kg.map(lighter).filter(|kg| *kg > 0.0),
        // Between 1 and 6.
        sets: (f64::from(lift.sets) * sets).round().max(1.0) as u16,
        range80_kg: None,
        ..lift
    }
}

/// Three lifts or more of the last two weeks are down.
fn down(situation: &Situation<'_>) -> Option<Reason> {
    let today = context::day(situation.now);
    let down =
        situation.training.lifts.values().filter(|lift| {
            lift.sessions >= 4 && lift.surprise <= DOWN && context::between(lift.last().day, today) <= 14
        });
    let count = down.count() as u32;
    let params = [(Param::Times, Value::Count(count)), (Param::Workouts, Value::Count(3))];
    (count >= 3).then(|| Reason::new(Code::StrengthDown, 0.9, params, context::workouts(situation, 3)))
}

/// The last sets felt harder than expected.
fn drift(situation: &Situation<'_>) -> Option<Reason> {
    let today = context::day(situation.now);
    let recent = situation.training.lifts.values().flat_map(|lift| lift.recent.iter().map(move |top| (lift, top)));
    let mut residuals: Vec<(i32, f64)> = recent
        .filter(|(_, top)| context::between(top.day, today) <= 14)
        .filter_map(|(lift, top)| Some((top.day, f64::from(top.rpe?) - lift.expected_rpe(top.load_kg, top.reps)?)))
        .collect();
    residuals.sort_by_key(|(day, _)| std::cmp::Reverse(*day));
    residuals.truncate(10);
    let mean = residuals.iter().map(|(_, residual)| residual).sum::<f64>() / residuals.len().max(1) as f64;
    let params = [(Param::Rpe, Value::Number(mean)), (Param::Times, Value::Count(residuals.len() as u32))];
    (residuals.len() >= 5 && mean >= HARDER)
        .then(|| Reason::new(Code::RpeDrift, 0.85, params, context::workouts(situation, 5)))
}

/// The acute load is far above the chronic one. A note: it foretells nothing, and alone nothing follows from it.
pub(super) fn rising(situation: &Situation<'_>) -> Option<Reason> {
    let (acute, chronic) = situation.training.load.at(situation.now);
    let above = 100.0 * (acute / chronic - 1.0);
    let params = [(Param::Percent, Value::Percent(above))];
    (chronic > 0.0 && above > 30.0 && above.is_finite())
        .then(|| Reason::new(Code::LoadRising, 0.7, params, context::workouts(situation, 5)))
}
