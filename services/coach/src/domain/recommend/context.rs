//! What the safety layer is told of a person, a lift and a week; and what of a lift is usual.

use jiff::{ToSpan, civil::DateTime};

use super::{
    first_load,
    situation::{PAIN_DAYS, Situation},
};
use crate::domain::{
    exercise::{Exercise, Loading, MuscleGroup},
    models::{
        strength::epley,
        time::{day_of, minutes_of},
    },
    profile::{Experience, days_between},
    reasons::Evidence,
    safety::{self, Doubt, Known, Last, Level, Person, Reentry, Week, doubt},
    state::{Ask, Asked, Forecast, Lift, TopSet},
};

/// Sets of fewer than this share of the repetitions are of another kind.
const ALIKE_SHARE: f64 = 0.4;
/// The repetitions in reserve that are assumed when no RPE is logged.
const ASSUMED_RESERVE: f64 = 2.0;
/// The time from which on a load is held against those before.
const DOUBTED_FROM: usize = 5;
/// Changes up to this many kilograms are no slip of the unit.
const SMALL_KG: f64 = 5.0;

/// When the next workout will be: the usual number of days after the last one, not before now.
pub fn next_time(situation: &Situation<'_>) -> DateTime {
    let starts: Vec<DateTime> = situation.training.habits.starts().rev().take(9).collect();
    let Some(last) = starts.first() else { return situation.now };
    let gaps = starts.windows(2).map(|pair| days_between(pair[1].date(), pair[0].date()));
    let usual = median(gaps.collect()).unwrap_or(2).clamp(1, 14);
    last.checked_add(i64::from(usual).days()).unwrap_or(*last).max(situation.now)
}

/// The middle, of two the higher; `None` of nothing.
pub(super) fn median<T: Copy + Ord>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// Days since 1970, as top sets count them.
pub(super) fn day(on: DateTime) -> i32 {
    day_of(minutes_of(on))
}

/// Days from one day to a later one; 0 when it is not later.
pub(super) fn between(from: i32, to: i32) -> u32 {
    u32::try_from(to.saturating_sub(from)).unwrap_or(0)
}

/// The context of several lifts at a moment.
pub(super) fn context(situation: &Situation<'_>, lifts: &[safety::Lift], on: DateTime) -> safety::Context {
    let exercises = situation.knowledge.exercises;
    let known = lifts.iter().filter_map(|lift| Some(known(situation, exercises.get(&lift.exercise)?, lift.reps, on)));
    safety::Context { person: person(situation, on), known: known.collect(), week: week(situation, on) }
}

fn person(situation: &Situation<'_>, on: DateTime) -> Person {
    let profile = situation.profile;
    Person {
        age: profile.age(on.date()),
        logs_only: profile.logs_only(),
        injured: profile.injured(on.date()),
        days_trained: days_trained(situation, on),
    }
}

/// Days since the first workout.
pub(super) fn days_trained(situation: &Situation<'_>, on: DateTime) -> u32 {
    situation.training.span().map_or(0, |(first, _)| days_between(first.date(), on.date()))
}

/// Weeks since the first workout, 1 to 4: what a mean over four weeks is a mean of.
pub(super) fn weeks_trained(situation: &Situation<'_>, on: DateTime) -> f64 {
    (f64::from(days_trained(situation, on)) / 7.0).clamp(1.0, 4.0)
}

/// The sets of the week before a moment. The mean is over the weeks that the person has trained, at most four.
pub(super) fn week(situation: &Situation<'_>, on: DateTime) -> Week {
    situation.memo.weeks.get(&on, || {
        let muscles = &situation.training.muscles;
        let weeks = weeks_trained(situation, on);
        Week {
            done: MuscleGroup::ALL.map(|muscle| muscles.sets(muscle, on, 7)),
            usual: MuscleGroup::ALL.map(|muscle| muscles.sets(muscle, on, 28) / weeks),
        }
    })
}

