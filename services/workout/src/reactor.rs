//! The write side of the training log.

mod needs;

use std::collections::BTreeSet;

use plyo_events::{
    Command, Emit, Event, EventId, EventKind, Message, Reject, ReminderId, UserId, WorkoutId,
    workout::{
        CorrectWorkout, DeleteWorkout, LogWorkout, Mark, RecordChanges, Workout, WorkoutCompleted, WorkoutCorrected,
        WorkoutDeleted, WorkoutSaved,
    },
};
use plyo_nats::{Best, Incoming, Reactor, Row, Rows, Table, Tables};

use crate::{
    domain::{
        self,
        records::{self, Change, KINDS},
        reminders,
    },
    store::{AgendaRow, MarkRow, ReminderRow, ReminderStatus, WorkoutRow},
};

#[derive(Clone, Debug)]
pub(crate) struct Training;

#[derive(Default)]
pub(crate) struct State {
    workouts: Rows<WorkoutRow>,
    marks: Best<MarkRow>,
    reminders: Rows<ReminderRow>,
    agendas: Rows<AgendaRow>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { workouts, marks, reminders, agendas } = self;
        vec![workouts, marks, reminders, agendas]
    }
}

impl Reactor for Training {
    const NAME: &'static str = "workout";
    const READS: &'static [EventKind] = &[EventKind::WorkoutReminderDue];
    const TIMERS: &'static [EventKind] = &[EventKind::WorkoutReminderDue];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        needs::ask(message, state);
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Emit, Reject> {
        let user = command.user();
        match &command.body {
            Command::LogWorkout(log) => log_workout(state, command, log),
            Command::CorrectWorkout(correct) => correct_workout(state, command, correct),
            Command::DeleteWorkout(delete) => delete_workout(state, user, delete),
            Command::SetReminder(set) => {
                let reminder_id = ReminderId::new(command.id);
                let row = state.reminders.get(&(user, reminder_id));
                reminders::set(row, reminder_id, set.due_at, command.time, state.active_reminders(user))
            }
            Command::MoveReminder(shift) => {
                reminders::shift(state.reminders.get(&(user, shift.reminder_id)), shift.due_at, command.time)
            }
            Command::CancelReminder(cancel) => reminders::cancel(state.reminders.get(&(user, cancel.reminder_id))),
            _ => Err(Reject::invalid("unknown_command", "the workout service has no such command")),
        }
    }

    fn react(&self, state: &State, event: &Message<Event>) -> Emit {
        let Event::WorkoutReminderDue(due) = &event.body else { return Emit::nothing() };
        reminders::come_due(state.reminders.get(&(event.user(), due.reminder_id)), due, EventId::new(event.id))
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        let user = event.user();
        match &event.body {
            Event::WorkoutCompleted(completed) => state.put_workout(user, completed.workout_id, 1, &completed.workout),
            Event::WorkoutCorrected(corrected) => {
                state.remove_workout(user, corrected.workout_id);
                state.put_workout(user, corrected.workout_id, corrected.revision, &corrected.workout);
            }
            Event::WorkoutDeleted(deleted) => state.remove_workout(user, deleted.workout_id),
            Event::ReminderSet(set) => state.put_reminder(ReminderRow {
                user_id: user,
                reminder_id: set.reminder_id,
                revision: set.revision,
                due_at: set.due_at,
                status: ReminderStatus::Active,
            }),
            Event::ReminderCancelled(cancelled) => {
                let Some(row) = state.reminders.get(&(user, cancelled.reminder_id)).cloned() else { return };
                let (revision, status) = (cancelled.revision, ReminderStatus::Cancelled);
                state.put_reminder(ReminderRow { revision, status, ..row });
            }
            Event::ReminderDue(due) => {
                let known = state.reminders.get(&(user, due.reminder_id)).cloned();
                let (reminder_id, due_at, status) = (due.reminder_id, due.due_at, ReminderStatus::Fired);
                // One that a scheduled job outside sent is remembered, so that it counts once.
                let row = known.unwrap_or(ReminderRow { user_id: user, reminder_id, revision: 0, due_at, status });
                state.put_reminder(ReminderRow { status, ..row });
            }
            _ => {}
        }
    }
}

impl State {
    fn put_workout(&mut self, user_id: UserId, workout_id: WorkoutId, revision: u32, workout: &Workout) {
        let started_at = records::achieved_at(workout);
        let (body, summary) = (workout.clone(), workout.summary());
        let row = WorkoutRow { user_id, workout_id, revision, started_at, body, summary };
        for mark in row.marks() {
            self.marks.put(mark);
        }
        self.workouts.put(row);
    }

