//! The next workout: which exercises, in which order, why on that day.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use plyo_events::training::ExerciseSlug;

use super::{cold_start, context, draft::Draft, next_load, situation::Situation};
use crate::domain::{
    event::Kind,
    exercise::Exercise,
    reasons::{Code, Evidence, Param, Reason, Value},
    safety::Lift,
    texts::Headline,
};

/// A muscle less rested than this is no target.
const MIN_READY: f64 = 0.2;
/// The most exercises of a workout.
const MAX_EXERCISES: usize = 8;

/// An exercise that the next workout may hold, and how likely.
pub(super) type Likely = (ExerciseSlug, f64);

/// What the next workout may hold, likeliest first.
pub(super) fn likely(situation: &Situation<'_>, on: DateTime) -> Vec<Likely> {
    situation.training.habits.next_workout(on)
}

/// The likeliest next workout of what may be done.
pub(super) fn draft(situation: &Situation<'_>, on: DateTime, likely: &[Likely]) -> Draft {
    let exercises = exercises(situation, on, likely);
    if exercises.is_empty() {
        return cold_start::routine(situation);
    }
    let lifts: Vec<Lift> = exercises.iter().map(|exercise| lift(situation, exercise, on)).collect();
    Draft {
        reasons: reasons(situation, &exercises, on),
        lifts,
        urgency: 0.5,
        ..Draft::about(Kind::NextSession, "", Headline::NextSession)
    }
}

/// The exercises of the next workout in their usual order.
pub(super) fn exercises<'a>(situation: &Situation<'a>, on: DateTime, likely: &[Likely]) -> Vec<&'a Exercise> {
    let is_ready = |exercise: &Exercise| {
        let muscle = exercise.primary.first();
        muscle.is_none_or(|muscle| situation.training.muscles.readiness(*muscle, on) >= MIN_READY)
    };
    let known = likely.iter().filter_map(|(slug, _)| situation.knowledge.exercises.get(slug));
    let mut chosen: Vec<&Exercise> =
        known.filter(|exercise| situation.may_do(exercise) && is_ready(exercise)).take(length(situation)).collect();
    let places = places(situation);
    let place = |exercise: &Exercise| places.get(&exercise.slug).copied().unwrap_or(1.0);
    chosen.sort_by(|a, b| place(a).total_cmp(&place(b)).then_with(|| a.slug.cmp(&b.slug)));
    chosen
}

/// What the next load of an exercise would be, within a workout.
pub(super) fn lift(situation: &Situation<'_>, exercise: &Exercise, on: DateTime) -> Lift {
    let named = next_load::draft(situation, &exercise.slug, on).lifts.into_iter().next();
    // A doubted entry: the exercise stays, without a load.
    named.unwrap_or_else(|| super::draft::lift(exercise, None, context::first_reps(situation, exercise), 2))
}

/// The median number of exercises of the last workouts.
fn length(situation: &Situation<'_>) -> usize {
    let lengths = situation.training.habits.sessions().rev().take(9).map(|(_, exercises)| exercises.len());
    context::median(lengths.collect()).unwrap_or(0).clamp(1, MAX_EXERCISES)
}

/// Where in a workout each exercise usually stands: 0 first, 1 last.
fn places<'a>(situation: &Situation<'a>) -> BTreeMap<&'a ExerciseSlug, f64> {
    let mut sums: BTreeMap<&ExerciseSlug, (f64, f64)> = BTreeMap::new();
    for (_, exercises) in situation.training.habits.sessions().rev().take(20) {
        let last = exercises.len().saturating_sub(1).max(1) as f64;
        for (place, exercise) in exercises.into_iter().enumerate() {
            let (sum, times) = sums.entry(exercise).or_default();
            *sum += place as f64 / last;
            *times += 1.0;
        }
    }
    sums.into_iter().map(|(exercise, (sum, times))| (exercise, sum / times)).collect()
}

fn reasons(situation: &Situation<'_>, exercises: &[&Exercise], on: DateTime) -> Vec<Reason> {
    let sessions: Vec<_> = situation.training.habits.sessions().collect();
    let shares = |done: &[&ExerciseSlug]| {
        let both = exercises.iter().filter(|exercise| done.contains(&&exercise.slug)).count();
        both as f64 / exercises.len() as f64
    };
    let alike = sessions.iter().filter(|(_, done)| shares(done) >= 0.5).count() as u32;
    let all = context::workouts(situation, sessions.len() as u32);
    let mut reasons = Vec::new();
    if alike > 0 {
        let params = [(Param::Times, Value::Count(alike))];
        let weight = 0.3 + 0.5 * f64::from(alike) / sessions.len() as f64;
        reasons.push(Reason::new(Code::UsualSession, weight, params, all.clone()));
    }
    let on_the_day = sessions.iter().filter(|(start, _)| start.weekday() == on.weekday());
    let (same_day, alike_on_the_day) =
        on_the_day.fold((0, 0), |(n, alike), (_, done)| (n + 1, alike + u32::from(shares(done) >= 0.5)));
    if alike_on_the_day >= 2 && alike_on_the_day * 2 >= same_day {
        let day = u8::try_from(on.weekday().to_monday_zero_offset()).unwrap_or(0);
        let weight = 0.4 + 0.4 * f64::from(alike_on_the_day) / f64::from(same_day);
        reasons.push(Reason::new(Code::DayPattern, weight, [(Param::Weekday, Value::Weekday(day))], all.clone()));
    }
    reasons.extend(due(situation, exercises, on, &all));
    let target = exercises.first().and_then(|exercise| exercise.primary.first());
    if let Some(muscle) = target
        && situation.training.muscles.readiness(*muscle, on) >= 0.8
    {
        let weight = 0.45 * situation.training.muscles.readiness(*muscle, on);
        reasons.push(Reason::new(Code::MuscleReady, weight, [(Param::Muscle, Value::Muscle(*muscle))], all));
    }
    reasons
}

/// The exercise that is longest overdue beside its usual gap.
fn due(situation: &Situation<'_>, exercises: &[&Exercise], on: DateTime, evidence: &Evidence) -> Option<Reason> {
    let overdue = |exercise: &&Exercise| {
        let lift = situation.training.lifts.get(&exercise.slug)?;
        let gaps: Vec<u32> = lift.recent.windows(2).map(|pair| context::between(pair[0].day, pair[1].day)).collect();
        let usual = Some(gaps).filter(|gaps| gaps.len() >= 3).and_then(context::median).filter(|usual| *usual > 0)?;
        let away = context::between(lift.last().day, context::day(on));
        // What was given up long ago is not overdue.
        (usual..=6 * usual).contains(&away).then(|| (exercise.slug.clone(), usual, away))
    };
    let (slug, usual, away) = exercises.iter().filter_map(overdue).max_by_key(|(_, usual, away)| away - usual)?;
    let params = [
        (Param::Exercise, Value::Exercise(slug)),
        (Param::Days, Value::Count(usual)),
        (Param::OtherDays, Value::Count(away)),
    ];
    Some(Reason::new(Code::DuePattern, 0.5, params, evidence.clone()))
}