fn known(situation: &Situation<'_>, exercise: &Exercise, reps: u16, on: DateTime) -> Known {
    let lift = situation.training.lift(&exercise.slug);
    let lift = lift.as_deref();
    let rack = situation.rack(exercise);
    let known = Known {
        hurts: hurts(situation, exercise, on),
        is_excluded: situation.guidance.hurts(exercise.slug.as_str()).len() >= 3,
        ..Known::of(exercise, rack.step_kg, rack.least_kg)
    };
    let Some(lift) = lift else {
        return Known { first: first_load::first(situation, exercise), ..known };
    };
    if doubted(lift).is_some() {
        // What is not believed is nothing to build on: no last load, and no first one either.
        return known;
    }
    let top = lift.last();
    Known {
        last: Some(Last {
            load_kg: top.load_kg,
            reps: u16::from(top.reps),
            sets: u16::from(top.sets),
            rpe: top.rpe.map(f64::from),
            missed: missed(top),
        }),
        days_away: days_away(situation, exercise, lift, on),
        days_rested: between(top.day, day(on)),
        usual_sets: usual_sets(situation, Some(lift)),
        level: Some(level(lift)),
        forecast: forecast(situation, exercise, reps, on)
            .map(|forecast| safety::Forecast { reps, upper80_kg: forecast.range80_kg.1 }),
        reentry: reentry(situation, exercise, lift, on),
        ..known
    }
}

/// Whether a note of pain on it is younger than two weeks.
pub(super) fn hurts(situation: &Situation<'_>, exercise: &Exercise, on: DateTime) -> bool {
    let notes = situation.guidance.hurts(exercise.slug.as_str());
    notes.iter().any(|at| days_between(at.date(), on.date()) <= PAIN_DAYS)
}

/// The way back after an injury to a joint that it stresses.
pub(super) fn reentry(situation: &Situation<'_>, exercise: &Exercise, lift: &Lift, on: DateTime) -> Option<Reentry> {
    let weeks = situation.profile.weeks_since_cleared(exercise.joints(), on.date())?;
    Some(Reentry { weeks, before_kg: lift.peak_kg() })
}

/// Days since the lift, its pattern or its main muscle was trained: a lift rests while others keep up what it needs.
pub(super) fn days_away(situation: &Situation<'_>, exercise: &Exercise, lift: &Lift, on: DateTime) -> u32 {
    situation.training.days_away(situation.knowledge.exercises, exercise, lift.last().day, on)
}

/// The level without effort held back: a set that left repetitions in reserve tells of more than was lifted. Without an
/// RPE two are assumed, after a missed set none.
fn level(lift: &Lift) -> Level {
    let (last, slope) = (lift.last(), lift.strength.slope());
    let reserve = match last.rpe {
        Some(rpe) => (10.0 - f64::from(rpe)).clamp(0.0, 4.0),
        None if missed(last) => 0.0,
        None => ASSUMED_RESERVE,
    };
    let reps = f64::from(last.reps);
    Level { ln_kg: lift.strength.level() + slope * (epley(reps + reserve) - epley(reps)), slope }
}

/// Whether a set fell short: of what was planned or, where no plan is known, by two repetitions or more of the other sets
/// with the same load. Sets of far fewer repetitions are of another kind: a single is not a triple.
pub(super) fn missed(top: &TopSet) -> bool {
    match top.asked {
        Asked::Met | Asked::ObeyedAndMet => false,
        Asked::Short | Asked::ObeyedAndShort => true,
        Asked::Nothing => {
            let (most, least) = (u16::from(top.reps), u16::from(top.least_reps));
            least + 2 <= most && f64::from(least) >= ALIKE_SHARE * f64::from(most)
        }
    }
}

/// The repetitions that a set fell short of: the most of its session, where no plan is known.
pub(super) fn asked_reps(lift: &Lift, top: &TopSet) -> u16 {
    match top.asked {
        Asked::Nothing => u16::from(top.reps),
        _ => u16::from(lift.usual_reps()[1]).max(u16::from(top.least_reps) + 1),
    }
}

/// How often in a row, up to the last time, a set fell short without the load getting lighter.
pub(super) fn misses(lift: &Lift) -> usize {
    let is_as_heavy = |top: &&TopSet| top.load_kg >= lift.last().load_kg * (1.0 - TopSet::NEAR);
    lift.recent.iter().rev().take_while(|top| missed(top)).take_while(is_as_heavy).count()
}

/// Why the last top set is not believed: from the fifth time on it is far from the median of the five before, and was not
/// said twice. What nobody lifts is never believed.
pub(super) fn doubted(lift: &Lift) -> Option<Doubt> {
    let (last, before) = lift.recent.split_last()?;
    let (slope, reps) = (lift.strength.slope(), u32::from(last.reps));
    let at_these_reps =
        |top: &TopSet| top.load_kg * (slope * (epley(f64::from(top.reps)) - epley(f64::from(last.reps)))).exp();
    // Without anything to hold it against, only what is impossible is doubted; and what the coach asked for is no slip.
    let impossible = doubt(last.load_kg, reps, None);
    if before.len() < DOUBTED_FROM - 1 || last.asked.is_coachs() || impossible.is_some() {
        return impossible;
    }
    let said_before = at_these_reps(before.last()?);
    let mut latest: Vec<f64> = before.iter().rev().take(5).map(at_these_reps).collect();
    latest.sort_by(f64::total_cmp);
    // A small weight may double; that is a step or two.
    let doubt = |kg: f64| doubt(last.load_kg, reps, Some(kg)).filter(|_| (last.load_kg - kg).abs() > SMALL_KG);
    doubt(said_before).and(doubt(latest[latest.len() / 2]))
}

