//! Muscles that get less than a good start, week after week.

use jiff::civil::DateTime;

use super::{cold_start::low_sets, context, draft::Draft, next_session, situation::Situation};
use crate::domain::{
    event::Kind,
    exercise::{Exercise, MuscleGroup},
    profile::days_between,
    reasons::{Code, Param, Params, Reason, Value},
    safety::Lift,
    texts::Headline,
};

/// Gaps are told at most once in so many days.
const EVERY_DAYS: u32 = 7;
/// Before so many days of training nothing is missed yet.
const SETTLED_DAYS: u32 = 21;

/// The muscles with the widest gaps, in the last week and in the mean of four, each with an exercise for it.
pub(super) fn gaps(situation: &Situation<'_>, on: DateTime) -> Vec<Draft> {
    let last = situation.guidance.last_shown(Kind::VolumeGap);
    let is_told = last.is_some_and(|last| days_between(last.date(), situation.now.date()) < EVERY_DAYS);
    if is_told || context::days_trained(situation, on) < SETTLED_DAYS {
        return Vec::new();
    }
    let week = context::week(situation, situation.now);
    let mut gaps: Vec<(MuscleGroup, f64, f64)> = MuscleGroup::ALL
        .into_iter()
        .filter_map(|muscle| {
            let low = low_sets(muscle, situation.profile.experience)?;
            let (done, usual) = (week.done[muscle.index()], week.usual[muscle.index()]);
            (done.max(usual) < low).then_some((muscle, done, low))
        })
        .collect();
    gaps.sort_by(|a, b| (a.1 / a.2).total_cmp(&(b.1 / b.2)).then(a.0.cmp(&b.0)));
    gaps.into_iter().take(2).filter_map(|(muscle, done, low)| draft(situation, muscle, done, low, on)).collect()
}

fn draft(situation: &Situation<'_>, muscle: MuscleGroup, done: f64, low: f64, on: DateTime) -> Option<Draft> {
    let exercise = exercise_for(situation, muscle)?;
    // A few more at a time: up to three sets.
    let sets = (low - done).ceil().clamp(1.0, 3.0) as u16;
    let lift = Lift { sets, ..next_session::lift(situation, exercise, on) };
    let params = [
        (Param::Muscle, Value::Muscle(muscle)),
        (Param::Sets, Value::Number(done)),
        (Param::OtherSets, Value::Number(low)),
    ];
    Some(Draft {
        params: Params::from([(Param::Muscle, Value::Muscle(muscle))]),
        lifts: vec![lift],
        reasons: vec![Reason::new(Code::MuscleGapWeek, 0.8, params, context::workouts(situation, 12))],
        urgency: (1.0 - done / low).clamp(0.0, 1.0) * 0.7,
        ..Draft::about(Kind::VolumeGap, &muscle_slug(muscle), Headline::VolumeGap)
    })
}

/// An exercise with the muscle as its target: one that the person does, or else one for beginners that many do.
fn exercise_for<'a>(situation: &Situation<'a>, muscle: MuscleGroup) -> Option<&'a Exercise> {
    let fits = |exercise: &&Exercise| exercise.primary.first() == Some(&muscle) && situation.may_do(exercise);
    let sessions = |exercise: &Exercise| situation.training.lifts.get(&exercise.slug).map_or(0, |lift| lift.sessions);
    let is_common = |exercise: &Exercise| situation.knowledge.global.exercises.contains_key(&exercise.slug);
    let candidates = situation.knowledge.exercises.iter().filter(fits);
    let rank = |exercise: &&Exercise| {
        (sessions(exercise), exercise.for_beginners, is_common(exercise), std::cmp::Reverse(exercise.slug.clone()))
    };
    candidates.max_by_key(rank)
}

/// The muscle as a subject: its serialised name.
fn muscle_slug(muscle: MuscleGroup) -> String {
    let json = serde_json::to_value(muscle).ok();
    json.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
