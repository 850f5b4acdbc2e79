//! Stories and properties of the write side: no database, no broker.

mod customs;
mod measures;
mod properties;
mod stories;

use std::collections::BTreeMap;

use plyo_events::{
    UserId, WorkoutId,
    training::ExerciseSlug,
    workout::{
        CorrectWorkout, DeleteWorkout, LogWorkout, Mark, RecordChanges, RecordKind, Workout, WorkoutCompleted,
        WorkoutCorrected, WorkoutDeleted,
    },
};
use plyo_nats::{
    Ranked,
    testing::{Delivery, Handled, Input, Lane},
};
use uuid::Uuid;

use super::*;
use crate::{
    domain::{
        marks::{self, TOLD},
        rows::{AgendaRow, BodyRow, CustomRow, MarkRow, ReminderRow, ReminderStatus, WorkoutRow},
    },
    exercises::Exercises,
};

fn lane() -> Lane<Training> {
    Lane::new(Training)
}

fn events(handled: Vec<Handled>) -> Vec<Message<Event>> {
    handled.into_iter().flat_map(|handled| handled.events).collect()
}

/// The workout that an event is about, if any, and how it changes the records.
fn changes(event: &Message<Event>) -> Option<(WorkoutId, &RecordChanges)> {
    match &event.body {
        Event::WorkoutCompleted(WorkoutCompleted { workout_id, records, .. })
        | Event::WorkoutCorrected(WorkoutCorrected { workout_id, records, .. })
        | Event::WorkoutDeleted(WorkoutDeleted { workout_id, records, .. }) => Some((*workout_id, records)),
        _ => None,
    }
}

/// What a record is of.
type RecordOf = (UserId, ExerciseSlug, RecordKind);

/// The current records, from the marks: the first of each kind in its order.
fn standing(lane: &Lane<Training>) -> BTreeMap<RecordOf, Mark> {
    let marks = lane.rows::<MarkRow>();
    let mut standing = BTreeMap::new();
    for place in 0..TOLD {
        let mut ranking: Vec<_> = marks.iter().filter(|row| row.competes(place)).collect();
        ranking.sort_by(|a, b| MarkRow::compare(place, b, a).unwrap());
        // The last insert wins, which is the best.
        let record = |row: &&&MarkRow| {
            let own = lane.row::<CustomRow>(&(row.user_id,));
            let exercises = Exercises::with(own);
            let kind = marks::told_of(&row.exercise, exercises)[place].unwrap();
            ((row.user_id, exercises.now(&row.exercise).clone(), kind), row.held(place).unwrap().mark())
        };
        standing.extend(ranking.iter().map(record));
    }
    standing
}

fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

/// The id of the command `number`, and thus of what it logs or sets.
fn id(number: u32) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes())
}

/// One second per message.
fn time(number: u32) -> jiff::Timestamp {
    "2026-06-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(number.into())
}

fn message<T>(number: u32, user: UserId, body: T) -> Message<T> {
    Message::first(id(number), user, time(number), body)
}

fn command(number: u32, body: impl Into<Command>) -> Input {
    Input::Command(message(number, person(0), body.into()))
}

/// A workout of one set of one exercise.
fn workout(started_at: &str, exercise: &str, reps: u32, kg: Option<f64>) -> Workout {
    let set = match kg {
        Some(kg) => serde_json::json!({ "reps": reps, "load": { "kg": kg } }),
        None => serde_json::json!({ "reps": reps }),
    };
    let exercises = serde_json::json!([{ "exercise": exercise, "sets": [set] }]);
    serde_json::from_value(serde_json::json!({ "started_at": started_at, "exercises": exercises })).unwrap()
}
