//! What a person weighs: logged with a date, and counted where a repetition moves a known share of the body.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::Offset};
use plyo_events::{
    Command, Message, Output, Rejection, UserId, Violation,
    training::BodyWeight,
    workout::{BodyWeightLogged, BodyWeightSaved, LogBodyWeight, Workout},
};

use super::{rows::BodyRow, state::State};
use crate::exercises::{self, Known};

/// A weighing counts from its date to the end of the next year: no weight is known for longer.
const COUNTS_YEARS: u32 = 1;

/// The years whose weighings can count on a date, the latest first.
pub(crate) fn years(date: Date) -> impl Iterator<Item = u32> {
    let year = year(date);
    (year.saturating_sub(COUNTS_YEARS)..=year).rev()
}

fn year(date: Date) -> u32 {
    u32::try_from(date.year()).unwrap_or(0)
}

/// Whether an exercise of a workout moves a known share of the body.
pub(crate) fn moves_body(workout: &Workout) -> bool {
    let moves = |exercise: Known| exercise.body_share.is_some();
    workout.exercises.iter().filter_map(|entry| exercises::of_catalogue(&entry.exercise)).any(moves)
}

/// What somebody weighed last, on that date or before.
pub(crate) fn weight_on(state: &State, user: UserId, date: Date) -> Option<BodyWeight> {
    let days = years(date).filter_map(|year| state.bodies.get(&(user, year)));
    days.filter_map(|row| row.days.range(..=date).next_back()).map(|(_, weight)| *weight).next()
}

/// Keeps what somebody weighed on a date, or takes it back. The same again does nothing.
pub(crate) fn log(state: &State, command: &Message<Command>, log: &LogBodyWeight) -> Result<Output, Rejection> {
    let LogBodyWeight { date, weight } = *log;
    check(date, command.time)?;
    let known = state.bodies.get(&(command.user(), year(date))).and_then(|row| row.days.get(&date)).copied();
    let output = Output::nothing().reply(BodyWeightSaved { date, weight });
    Ok(if known == weight { output } else { output.event(BodyWeightLogged { date, weight }) })
}

/// A day begins up to 14 hours earlier elsewhere than at UTC.
fn check(date: Date, now: Timestamp) -> Result<(), Rejection> {
    let latest = Offset::UTC.to_datetime(now + SignedDuration::from_hours(24)).date();
    if (1970..=2199).contains(&date.year()) && date <= latest {
        return Ok(());
    }
    let detail = "a weight must be of a date since 1970, at most one day ahead".to_owned();
    Err(Rejection::violations(vec![Violation { pointer: "/date".to_owned(), detail }]))
}

/// The row that a date is in.
pub(crate) fn key(user: UserId, date: Date) -> (UserId, u32) {
    (user, year(date))
}

pub(crate) fn put(state: &mut State, user_id: UserId, logged: &BodyWeightLogged) {
    let key = key(user_id, logged.date);
    let mut row = state.bodies.get(&key).cloned().unwrap_or(BodyRow { user_id, year: key.1, days: BTreeMap::new() });
    match logged.weight {
        Some(weight) => row.days.insert(logged.date, weight),
        None => row.days.remove(&logged.date),
    };
    if row.days.is_empty() { state.bodies.remove(&key) } else { state.bodies.put(row) }
}
