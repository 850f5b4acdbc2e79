//! A lift that has not risen for weeks: other repetitions, or a variant. Advice only, nothing is changed by itself.

use super::{
    alternatives, context,
    draft::{Draft, lift as plain},
    situation::Situation,
};
use crate::domain::{
    event::Kind,
    exercise::{Exercise, Mechanic},
    reasons::{Code, Param, Params, Reason, Value},
    safety,
    state::Lift,
    texts::Headline,
};

/// A plateau is at least so many sessions over so many days, with at most this probability of a rise.
const SESSIONS: usize = 6;
const DAYS: u32 = 21;
const RISING: f64 = 0.2;
/// It is told at most once in so many days.
const EVERY_DAYS: u32 = 14;

/// The lifts that stand still, most practised first.
pub(super) fn drafts(situation: &Situation<'_>) -> Vec<Draft> {
    let today = context::day(situation.now);
    let last = situation.guidance.last_shown(Kind::Plateau);
    if last.is_some_and(|last| context::between(context::day(last), today) < EVERY_DAYS) {
        return Vec::new();
    }
    let mut still: Vec<(&Lift, &Exercise)> = situation
        .training
        .lifts
        .iter()
        .filter(|(_, lift)| lift.sessions as usize > SESSIONS && context::between(lift.last().day, today) <= 14)
        .filter(|(_, lift)| span(lift).1 >= DAYS && lift.is_rising(SESSIONS).is_some_and(|chance| chance < RISING))
        .filter_map(|(slug, lift)| Some((lift, situation.knowledge.exercises.get(slug)?)))
        .filter(|(_, exercise)| situation.may_do(exercise) && context::has_load(exercise))
        .collect();
    still.sort_by_key(|(lift, exercise)| (std::cmp::Reverse(lift.sessions), exercise.slug.clone()));
    still.into_iter().take(2).filter_map(|(lift, exercise)| draft(situation, lift, exercise)).collect()
}

fn draft(situation: &Situation<'_>, lift: &Lift, exercise: &Exercise) -> Option<Draft> {
    let (times, days) = span(lift);
    let params = [
        (Param::Exercise, Value::Exercise(exercise.slug.clone())),
        (Param::Times, Value::Count(times)),
        (Param::Weeks, Value::Count(days / 7)),
    ];
    let reasons = vec![Reason::new(Code::Plateau, 0.8, params, context::evidence(situation, lift, times as usize))];
    let [low, usual, high] = lift.usual_reps().map(u16::from);
    let about = |headline| Draft { urgency: 0.5, ..Draft::about(Kind::Plateau, exercise.slug.as_str(), headline) };
    if high - low >= 4 {
        // The repetitions change already: another exercise for the same muscle.
        let (other, _) = alternatives::best(situation, exercise, None)?;
        return Some(Draft {
            params: Params::from([
                (Param::Exercise, Value::Exercise(exercise.slug.clone())),
                (Param::Other, Value::Exercise(other.slug.clone())),
            ]),
            lifts: vec![super::next_session::lift(situation, other, situation.now)],
            reasons,
            ..about(Headline::PlateauVariant)
        });
    }
    let (from, to) = match exercise.mechanic {
        Mechanic::Compound if usual <= 6 => (8, 10),
        Mechanic::Compound => (5, 6),
        Mechanic::Isolation if usual <= 10 => (12, 15),
        Mechanic::Isolation => (8, 10),
    };
    let forecast = context::forecast(situation, exercise, to, situation.now);
    let lift = safety::Lift {
        load_kg: forecast.map(|forecast| forecast.load_kg),
        range80_kg: forecast.map(|forecast| forecast.range80_kg),
        ..plain(exercise, None, to, context::usual_sets(situation, Some(lift)))
    };
    Some(Draft {
        params: Params::from([(Param::Reps, Value::Count(from)), (Param::OtherReps, Value::Count(u32::from(to)))]),
        lifts: vec![lift],
        reasons,
        ..about(Headline::PlateauReps)
    })
}

/// How many of the remembered sessions, and over how many days.
fn span(lift: &Lift) -> (u32, u32) {
    let first = lift.recent.first().unwrap_or(lift.last());
    (lift.recent.len() as u32, context::between(first.day, lift.last().day))
}
