//! How much is asked next: as much as was done well last time, a little more when it was earned, less only after a miss, a
//! set at the limit, pain or time away.

use jiff::civil::DateTime;

use super::{
    context,
    pair::{a_rep, as_one_rep},
    situation::Situation,
};
use crate::domain::{
    exercise::Exercise,
    models::{layoff::after_days_away, strength::epley},
    reasons::{Code, Param, Reason, Value},
    safety::Reentry,
    state::{self, TopSet},
};

/// The repetitions that shall stay in reserve.
const RESERVE: f64 = 2.0;
/// At this RPE a set was at the limit.
const HARD_RPE: f64 = 9.5;
/// How much of the repetitions that were left above that are asked for next, and how many at most.
const OF_THE_REST: f64 = 0.6;
const MAX_REPS: f64 = 3.0;
/// How often a set without an RPE is done well before more is asked; once more for each miss that is remembered, up to two.
const TIMES: usize = 2;
/// What a second miss in a row costs, and each further one.
const SECOND_MISS: f64 = 0.05;
const FURTHER_MISS: f64 = 0.10;
/// How much of what was possible is asked of a lift that hurts.
const OF_THE_SORE: f64 = 0.5;
/// Until so many weeks after an injury the way back to this share of before is quicker than the way up: by as many repetitions.
const WAY_BACK_WEEKS: u32 = 13;
const OF_BEFORE: f64 = 0.95;
const MAX_BACK_REPS: f64 = 2.0;
/// How much of what the models foresee above the last time is asked for.
const OF_THE_FORECAST: f64 = 0.5;

/// What is asked next, on the logarithmic scale of one repetition.
pub(super) struct Aim {
    pub ln_kg: f64,
    /// What was done well: less is not asked.
    pub least: Option<f64>,
    /// After time away, or with pain: the share of the last load, with the last repetitions.
    pub share: Option<f64>,
    pub reasons: Vec<Reason>,
    pub urgency: f64,
}

pub(super) fn aim(
    situation: &Situation<'_>,
    exercise: &Exercise,
    lift: &state::Lift,
    target: u16,
    on: DateTime,
) -> Aim {
    let last = lift.last();
    let (reps, least_reps) = (u16::from(last.reps), u16::from(last.least_reps));
    let done = as_one_rep(last.load_kg, reps);
    let rep = a_rep(reps);
    let told = |times| context::evidence(situation, lift, times);
    let about =
        |reps: u16| vec![(Param::Load, Value::Load(last.load_kg)), (Param::Reps, Value::Count(u32::from(reps)))];
    let because = |code, weight, params, times| Reason::new(code, weight, params, told(times));
    let of = |ln_kg, least, reasons, urgency| Aim { ln_kg, least, share: None, reasons, urgency };
    let away = context::days_away(situation, exercise, lift, on);
    // After an injury the load comes back in the steps that safety allows; more at once would only be cut.
    let reentry = context::reentry(situation, exercise, lift, on).filter(|reentry| reentry.weeks < WAY_BACK_WEEKS);
    let back = reentry.map(|Reentry { weeks, before_kg }| {
        let share = (0.5 + 0.1 * f64::from(weeks)).min(OF_BEFORE);
        (weeks, as_one_rep(share * before_kg, target.min(reps)).min(done + MAX_BACK_REPS * rep))
    });
    if let Some((0..5, back)) = back {
        return of(back, None, vec![], 0.6);
    }
    if away > 14 {
        let days = vec![(Param::Days, Value::Count(away))];
        let share = after_days_away(away);
        let reasons = vec![because(Code::LayoffDays, 0.85, days, 1)];
        return Aim { share: Some(share), ..of(done + share.ln(), None, reasons, 0.6) };
    }
    if context::hurts(situation, exercise, on) {
        // Half of what was possible before it hurt, and not half of that the next time.
        let share = (OF_THE_SORE * lift.peak_kg() / last.load_kg).min(1.0);
        let pain = vec![(Param::Exercise, Value::Exercise(exercise.slug.clone()))];
        let reasons = vec![because(Code::PainSub, 0.95, pain, 1)];
        return Aim { share: Some(share), ..of(done + share.ln(), None, reasons, 0.6) };
    }
    let misses = context::misses(lift);
    if misses > 0 {
        // What was reached at the limit leaves two in reserve two repetitions below it. Where no plan is known, sets that
        // became shorter are repeated.
        let is_planned = last.asked != state::Asked::Nothing;
        let reached = if is_planned { as_one_rep(last.load_kg, (reps + least_reps) / 2) - RESERVE * rep } else { done };
        let less = match misses {
            2 if is_planned => SECOND_MISS,
            3.. if is_planned => FURTHER_MISS,
            _ => 0.0,
        };
        let code = if misses == 1 { Code::RepsMissed } else { Code::RepsMissedTwice };
        let missed = because(code, 0.9, about(context::asked_reps(lift, last)), misses);
        return of(reached - less, None, vec![missed], if misses == 1 { 0.5 } else { 0.8 });
    }
    let rpe = last.rpe.map(f64::from);
    if rpe.is_some_and(|rpe| rpe >= HARD_RPE) {
        // People go to the limit by choice, and what was at the limit may be easier next time. Whoever did as they were told
        // and was there twice was asked too much.
        let was_before = lift.recent.iter().rev().nth(1).is_some_and(|top| {
            top.rpe.is_some_and(|rpe| f64::from(rpe) >= HARD_RPE) && (value(top) - done).abs() < rep / 2.0
        });
        let less = if last.asked.is_coachs() && was_before { rep } else { 0.0 };
        return of(done - less, None, vec![because(Code::AtTheLimit, 0.7, rating(rpe), 1)], 0.4);
    }
    let rests = context::between(last.day, context::day(on)) >= 14;
    let (mut more, mut reasons) = if rests { (0.0, vec![]) } else { earned(situation, lift, rpe) };
    let is_earned = more > 0.0;
    if !is_earned && !rests && !last.asked.is_coachs() {
        // What somebody will probably do is worth asking for; of the obedient it only tells what was proposed.
        if let Some(forecast) = context::forecast(situation, exercise, target, on) {
            let foreseen = forecast.exact_kg.ln() + epley(f64::from(target));
            more = (OF_THE_FORECAST * (foreseen - done)).clamp(0.0, MAX_REPS * rep);
            let mut params = about(target);
            params[0].1 = Value::Load(forecast.load_kg);
            params.push((Param::Times, Value::Count(lift.recent.len() as u32)));
            reasons.push(because(Code::Forecast, 0.5, params, lift.recent.len()));
        }
    }
    if let Some((_, back)) = back {
        more = more.max(back - done);
    }
    // What is earned is given: half a repetition at least, whatever the plates.
    let least = if is_earned { done + rep / 2.0 } else { done };
    of(done + more, Some(least), reasons, if more > 0.0 { 0.6 } else { 0.4 })
}

