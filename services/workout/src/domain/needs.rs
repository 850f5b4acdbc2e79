//! The rows that a message needs: by key, and the best marks of each lift.

use plyo_events::{Command, Event, ReminderId, UserId, WorkoutId, training::ExerciseSlug, workout::Workout};
use plyo_nats::Incoming;

use super::{bodies, state::State};
use crate::exercises;

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
                Command::CreateExercise(_) | Command::ChangeExercise(_) | Command::ArchiveExercise(_) => {
                    state.customs.want((user,));
                }
                Command::MergeExercise(merge) => {
                    lift(user, &ExerciseSlug::custom(merge.exercise_id), 0, state);
                    lift(user, &merge.into, 0, state);
                    // While it is not merged, it is not among the histories of the other.
                    state.marks.want((user, ExerciseSlug::custom(merge.exercise_id)), 0);
                }
                Command::SetReminder(_) => reminder(user, ReminderId::new(command.id), state),
                Command::MoveReminder(shift) => reminder(user, shift.reminder_id, state),
                Command::CancelReminder(cancel) => reminder(user, cancel.reminder_id, state),
                _ => {}
            }
        }
        Incoming::Event(event) => match &event.body {
            // A replay makes no decisions, so it needs no marks.
            Event::WorkoutCompleted(completed) => own(event.user(), &completed.workout, state),
            Event::WorkoutCorrected(corrected) => {
                own(event.user(), &corrected.workout, state);
                stored(event.user(), corrected.workout_id, state);
            }
            Event::WorkoutDeleted(deleted) => stored(event.user(), deleted.workout_id, state),
            Event::CustomExerciseSet(_) | Event::CustomExerciseArchived(_) | Event::CustomExerciseMerged(_) => {
                state.customs.want((event.user(),));
            }
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
        lift(user, &entry.exercise, taken, state);
    }
}

fn lift(user: UserId, exercise: &ExerciseSlug, taken: usize, state: &mut State) {
    state.customs.want((user,));
    for slug in state.known_exercises(user).histories(exercise) {
        state.marks.want((user, slug), taken);
    }
}

/// What a fold reads of the person's own exercises.
fn own(user: UserId, workout: &Workout, state: &mut State) {
    if exercises::has_own(workout) {
        state.customs.want((user,));
    }
}

/// A workout that a fold removes.
fn stored(user: UserId, workout: WorkoutId, state: &mut State) {
    let key = (user, workout);
    state.workouts.want(key);
    if state.workouts.peek(&key).is_some_and(|row| exercises::has_own(&row.body)) {
        state.customs.want((user,));
    }
}

/// What somebody weighed, where a workout counts it.
fn body(user: UserId, workout: &Workout, state: &mut State) {
    // One of one's own may be merged into one that counts it by then.
    if bodies::moves_body(workout) || exercises::has_own(workout) {
        bodies::years(workout.started_at.local_date()).for_each(|year| state.bodies.want((user, year)));
    }
}

fn reminder(user: UserId, reminder: ReminderId, state: &mut State) {
    state.reminders.want((user, reminder));
    state.agendas.want((user,));
}
