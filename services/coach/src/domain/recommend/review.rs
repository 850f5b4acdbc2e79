//! The week that was, and the questions that the log raises.

use jiff::civil::Weekday;

use super::{context, draft::Draft, next_load, recovery, situation::Situation};
use crate::domain::{
    event::Kind,
    models::strength::epley,
    profile::days_between,
    reasons::{Code, Param, Params, Reason, Value},
    state::TopSet,
    texts::Headline,
};

/// A review on the last day of the week, once a week.
pub(super) fn draft_on_its_day(situation: &Situation<'_>) -> Option<Draft> {
    let last = situation.guidance.last_shown(Kind::WeeklyReview);
    let is_due = last.is_none_or(|last| days_between(last.date(), situation.now.date()) >= 6);
    let has_trained =
        situation.training.span().is_some_and(|(_, last)| days_between(last.date(), situation.now.date()) < 7);
    (situation.now.weekday() == Weekday::Sunday && is_due && has_trained).then(|| draft(situation))
}

/// What the last seven days were: workouts, sets, more or less than usual, the best lift.
pub(super) fn draft(situation: &Situation<'_>) -> Draft {
    let today = context::day(situation.now);
    let within = |day: i32, days: u32| day <= today && context::between(day, today) < days;
    let workouts = situation.training.habits.starts().filter(|start| within(context::day(*start), 7)).count() as u32;
    let sets = |days| -> f64 {
        let tops = situation.training.lifts.values().flat_map(|lift| &lift.recent);
        tops.filter(|top| within(top.day, days)).map(|top| f64::from(top.sets)).sum()
    };
    let this_week = sets(7);
    let weeks = context::weeks_trained(situation, situation.now);
    let usual = sets(28) / weeks;
    let evidence = context::workouts(situation, workouts);
    let mut reasons = Vec::new();
    let change = 100.0 * (this_week / usual - 1.0);
    if weeks >= 2.0 && change.abs() >= 10.0 && change.is_finite() {
        let code = if change > 0.0 { Code::WeekMore } else { Code::WeekLess };
        let params = [(Param::Percent, Value::Percent(change.abs()))];
        reasons.push(Reason::new(code, 0.7, params, context::workouts(situation, 12)));
    }
    if weeks >= 4.0 {
        reasons.extend(recovery::rising(situation));
    }
    reasons.extend(best(situation, |top| within(top.day, 7)));
    Draft {
        params: Params::from([
            (Param::Workouts, Value::Count(workouts)),
            // A week has at most some hundred sets.
            (Param::Sets, Value::Count(this_week as u32)),
        ]),
        reasons: if reasons.is_empty() {
            vec![Reason::new(Code::DaysPerWeek, 0.2, [(Param::Days, Value::Count(workouts))], evidence)]
        } else {
            reasons
        },
        urgency: 0.5,
        ..Draft::about(Kind::WeeklyReview, "", Headline::WeeklyReview)
    }
}

/// What must be told: an entry that is probably a slip.
pub(super) fn notices(situation: &Situation<'_>) -> Vec<Draft> {
    let last = situation.training.habits.sessions().next_back();
    let done = last.into_iter().flat_map(|(_, exercises)| exercises);
    let slips = done.filter(|slug| {
        situation.training.lifts.get(slug).is_some_and(|lift| {
            context::doubted(lift).is_some() && lift.last().session + 1 == situation.training.sessions
        })
    });
    slips.take(1).map(|slug| next_load::draft(situation, slug, situation.now)).collect()
}

/// The lift that was farthest above everything remembered of it before.
fn best(situation: &Situation<'_>, is_this_week: impl Fn(&TopSet) -> bool) -> Option<Reason> {
    let strength = |top: &TopSet| top.load_kg.ln() + 0.8 * epley(f64::from(top.reps));
    let (slug, top, lift, _) = situation
        .training
        .lifts
        .iter()
        .filter_map(|(slug, lift)| {
            let of_week = lift.recent.iter().filter(|top| is_this_week(top));
            let top = of_week.max_by(|a, b| strength(a).total_cmp(&strength(b)))?;
            let before = lift.recent.iter().filter(|top| !is_this_week(top)).map(strength);
            let above = strength(top) - before.reduce(f64::max)?;
            (above > 0.0 && context::doubted(lift).is_none()).then_some((slug, top, lift, above))
        })
        .max_by(|a, b| a.3.total_cmp(&b.3))?;
    let params = [
        (Param::Exercise, Value::Exercise(slug.clone())),
        (Param::Load, Value::Load(top.load_kg)),
        (Param::Reps, Value::Count(u32::from(top.reps))),
    ];
    Some(Reason::new(Code::WeekBest, 0.8, params, context::evidence(situation, lift, 1)))
}
