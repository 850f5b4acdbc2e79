//! The rows that a message needs: by key, and the best marks of each lift.

use plyo_events::{Command, Event, ReminderId, UserId, WorkoutId, workout::Workout};
use plyo_nats::Incoming;

use super::{bodies, state::State};

pub(crate) fn ask(message: Incoming<'_>, state: &mut State) {
    match message {
        Incoming::Command(command) => {
            let user = command.user();
            match &command.body {
                Command::LogWorkout(log) => {
                    state.workouts.want((user, WorkoutId::new(command.id)));
                    // A logged workout is in memory from then on: only its lifts' other marks are missing.
                    lifts(user, &log.workout, 0, state);
                    body(user, &log.workout, state);
                }
                Command::CorrectWorkout(correct) => {
                    lifts(user, &correct.workout, 0, state);
                    body(user, &correct.workout, state);
                    change(user, correct.workout_id, state);
                }
                Command::DeleteWorkout(delete) => change(user, delete.workout_id, state),
                Command::LogBodyWeight(log) => state.bodies.want(bodies::key(user, log.date)),
                Command::SetReminder(_) => reminder(user, ReminderId::new(command.id), state),
                Command::MoveReminder(shift) => reminder(user, shift.reminder_id, state),
                Command::CancelReminder(cancel) => reminder(user, cancel.reminder_id, state),
                _ => {}
            }
        }
        Incoming::Event(event) => match &event.body {
            // A replay makes no decisions, so it needs no marks.
            Event::WorkoutCorrected(corrected) => state.workouts.want((event.user(), corrected.workout_id)),
            Event::WorkoutDeleted(deleted) => state.workouts.want((event.user(), deleted.workout_id)),
            Event::BodyWeightLogged(logged) => state.bodies.want(bodies::key(event.user(), logged.date)),
            Event::WorkoutReminderDue(due) => reminder(event.user(), due.reminder_id, state),
            Event::ReminderSet(set) => reminder(event.user(), set.reminder_id, state),
            Event::ReminderCancelled(cancelled) => reminder(event.user(), cancelled.reminder_id, state),
            Event::ReminderDue(due) => reminder(event.user(), due.reminder_id, state),
            _ => {}
        },
    }
}

/// A changed workout, and the lifts whose marks it may remove: those in the workout.
fn change(user: UserId, workout: WorkoutId, state: &mut State) {
    let key = (user, workout);
    state.workouts.want(key);
    if let Some(row) = state.workouts.peek(&key) {
        let body = row.body.clone();
        lifts(user, &body, 1, state);
    }
}

/// The lifts of a workout, each of which may lose this many marks.
fn lifts(user: UserId, workout: &Workout, taken: usize, state: &mut State) {
    for entry in &workout.exercises {
        state.marks.want((user, entry.exercise.clone()), taken);
    }
}

/// What somebody weighed, where a workout counts it.
fn body(user: UserId, workout: &Workout, state: &mut State) {
    if bodies::moves_body(workout) {
        bodies::years(workout.started_at.local_date()).for_each(|year| state.bodies.want((user, year)));
    }
}

fn reminder(user: UserId, reminder: ReminderId, state: &mut State) {
    state.reminders.want((user, reminder));
    state.agendas.want((user,));
}
