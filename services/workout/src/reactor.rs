//! The write side of the training log.

use plyo_events::{
    Command, Event, EventId, EventKind, Message, Output, Rejection, ReminderId, rejection::UNKNOWN_COMMAND,
};
use plyo_nats::{Incoming, Reactor};

use crate::domain::{bodies, custom, needs, reminders, state::State, workouts};

#[derive(Clone, Debug)]
pub(crate) struct Training;

impl Reactor for Training {
    const NAME: &'static str = "workout";
    const READS: &'static [EventKind] = &[EventKind::WorkoutReminderDue];
    const TIMERS: &'static [EventKind] = &[EventKind::WorkoutReminderDue];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        needs::ask(message, state);
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Output, Rejection> {
        let user = command.user();
        match &command.body {
            Command::LogWorkout(log) => workouts::log(state, command, log),
            Command::CorrectWorkout(correct) => workouts::correct(state, command, correct),
            Command::DeleteWorkout(delete) => workouts::delete(state, user, delete),
            Command::LogBodyWeight(log) => bodies::log(state, command, log),
            Command::CreateExercise(create) => custom::create(state, command, &create.exercise),
            Command::ChangeExercise(change) => custom::change(state, user, change),
            Command::ArchiveExercise(archive) => custom::archive(state, user, archive),
            Command::MergeExercise(merge) => custom::merge(state, user, merge),
            Command::SetReminder(set) => {
                let reminder_id = ReminderId::new(command.id);
                let row = state.reminders.get(&(user, reminder_id));
                reminders::set(row, reminder_id, set.due_at, command.time, state.active_reminders(user))
            }
            Command::MoveReminder(shift) => {
                reminders::shift(state.reminders.get(&(user, shift.reminder_id)), shift, command.time)
            }
            Command::CancelReminder(cancel) => {
                reminders::cancel(state.reminders.get(&(user, cancel.reminder_id)), cancel)
            }
            _ => Err(UNKNOWN_COMMAND.into()),
        }
    }

    fn react(&self, state: &State, event: &Message<Event>) -> Output {
        let Event::WorkoutReminderDue(due) = &event.body else { return Output::nothing() };
        reminders::come_due(state.reminders.get(&(event.user(), due.reminder_id)), due, EventId::new(event.id))
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        state.evolve(event);
    }
}

#[cfg(test)]
mod tests;
