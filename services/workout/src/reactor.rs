//! The write side of the training log.

use std::collections::BTreeMap;

use anyhow::Result;
use plyo_events::{
    Command, Emit, Event, EventId, EventKind, Message, Reject, ReminderId, UserId, WorkoutId,
    workout::{
        CorrectWorkout, DeleteWorkout, LogWorkout, Mark, ReminderSet, WithdrawalReason, Workout, WorkoutCompleted,
        WorkoutCorrected, WorkoutDeleted, WorkoutSaved,
    },
};
use plyo_nats::{Batch, Reactor, Rows};
use sqlx::PgConnection;

use crate::{
    domain::{self, Change},
    reminders,
    store::{self, AgendaRow, Lift, MarkRow, Marks, ReminderRow, ReminderStatus, WorkoutRow},
};

pub(crate) struct Training;

#[derive(Default)]
pub(crate) struct State {
    workouts: Rows<WorkoutRow>,
    marks: Marks,
    reminders: Rows<ReminderRow>,
    agendas: Rows<AgendaRow>,
}

impl Reactor for Training {
    const NAME: &'static str = "workout";
    const READS: &'static [EventKind] = &[EventKind::WorkoutReminderDue];
    const TABLES: &'static [&'static str] = store::TABLES;
    type State = State;

    async fn load(&self, db: &mut PgConnection, batch: &Batch) -> Result<State> {
        let workouts = Rows::load(&mut *db, changed_workouts(batch)).await?;
        let marks = Marks::load(&mut *db, &lifts(batch, &workouts)).await?;
        let (reminders, agendas) = touched_reminders(batch);
        Ok(State {
            workouts,
            marks,
            reminders: Rows::load(&mut *db, reminders).await?,
            agendas: Rows::load(db, agendas).await?,
        })
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Emit, Reject> {
        let user = command.user;
        match &command.body {
            Command::LogWorkout(log) => log_workout(state, command, log),
            Command::CorrectWorkout(correct) => correct_workout(state, command, correct),
            Command::DeleteWorkout(delete) => delete_workout(state, user, delete),
            Command::SetReminder(set) => {
                let active = state.agendas.get(&(user,)).map_or(0, |agenda| agenda.active);
                reminders::set(ReminderId::new(command.id), set.due_at, command.time, active)
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
        reminders::come_due(state.reminders.get(&(event.user, due.reminder_id)), due, EventId::new(event.id))
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        let user = event.user;
        match &event.body {
            Event::WorkoutCompleted(completed) => state.put_workout(user, completed.workout_id, 1, &completed.workout),
            Event::WorkoutCorrected(corrected) => {
                state.remove_workout(user, corrected.workout_id);
                state.put_workout(user, corrected.workout_id, corrected.revision, &corrected.workout);
            }
            Event::WorkoutDeleted(deleted) => state.remove_workout(user, deleted.workout_id),
            Event::ReminderSet(ReminderSet { reminder_id, revision, due_at }) => {
                let row = ReminderRow {
                    user_id: user,
                    reminder_id: *reminder_id,
                    revision: *revision,
                    due_at: *due_at,
                    status: ReminderStatus::Active,
                };
                state.put_reminder(row);
            }
            Event::ReminderCancelled(cancelled) => {
                if let Some(row) = state.reminders.get(&(user, cancelled.reminder_id)) {
                    state.put_reminder(ReminderRow {
                        revision: cancelled.revision,
                        status: ReminderStatus::Cancelled,
                        ..row.clone()
                    });
                }
            }
            Event::ReminderDue(due) => {
                let known = state.reminders.get(&(user, due.reminder_id)).cloned();
                let unknown = ReminderRow {
                    user_id: user,
                    reminder_id: due.reminder_id,
                    revision: 0,
                    due_at: due.due_at,
                    status: ReminderStatus::Fired,
                };
                state.put_reminder(known.map_or(unknown, |row| ReminderRow { status: ReminderStatus::Fired, ..row }));
            }
            _ => {}
        }
    }

    async fn save(&self, db: &mut PgConnection, state: State) -> Result<()> {
        state.workouts.save(&mut *db).await?;
        state.marks.save(&mut *db).await?;
        state.reminders.save(&mut *db).await?;
        state.agendas.save(db).await
    }
}

impl State {
    fn put_workout(&mut self, user_id: UserId, workout_id: WorkoutId, revision: u32, body: &Workout) {
        let started_at = domain::achieved_at(body);
        for ((exercise, kind), value) in domain::marks(body) {
            self.marks.put(MarkRow { user_id, exercise, kind, workout_id, value, achieved_at: started_at });
        }
        self.workouts.put(WorkoutRow {
            user_id,
            workout_id,
            revision,
            started_at,
            summary: body.summary(),
            body: body.clone(),
        });
    }

    fn remove_workout(&mut self, user: UserId, workout: WorkoutId) {
        let Some(row) = self.workouts.get(&(user, workout)) else { return };
        for (exercise, kind) in domain::marks(&row.body).into_keys() {
            self.marks.remove((user, exercise, kind), workout);
        }
        self.workouts.remove(&(user, workout));
    }

    /// Keeps the count of those to come beside the reminders themselves.
    fn put_reminder(&mut self, row: ReminderRow) {
        let user_id = row.user_id;
        let was_active = self.reminders.get(&row.key_of()).is_some_and(|row| row.status == ReminderStatus::Active);
        let is_active = row.status == ReminderStatus::Active;
        let active = self.agendas.get(&(user_id,)).map_or(0, |agenda| agenda.active);
        let active = (active + u32::from(is_active)).saturating_sub(u32::from(was_active));
        self.agendas.put(AgendaRow { user_id, active });
        self.reminders.put(row);
    }

    /// What changing `workout_id` from the marks of `old` to those of `new` does to the records.
    fn records(
        &self,
        user: UserId,
        workout_id: WorkoutId,
        old: Option<&Workout>,
        new: Option<&Workout>,
        reason: Option<WithdrawalReason>,
    ) -> Vec<Event> {
        let old_marks = old.map(domain::marks).unwrap_or_default();
        let new_marks = new.map(domain::marks).unwrap_or_default();
        let lifts: std::collections::BTreeSet<_> = old_marks.keys().chain(new_marks.keys()).collect();
        let mut events = Vec::new();
        for (exercise, kind) in lifts {
            let lift: Lift = (user, exercise.clone(), *kind);
            let own = new.zip(new_marks.get(&(exercise.clone(), *kind))).map(|(workout, value)| Mark {
                workout_id,
                value: *value,
                achieved_at: domain::achieved_at(workout),
            });
            let others = self.marks.best_without(&lift, Some(workout_id));
            let after = match (own, others) {
                (Some(own), Some(other)) => Some(if domain::better(&own, &other) { own } else { other }),
                (own, other) => own.or(other),
            };
            let before = self.marks.best_without(&lift, None);
            events.extend(domain::announce(Change { exercise, kind: *kind, workout_id, before, after, reason }));
        }
        events
    }
}

impl ReminderRow {
    const fn key_of(&self) -> (UserId, ReminderId) {
        (self.user_id, self.reminder_id)
    }
}

fn log_workout(state: &State, command: &Message<Command>, log: &LogWorkout) -> Result<Emit, Reject> {
    let workout = valid(&log.workout, command)?;
    let workout_id = WorkoutId::new(command.id);
    Ok(Emit::nothing()
        .event(WorkoutCompleted { workout_id, workout: workout.clone(), summary: workout.summary() })
        .events(state.records(command.user, workout_id, None, Some(workout), None))
        .reply(WorkoutSaved { workout_id, revision: 1 }))
}

/// A correction that changes nothing is done without an event.
fn correct_workout(state: &State, command: &Message<Command>, correct: &CorrectWorkout) -> Result<Emit, Reject> {
    let row = find(state, command.user, correct.workout_id)?;
    let workout = valid(&correct.workout, command)?;
    let (workout_id, before) = (row.workout_id, row.summary.clone());
    if row.body == *workout {
        return Ok(Emit::nothing().reply(WorkoutSaved { workout_id, revision: row.revision }));
    }
    let revision = row.revision + 1;
    let reason = Some(WithdrawalReason::WorkoutCorrected);
    Ok(Emit::nothing()
        .event(WorkoutCorrected { workout_id, revision, before, workout: workout.clone(), summary: workout.summary() })
        .events(state.records(command.user, workout_id, Some(&row.body), Some(workout), reason))
        .reply(WorkoutSaved { workout_id, revision }))
}

fn delete_workout(state: &State, user: UserId, delete: &DeleteWorkout) -> Result<Emit, Reject> {
    let row = find(state, user, delete.workout_id)?;
    let workout_id = row.workout_id;
    Ok(Emit::nothing()
        .event(WorkoutDeleted { workout_id, before: row.summary.clone() })
        .events(state.records(user, workout_id, Some(&row.body), None, Some(WithdrawalReason::WorkoutDeleted)))
        .reply(WorkoutSaved { workout_id, revision: row.revision }))
}

fn valid<'a>(workout: &'a Workout, command: &Message<Command>) -> Result<&'a Workout, Reject> {
    let violations = domain::violations(workout, command.time);
    if violations.is_empty() { Ok(workout) } else { Err(Reject::violations(violations)) }
}

