//! What a batch needs from the tables, known from its messages: rows by key, and of each lift its best marks.

use std::collections::{BTreeMap, BTreeSet};

use plyo_events::{Command, Event, ReminderId, UserId, WorkoutId, workout::Workout};
use plyo_nats::{Batch, Rows};

use crate::{
    domain::records,
    store::{Lift, WorkoutRow},
};

/// The workouts that the batch logs or changes, in commands or, in a replay, in own events.
pub(super) fn workouts(batch: &Batch) -> Vec<(UserId, WorkoutId)> {
    let commands = batch.commands().filter_map(|command| match &command.body {
        Command::LogWorkout(_) => Some((command.user, WorkoutId::new(command.id))),
        Command::CorrectWorkout(correct) => Some((command.user, correct.workout_id)),
        Command::DeleteWorkout(delete) => Some((command.user, delete.workout_id)),
        _ => None,
    });
    let events = batch.events().filter_map(|event| match &event.body {
        Event::WorkoutCorrected(corrected) => Some((event.user, corrected.workout_id)),
        Event::WorkoutDeleted(deleted) => Some((event.user, deleted.workout_id)),
        _ => None,
    });
    commands.chain(events).collect()
}

/// The lifts that the batch's commands touch, and how many of the stored marks of each they may take away. A replay
/// decides nothing, so it needs none.
pub(super) fn lifts(batch: &Batch, stored: &Rows<WorkoutRow>) -> BTreeMap<Lift, usize> {
    let mut lifts = BTreeMap::new();
    let mut touch = |user: UserId, workout: &Workout, taken: usize| {
        for (exercise, kind) in records::marks(workout).into_keys() {
            *lifts.entry((user, exercise, kind)).or_default() += taken;
        }
    };
    let mut changed = BTreeSet::new();
    for command in batch.commands() {
        let user = command.user;
        match &command.body {
            // What is logged, and what a correction says, is in memory from then on: only its lifts' other marks are missing.
            Command::LogWorkout(log) => touch(user, &log.workout, 0),
            Command::CorrectWorkout(correct) => {
                touch(user, &correct.workout, 0);
                changed.insert((user, correct.workout_id));
            }
            Command::DeleteWorkout(delete) => {
                changed.insert((user, delete.workout_id));
            }
            _ => {}
        }
    }
    for key in changed {
        stored.get(&key).into_iter().for_each(|row| touch(row.user_id, &row.body, 1));
    }
    lifts
}

/// The reminders that the batch is about.
pub(super) fn reminders(batch: &Batch) -> Vec<(UserId, ReminderId)> {
    let commands = batch.commands().filter_map(|command| match &command.body {
        Command::SetReminder(_) => Some((command.user, ReminderId::new(command.id))),
        Command::MoveReminder(shift) => Some((command.user, shift.reminder_id)),
        Command::CancelReminder(cancel) => Some((command.user, cancel.reminder_id)),
        _ => None,
    });
    let events = batch.events().filter_map(|event| match &event.body {
        Event::WorkoutReminderDue(due) => Some((event.user, due.reminder_id)),
        Event::ReminderSet(set) => Some((event.user, set.reminder_id)),
        Event::ReminderCancelled(cancelled) => Some((event.user, cancelled.reminder_id)),
        Event::ReminderDue(due) => Some((event.user, due.reminder_id)),
        _ => None,
    });
    commands.chain(events).collect()
}