/// What the models foresee for so many repetitions.
pub(super) fn forecast(situation: &Situation<'_>, exercise: &Exercise, reps: u16, on: DateTime) -> Option<Forecast> {
    situation.memo.forecasts.get(&(exercise.slug.clone(), reps, on), || {
        let step_kg = situation.rack(exercise).step_kg;
        let ask = Ask { exercise: &exercise.slug, reps: reps.clamp(1, 20) as u8, on, step_kg, routine: None };
        let forecast = situation.training.forecast(situation.knowledge, &ask)?;
        let numbers = [forecast.load_kg, forecast.exact_kg, forecast.range80_kg.0, forecast.range80_kg.1];
        numbers.iter().all(|kg| kg.is_finite() && *kg > 0.0).then_some(forecast)
    })
}

/// The repetitions to propose for a lift: the usual ones, within what the goals ask for.
pub(super) fn usual_reps(situation: &Situation<'_>, lift: &Lift) -> u16 {
    let usual = u16::from(lift.usual_reps()[1]).clamp(1, 20);
    if situation.profile.goals.is_empty() {
        return usual;
    }
    let (low, high, _) = situation.profile.reps();
    usual.clamp(low, high)
}

/// The repetitions of a first time: what suits both the exercise and the goals, eight where they say nothing in common.
pub(super) fn first_reps(situation: &Situation<'_>, exercise: &Exercise) -> u16 {
    let (low, high, _) = situation.profile.reps();
    let (low, high) = (low.max(exercise.reps.0), high.min(exercise.reps.1));
    if low <= high { 8.clamp(low, high) } else { 8.clamp(exercise.reps.0.min(exercise.reps.1), exercise.reps.1) }
}

/// The median of the sets of the last times, 1 to 6; where it was never done, what a beginner or another begins with.
pub(super) fn usual_sets(situation: &Situation<'_>, lift: Option<&Lift>) -> u16 {
    let Some(lift) = lift else {
        return if situation.profile.experience == Experience::Novice { 2 } else { 3 };
    };
    let sets = lift.recent.iter().rev().take(5).map(|top| u16::from(top.sets));
    median(sets.collect()).unwrap_or(2).clamp(1, 6)
}

/// The events of the last times of a lift.
pub(super) fn evidence(situation: &Situation<'_>, lift: &Lift, times: usize) -> Evidence {
    let tops = &lift.recent[lift.recent.len().saturating_sub(times)..];
    let events = tops.iter().filter_map(|top| situation.training.evidence(top.session));
    let window_days = tops.first().map_or(0, |first| between(first.day, day(situation.now)));
    Evidence { n: tops.len() as u32, ..Evidence::of(events, window_days) }
}

/// The events of the last workouts, latest last.
pub(super) fn workouts(situation: &Situation<'_>, times: u32) -> Evidence {
    let sessions = situation.training.sessions;
    let of = sessions.saturating_sub(times)..sessions;
    let starts = situation.training.habits.starts().rev().take(times as usize);
    let from = starts.last().map_or(situation.now.date(), DateTime::date);
    Evidence::of(
        of.filter_map(|session| situation.training.evidence(session)),
        days_between(from, situation.now.date()),
    )
}

/// Whether an exercise of the body was done without an added load, since the last time with one if there was any.
pub(super) fn is_done_without(situation: &Situation<'_>, exercise: &Exercise, lift: Option<&Lift>) -> bool {
    if exercise.loading != Loading::Added {
        return false;
    }
    let mut sessions = situation.training.habits.sessions().rev();
    let last = sessions.find(|(_, done)| done.contains(&&exercise.slug));
    last.is_some_and(|(start, _)| lift.is_none_or(|lift| day(start) > lift.last().day))
}

/// Whether the coach names loads for an exercise at all.
pub(super) fn has_load(exercise: &Exercise) -> bool {
    matches!(exercise.loading, Loading::External | Loading::Added)
}