    fn remove_workout(&mut self, user: UserId, workout: WorkoutId) {
        let Some(row) = self.workouts.get(&(user, workout)) else { return };
        for mark in row.marks() {
            self.marks.remove(&mark);
        }
        self.workouts.remove(&(user, workout));
    }

    fn active_reminders(&self, user: UserId) -> u32 {
        self.agendas.get(&(user,)).map_or(0, |agenda| agenda.active)
    }

    /// Keeps the count of those to come beside the reminders themselves.
    fn put_reminder(&mut self, row: ReminderRow) {
        let user_id = row.user_id;
        let before = self.reminders.get(&row.key());
        let was_active = before.is_some_and(|row| row.status == ReminderStatus::Active);
        let is_active = row.status == ReminderStatus::Active;
        let active = (self.active_reminders(user_id) + u32::from(is_active)).saturating_sub(u32::from(was_active));
        self.agendas.put(AgendaRow { user_id, active });
        self.reminders.put(row);
    }

    /// What it does to the records when `workout_id` says `new` in place of `old`.
    fn records(
        &self,
        user: UserId,
        workout_id: WorkoutId,
        old: Option<&Workout>,
        new: Option<&Workout>,
    ) -> RecordChanges {
        let old_marks = old.map(records::marks).unwrap_or_default();
        let new_marks = new.map(records::marks).unwrap_or_default();
        let achieved_at = new.map(records::achieved_at).unwrap_or_default();
        let mut changes = Vec::new();
        for exercise in old_marks.keys().chain(new_marks.keys()).collect::<BTreeSet<_>>() {
            let lift = (user, exercise.clone());
            let (old, new) = (old_marks.get(exercise), new_marks.get(exercise));
            for (order, kind) in KINDS.into_iter().enumerate() {
                let own = new.and_then(|marks| marks.get(kind));
                if own.is_none() && old.and_then(|marks| marks.get(kind)).is_none() {
                    continue;
                }
                let best = |left_out: Option<WorkoutId>| {
                    let best = self.marks.best(&lift, order, |row| Some(row.workout_id) == left_out);
                    best.and_then(|row| row.mark(kind))
                };
                changes.push(Change {
                    exercise,
                    kind,
                    before: best(None),
                    own: own.map(|value| Mark { workout_id, value, achieved_at }),
                    others: best(Some(workout_id)),
                });
            }
        }
        records::changes(workout_id, changes.into_iter())
    }
}

/// A command that comes when the loop has long forgotten it finds its workout there, and logs none.
fn log_workout(state: &State, command: &Message<Command>, log: &LogWorkout) -> Result<Emit, Reject> {
    let (user, workout_id, workout) = (command.user(), WorkoutId::new(command.id), &log.workout);
    if let Some(row) = state.workouts.get(&(user, workout_id)) {
        return Ok(Emit::nothing().reply(WorkoutSaved { workout_id, revision: row.revision }));
    }
    domain::check(workout, command.time)?;
    let records = state.records(user, workout_id, None, Some(workout));
    Ok(Emit::nothing()
        .event(WorkoutCompleted { workout_id, workout: workout.clone(), summary: workout.summary(), records })
        .reply(WorkoutSaved { workout_id, revision: 1 }))
}

/// A correction that changes nothing is done without an event, and makes no revision.
fn correct_workout(state: &State, command: &Message<Command>, correct: &CorrectWorkout) -> Result<Emit, Reject> {
    let row = find(state, command.user(), correct.workout_id)?;
    let (workout_id, workout, before) = (row.workout_id, &correct.workout, row.summary.clone());
    domain::check(workout, command.time)?;
    if row.body == *workout {
        return Ok(Emit::nothing().reply(WorkoutSaved { workout_id, revision: row.revision }));
    }
    let revision = row.revision + 1;
    let records = state.records(command.user(), workout_id, Some(&row.body), Some(workout));
    let (workout, summary) = (workout.clone(), workout.summary());
    Ok(Emit::nothing()
        .event(WorkoutCorrected { workout_id, revision, before, workout, summary, records })
        .reply(WorkoutSaved { workout_id, revision }))
}

fn delete_workout(state: &State, user: UserId, delete: &DeleteWorkout) -> Result<Emit, Reject> {
    let row = find(state, user, delete.workout_id)?;
    let workout_id = row.workout_id;
    let records = state.records(user, workout_id, Some(&row.body), None);
    Ok(Emit::nothing()
        .event(WorkoutDeleted { workout_id, before: row.summary.clone(), records })
        .reply(WorkoutSaved { workout_id, revision: row.revision }))
}

fn find(state: &State, user: UserId, workout: WorkoutId) -> Result<&WorkoutRow, Reject> {
    let row = state.workouts.get(&(user, workout));
    row.ok_or_else(|| Reject::not_found("workout_not_found", "there is no such workout"))
}

#[cfg(test)]
mod tests;
