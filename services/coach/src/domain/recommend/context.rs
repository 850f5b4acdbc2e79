//! What the safety layer is told of a person, a lift and a week; and what of a lift is usual.

use jiff::{ToSpan, civil::DateTime};

use super::{Situation, cold_start};
use crate::domain::{
    exercise::{Exercise, Loading, Muscle},
    models::{
        strength::epley,
        time::{day_of, minutes_of},
    },
    profile::{Experience, days_between},
    reasons::Evidence,
    safety::{self, Doubt, Known, Last, Level, Person, Reentry, Week, doubt},
    state::{Ask, Forecast, Lift, TopSet},
};

/// Two sets are alike when their repetitions differ by at most this.
const ALIKE_REPS: u16 = 2;
/// An alike set older than this many days says less than the last one, whatever its repetitions.
const ALIKE_DAYS: i32 = 28;
/// The repetitions in reserve that are assumed when no RPE is logged.
const ASSUMED_RESERVE: f64 = 2.0;
/// Loads this near, on the logarithmic scale, are the same.
const SAME_LOAD: f64 = 0.03;
/// Changes up to this many kilograms are no slip of the unit.
const SMALL_KG: f64 = 5.0;

/// When the next workout will be: the usual number of days after the last one, not before now.
pub(super) fn next_time(situation: &Situation<'_>) -> DateTime {
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
    let muscles = &situation.training.muscles;
    let weeks = weeks_trained(situation, on);
    Week {
        done: Muscle::ALL.map(|muscle| muscles.sets(muscle, on, 7)),
        usual: Muscle::ALL.map(|muscle| muscles.sets(muscle, on, 28) / weeks),
    }
}

fn known(situation: &Situation<'_>, exercise: &Exercise, reps: u16, on: DateTime) -> Known {
    let profile = situation.profile;
    let hurts = situation.guidance.hurts(exercise.slug.as_str());
    let known = Known {
        hurts: hurts.iter().any(|at| days_between(at.date(), on.date()) <= 14),
        is_excluded: hurts.len() >= 3,
        ..Known::of(exercise, profile.step_kg(exercise), profile.least_kg(exercise))
    };
    let Some(lift) = situation.training.lifts.get(&exercise.slug) else {
        return Known { first_kg: cold_start::first_kg(situation, exercise, reps), ..known };
    };
    if doubted(lift).is_some() {
        // What is not believed is nothing to build on: no last load, and no first one either.
        return known;
    }
    let top = alike(lift, reps);
    let weeks = profile.weeks_since_cleared(exercise.joints(), on.date());
    Known {
        last: Some(Last {
            load_kg: top.load_kg,
            sets: u16::from(top.sets),
            rpe: top.rpe.map(f64::from),
            missed: missed(lift, top),
        }),
        days_away: between(lift.last().day, day(on)),
        level: Some(level(lift)),
        forecast: forecast(situation, exercise, reps, on)
            .map(|forecast| safety::Forecast { reps, upper80_kg: forecast.range80_kg.1 }),
        reentry: weeks
            .map(|weeks| Reentry { weeks, before_kg: lift.recent.iter().map(|top| top.load_kg).fold(0.0, f64::max) }),
        ..known
    }
}

/// The level without effort held back: a set that left repetitions in reserve tells of more than was lifted. Without an
/// RPE two are assumed, after a missed set none.
fn level(lift: &Lift) -> Level {
    let (last, slope) = (lift.last(), lift.strength.slope());
    let reserve = match last.rpe {
        Some(rpe) => (10.0 - f64::from(rpe)).clamp(0.0, 4.0),
        None if missed(lift, last) => 0.0,
        None => ASSUMED_RESERVE,
    };
    let reps = f64::from(last.reps);
    Level { ln_kg: lift.strength.level() + slope * (epley(reps + reserve) - epley(reps)), slope }
}