/// What more is earned, with the reasons.
fn earned(situation: &Situation<'_>, lift: &state::Lift, rpe: Option<f64>) -> (f64, Vec<Reason>) {
    let last = lift.last();
    let rep = a_rep(u16::from(last.reps));
    let times = held(lift);
    let met = vec![(Param::Load, Value::Load(last.load_kg)), (Param::Reps, Value::Count(u32::from(last.least_reps)))];
    let because = |code, weight, params| Reason::new(code, weight, params, context::evidence(situation, lift, times));
    let remembered = lift.recent.iter().filter(|top| context::missed(top)).count();
    match rpe {
        Some(rpe) => {
            let left = 10.0 - rpe - RESERVE;
            if left < 0.5 {
                return (0.0, vec![]);
            }
            // A rating that a miss gave the lie to earns no more than a repetition.
            let most = if remembered > 0 { 1.0 } else { MAX_REPS };
            let more = (OF_THE_REST * left).clamp(1.0, most) * rep;
            let felt = because(Code::RpeLow, 0.7, rating(Some(rpe)));
            (more, vec![because(Code::RepsTargetMet, 0.9, met), felt])
        }
        None => {
            let best = lift.recent.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
            let is_below_best = value(last) < best - 0.5 * rep;
            // To have done what was asked earns more at once, as long as it never was too much.
            let needed = match (last.asked.is_coachs(), remembered) {
                (true, 0) => 1,
                _ if is_below_best => TIMES,
                _ => TIMES + remembered.min(2),
            };
            if times < needed {
                return (0.0, vec![]);
            }
            (rep, vec![because(Code::RepsTargetMet, 0.9, met), because(Code::NoRpe, 0.1, vec![])])
        }
    }
}

/// How often in a row, up to the last time, about as much was done.
fn held(lift: &state::Lift) -> usize {
    let last = lift.last();
    let near = 0.6 * a_rep(u16::from(last.reps));
    let is_held = |top: &&TopSet| !context::missed(top) && (value(top) - value(last)).abs() <= near;
    lift.recent.iter().rev().take_while(is_held).count()
}

fn value(top: &TopSet) -> f64 {
    as_one_rep(top.load_kg, u16::from(top.reps))
}

fn rating(rpe: Option<f64>) -> Vec<(Param, Value)> {
    vec![(Param::Rpe, Value::Number(rpe.unwrap_or_default()))]
}
