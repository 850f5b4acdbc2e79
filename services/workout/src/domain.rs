//! The decisions of the training log, independent of storage.

pub(crate) mod bodies;
pub(crate) mod custom;
pub(crate) mod doubts;
pub(crate) mod listing;
pub(crate) mod marks;
pub(crate) mod measure;
pub(crate) mod needs;
pub(crate) mod records;
pub(crate) mod reminders;
pub(crate) mod rows;
pub(crate) mod state;
pub(crate) mod workouts;

use jiff::Timestamp;
use plyo_events::{
    Rejection, Violation,
    workout::{UNKNOWN_EXERCISE, Workout},
};

use crate::exercises::Exercises;

/// The rules for a workout: its form, that its exercises exist, and that its sets have what these measure.
///
/// # Errors
/// `invalid_body`, or `unknown_exercise` if nothing else is wrong; either lists every invalid field.
pub(crate) fn check(workout: &Workout, now: Timestamp, exercises: Exercises<'_>) -> Result<(), Rejection> {
    let mut violations = workout.violations(now);
    let mut unknown = Vec::new();
    for (index, entry) in workout.exercises.iter().enumerate() {
        match exercises.find(&entry.exercise) {
            Some(exercise) => violations.extend(measure::violations(index, entry, exercise)),
            None => {
                let pointer = format!("/exercises/{index}/exercise");
                unknown.push(Violation { pointer, detail: format!("unknown exercise `{}`", entry.exercise.as_str()) });
            }
        }
    }
    let is_well_formed = violations.is_empty();
    violations.append(&mut unknown);
    if violations.is_empty() {
        return Ok(());
    }
    let rejection = Rejection::violations(violations);
    Err(if is_well_formed { Rejection { code: UNKNOWN_EXERCISE.name.to_owned(), ..rejection } } else { rejection })
}

/// Truncated to Postgres' microseconds, so that a row in memory equals the row in its table.
pub(crate) fn to_microsecond(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