/// As many of the repetitions as leave one in reserve with a load, up to two fewer: where plates are coarse, a step
/// costs repetitions, and so does having gone to the limit.
pub(super) fn reps_in_reserve(lift: &Lift, load_kg: f64, reps: u16, step_kg: f64) -> u16 {
    let Level { ln_kg, slope } = level(lift);
    let able = |reps: u16| (ln_kg - slope * epley(f64::from(reps) + 1.0)).exp() + step_kg / 2.0;
    (reps.saturating_sub(2).max(1)..=reps).rev().find(|reps| load_kg <= able(*reps)).unwrap_or(reps)
}

/// The last top set with about as many repetitions, or else the last one.
pub(super) fn alike(lift: &Lift, reps: u16) -> &TopSet {
    let last = lift.last();
    let is_alike = |top: &&TopSet| u16::from(top.reps).abs_diff(reps) <= ALIKE_REPS && last.day - top.day <= ALIKE_DAYS;
    lift.recent.iter().rev().find(is_alike).unwrap_or(last)
}

/// Whether a set fell two or more repetitions short of what the person usually does at the end with as much load; with
/// a load that is new, of the lower end of the usual repetitions.
pub(super) fn missed(lift: &Lift, top: &TopSet) -> bool {
    let others = lift.recent.iter().filter(|other| other.session != top.session);
    let as_heavy = others.filter(|other| (other.load_kg / top.load_kg).ln().abs() <= SAME_LOAD);
    let least: Vec<u8> = as_heavy.map(|other| other.least_reps).collect();
    let usual = Some(least).filter(|least| least.len() >= 3).and_then(median).unwrap_or(lift.usual_reps()[0]);
    top.least_reps + 2 <= usual
}

/// How often in a row, up to the last time, a set fell short without the load getting lighter.
pub(super) fn misses(lift: &Lift) -> usize {
    let is_as_heavy = |top: &&TopSet| top.load_kg >= lift.last().load_kg * (1.0 - SAME_LOAD);
    lift.recent.iter().rev().take_while(|top| missed(lift, top)).take_while(is_as_heavy).count()
}

/// Why the last top set is not believed: nothing remembered before it is like it.
pub(super) fn doubted(lift: &Lift) -> Option<Doubt> {
    let (last, before) = lift.recent.split_last()?;
    let (slope, reps) = (lift.strength.slope(), u32::from(last.reps));
    let beside = |top: &TopSet| {
        let expected = top.load_kg * (slope * (epley(f64::from(top.reps)) - epley(f64::from(last.reps)))).exp();
        // A small weight may double; that is a step or two.
        doubt(last.load_kg, reps, Some(expected)).filter(|_| (last.load_kg - top.load_kg).abs() > SMALL_KG)
    };
    let Some(latest) = before.last() else { return doubt(last.load_kg, reps, None) };
    if before.iter().all(|top| beside(top).is_some()) { beside(latest) } else { None }
}

/// What the models foresee for so many repetitions.
pub(super) fn forecast(situation: &Situation<'_>, exercise: &Exercise, reps: u16, on: DateTime) -> Option<Forecast> {
    let ask = Ask {
        exercise: &exercise.slug,
        reps: reps.clamp(1, 20) as u8,
        on,
        step_kg: situation.profile.step_kg(exercise),
        routine: None,
    };
    let forecast = situation.training.forecast(situation.knowledge, &ask)?;
    let numbers = [forecast.load_kg, forecast.exact_kg, forecast.range80_kg.0, forecast.range80_kg.1];
    numbers.iter().all(|kg| kg.is_finite() && *kg > 0.0).then_some(forecast)
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

/// Whether an exercise of the body was done without an added load since the last time with one.
pub(super) fn is_done_without(situation: &Situation<'_>, exercise: &Exercise, lift: &Lift) -> bool {
    if exercise.loading != Loading::Added {
        return false;
    }
    let mut sessions = situation.training.habits.sessions().rev();
    let last = sessions.find(|(_, done)| done.contains(&&exercise.slug));
    last.is_some_and(|(start, _)| day(start) > lift.last().day)
}

/// Whether the coach names loads for an exercise at all.
pub(super) fn has_load(exercise: &Exercise) -> bool {
    matches!(exercise.loading, Loading::External | Loading::Added)
}