fn find(state: &State, user: UserId, workout: WorkoutId) -> Result<&WorkoutRow, Reject> {
    state
        .workouts
        .get(&(user, workout))
        .ok_or_else(|| Reject::not_found("workout_not_found", "there is no such workout"))
}

/// The workouts that the batch changes, in commands or, in a replay, in own events.
fn changed_workouts(batch: &Batch) -> Vec<(UserId, WorkoutId)> {
    let commands = batch.commands().filter_map(|command| match &command.body {
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

/// The lifts that the batch's commands touch, with how many of each one's marks they may take away. A replay decides
/// nothing, so it needs none.
fn lifts(batch: &Batch, workouts: &Rows<WorkoutRow>) -> BTreeMap<Lift, usize> {
    let mut lifts = BTreeMap::new();
    let mut touch = |user: UserId, workout: &Workout, taken: usize| {
        for (exercise, kind) in domain::marks(workout).into_keys() {
            *lifts.entry((user, exercise, kind)).or_insert(0) += taken;
        }
    };
    let logged: BTreeMap<WorkoutId, &Workout> = batch
        .commands()
        .filter_map(|command| match &command.body {
            Command::LogWorkout(log) => Some((WorkoutId::new(command.id), &log.workout)),
            _ => None,
        })
        .collect();
    for command in batch.commands() {
        let user = command.user;
        let stored =
            |id: WorkoutId| workouts.get(&(user, id)).map(|row| &row.body).or_else(|| logged.get(&id).copied());
        match &command.body {
            Command::LogWorkout(log) => touch(user, &log.workout, 0),
            Command::CorrectWorkout(correct) => {
                touch(user, &correct.workout, 0);
                // What an earlier correction of the same batch makes of it is among the corrections' own lifts.
                stored(correct.workout_id).into_iter().for_each(|old| touch(user, old, 1));
            }
            Command::DeleteWorkout(delete) => stored(delete.workout_id).into_iter().for_each(|old| touch(user, old, 1)),
            _ => {}
        }
    }
    lifts
}

type ReminderKeys = (Vec<(UserId, ReminderId)>, Vec<(UserId,)>);

fn touched_reminders(batch: &Batch) -> ReminderKeys {
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
    let reminders: Vec<_> = commands.chain(events).collect();
    let users = reminders.iter().map(|(user, _)| (*user,)).collect();
    (reminders, users)
}
