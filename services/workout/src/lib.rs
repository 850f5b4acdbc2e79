//! The training log: workouts, the personal records that follow from them, and workout reminders.
//!
//! It emits `workout.*`, `body_weight.*`, `custom_exercise.*` and `reminder.*`, and confirms the clock's `workout_reminder_due`.

#![deny(clippy::disallowed_methods, reason = "time comes from the message")]

mod columns;
mod domain;
mod exercises;
mod queries;
mod reactor;
mod store;

use plyo_events::workout::{
    GetCustomExercise, GetWorkout, ListBodyWeights, ListCustomExercises, ListRecords, ListReminders, ListWorkouts,
};
use plyo_nats::Service;

/// The workout service.
pub fn service() -> Service {
    Service::new(reactor::Training)
        .answer::<GetWorkout, _, _>(queries::get)
        .answer::<ListWorkouts, _, _>(queries::list)
        .answer::<ListRecords, _, _>(queries::records)
        .answer::<ListBodyWeights, _, _>(queries::body_weights)
        .answer::<ListCustomExercises, _, _>(queries::custom_exercises)
        .answer::<GetCustomExercise, _, _>(queries::custom_exercise)
        .answer::<ListReminders, _, _>(queries::reminders)
}
