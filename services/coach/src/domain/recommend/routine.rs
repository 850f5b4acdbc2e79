//! A plan out of what the person does already: sessions that are alike become days of it.

use plyo_events::training::ExerciseSlug;

use super::{
    context,
    draft::{self, Draft},
    next_session,
    situation::Situation,
};
use crate::domain::{
    event::Kind,
    profile::days_between,
    reasons::{Code, Evidence, Param, Params, Reason, Value},
    safety::Lift,
    texts::Headline,
};

/// A plan is suggested at most once in so many days.
const EVERY_DAYS: u32 = 56;
/// Sessions that become one day of a plan share this part of their exercises, and are at least so many.
const ALIKE: f64 = 0.5;
const MIN_TIMES: usize = 3;
/// The sessions that are looked at.
const SESSIONS: usize = 16;

/// A plan, when three sessions or more follow the same pattern.
pub(super) fn draft(situation: &Situation<'_>) -> Option<Draft> {
    let last = situation.guidance.last_shown(Kind::Routine);
    if last.is_some_and(|last| days_between(last.date(), situation.now.date()) < EVERY_DAYS) {
        return None;
    }
    let sessions: Vec<Vec<&ExerciseSlug>> =
        situation.training.habits.sessions().rev().take(SESSIONS).map(|(_, exercises)| exercises).collect();
    let max_days = situation.profile.days_per_week.unwrap_or(4).clamp(1, 7);
    let groups = groups(&sessions);
    let groups: Vec<_> =
        groups.into_iter().filter(|group| group.len() >= MIN_TIMES).take(usize::from(max_days)).collect();
    let times = groups.first()?.len() as u32;
    let planned: Vec<Vec<Lift>> =
        groups.iter().map(|group| day(situation, group)).filter(|day| !day.is_empty()).collect();
    let days = planned.len() as u32;
    if days == 0 {
        return None;
    }
    let evidence = context::workouts(situation, SESSIONS as u32);
    Some(Draft {
        params: Params::from([(Param::Days, Value::Count(days))]),
        days: planned.iter().map(Vec::len).collect(),
        lifts: planned.into_iter().flatten().collect(),
        loads_on: Some((context::next_time(situation), next_session::lift)),
        reasons: vec![
            Reason::new(Code::UsualSession, 0.7, [(Param::Times, Value::Count(times))], evidence),
            Reason::new(Code::DaysPerWeek, 0.4, [(Param::Days, Value::Count(days))], Evidence::default()),
        ],
        urgency: 0.3,
        ..Draft::about(Kind::Routine, "", Headline::Routine)
    })
}

/// Sessions grouped by likeness to the first of their group, the latest first; large groups first.
fn groups<'a>(sessions: &'a [Vec<&'a ExerciseSlug>]) -> Vec<Vec<&'a Vec<&'a ExerciseSlug>>> {
    let mut groups: Vec<Vec<&Vec<&ExerciseSlug>>> = Vec::new();
    for session in sessions {
        match groups.iter_mut().find(|group| likeness(group[0], session) >= ALIKE) {
            Some(group) => group.push(session),
            None => groups.push(vec![session]),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    groups
}

/// What two sessions have in common (Jaccard).
fn likeness(one: &[&ExerciseSlug], other: &[&ExerciseSlug]) -> f64 {
    let both = one.iter().filter(|exercise| other.contains(exercise)).count();
    both as f64 / (one.len() + other.len() - both).max(1) as f64
}

/// The exercises of the latest session of a group that most of them have and that may be done.
fn day(situation: &Situation<'_>, group: &[&Vec<&ExerciseSlug>]) -> Vec<Lift> {
    let is_usual =
        |slug: &&&ExerciseSlug| group.iter().filter(|session| session.contains(slug)).count() * 2 > group.len();
    let exercises = group[0].iter().filter(is_usual).filter_map(|slug| situation.knowledge.exercises.get(slug));
    let possible = exercises.filter(|exercise| situation.may_do(exercise));
    possible.map(|exercise| draft::lift(exercise, None, context::first_reps(situation, exercise), 2)).collect()
}
