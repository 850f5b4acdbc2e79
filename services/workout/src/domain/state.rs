//! The state that decisions read, and the fold that changes it.

use std::{cell::RefCell, collections::BTreeMap};

use jiff::Timestamp;
use plyo_events::{
    Event, Message, UserId, WorkoutId,
    training::ExerciseSlug,
    workout::{Workout, WorkoutCompleted, WorkoutCorrected, WorkoutSummary},
};
use plyo_nats::{Best, Row, Rows, Table, Tables};

use super::{
    bodies, custom,
    marks::{self, Marks},
    records::{self, Held},
    rows::{AgendaRow, BodyRow, CustomRow, Kept, MarkRow, ReminderRow, ReminderStatus, WorkoutRow},
};
use crate::exercises::{self, Exercises};

#[derive(Default)]
pub(crate) struct State {
    pub workouts: Rows<WorkoutRow>,
    pub marks: Best<MarkRow>,
    pub reminders: Rows<ReminderRow>,
    pub agendas: Rows<AgendaRow>,
    pub bodies: Rows<BodyRow>,
    pub customs: Rows<CustomRow>,
    decided: Decided,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { workouts, marks, reminders, agendas, bodies, customs, decided: _ } = self;
        vec![workouts, marks, reminders, agendas, bodies, customs]
    }
}

type WorkoutMarks = BTreeMap<ExerciseSlug, Marks>;

/// The marks computed by the last decision, by workout and revision: folding its events needs the same.
#[derive(Default)]
struct Decided(RefCell<Vec<(WorkoutId, u32, WorkoutMarks)>>);

impl State {
    /// The only way it changes.
    pub(crate) fn evolve(&mut self, event: &Message<Event>) {
        let user = event.user();
        match &event.body {
            Event::WorkoutCompleted(WorkoutCompleted { workout_id, workout, summary, .. }) => {
                self.put_workout(user, (*workout_id, 1), event.stored_time(), workout, summary);
            }
            Event::WorkoutCorrected(WorkoutCorrected { workout_id, revision, workout, summary, .. }) => {
                // A workout whose first event an operator dropped is as old as its correction.
                let logged_at = self.remove_workout(user, *workout_id).unwrap_or(event.stored_time());
                self.put_workout(user, (*workout_id, *revision), logged_at, workout, summary);
            }
            Event::WorkoutDeleted(deleted) => {
                self.remove_workout(user, deleted.workout_id);
            }
            Event::BodyWeightLogged(logged) => bodies::put(self, user, logged),
            Event::CustomExerciseSet(set) => custom::put(self, user, set),
            Event::CustomExerciseArchived(archived) => {
                let change = |kept: &mut Kept| kept.archived = true;
                custom::change_kept(self, user, (archived.exercise_id, archived.revision), change);
            }
            Event::CustomExerciseMerged(merged) => {
                let change = |kept: &mut Kept| kept.merged_into = Some(merged.into.clone());
                custom::change_kept(self, user, (merged.exercise_id, merged.revision), change);
            }
            Event::ReminderSet(set) => self.put_reminder(ReminderRow {
                user_id: user,
                reminder_id: set.reminder_id,
                revision: set.revision,
                due_at: set.due_at,
                status: ReminderStatus::Active,
            }),
            Event::ReminderCancelled(cancelled) => {
                let Some(row) = self.reminders.get(&(user, cancelled.reminder_id)).cloned() else { return };
                let (revision, status) = (cancelled.revision, ReminderStatus::Cancelled);
                self.put_reminder(ReminderRow { revision, status, ..row });
            }
            Event::ReminderDue(due) => {
                let known = self.reminders.get(&(user, due.reminder_id)).cloned();
                let (reminder_id, due_at, status) = (due.reminder_id, due.due_at, ReminderStatus::Fired);
                // One from a scheduled job outside is stored, so that it counts once.
                let row = known.unwrap_or(ReminderRow { user_id: user, reminder_id, revision: 0, due_at, status });
                self.put_reminder(ReminderRow { status, ..row });
            }
            _ => {}
        }
    }

    pub(crate) fn active_reminders(&self, user: UserId) -> u32 {
        self.agendas.get(&(user,)).map_or(0, |agenda| agenda.active)
    }

    /// The exercises that somebody can log.
    pub(crate) fn exercises(&self, user: UserId) -> Exercises<'_> {
        Exercises::with(self.customs.get(&(user,)))
    }

    /// The same as far as is known, for needs that depend on it.
    pub(super) fn known_exercises(&self, user: UserId) -> Exercises<'_> {
        Exercises::with(self.customs.peek(&(user,)))
    }

    /// The best mark of an exercise in one of the [`marks::TOLD`] places, whichever of its slugs it was logged under.
    pub(super) fn best(
        &self,
        user: UserId,
        exercise: &ExerciseSlug,
        place: usize,
        left_out: Option<WorkoutId>,
    ) -> Option<Held> {
        let best = |slug: ExerciseSlug| {
            let best = self.marks.best(&(user, slug), place, |row| Some(row.workout_id) == left_out);
            best.and_then(|row| row.held(place))
        };
        self.exercises(user).histories(exercise).into_iter().filter_map(best).min_by_key(Held::order)
    }

    /// Keeps the marks computed by a decision.
    pub(super) fn keep_marks(&self, of: impl IntoIterator<Item = (WorkoutId, u32, WorkoutMarks)>) {
        self.decided.0.replace(of.into_iter().collect());
    }

    /// The marks of a revision: those kept by the decision, if there was one. They stay under the slugs that it was logged with.
    fn marks_of(&self, row: &WorkoutRow) -> WorkoutMarks {
        let mut decided = self.decided.0.borrow_mut();
        let kept = decided.iter().position(|(id, of, _)| (*id, *of) == (row.workout_id, row.revision));
        if let Some(place) = kept {
            return decided.swap_remove(place).2;
        }
        let has_own = exercises::has_own(&row.body);
        let exercises = if has_own { self.exercises(row.user_id) } else { Exercises::default() };
        marks::marks(&row.body, row.summary.body(), exercises)
    }

    fn put_workout(
        &mut self,
        user_id: UserId,
        (workout_id, revision): (WorkoutId, u32),
        logged_at: Timestamp,
        workout: &Workout,
        summary: &WorkoutSummary,
    ) {
        let started_at = records::achieved_at(workout);
        let (body, summary) = (workout.clone(), summary.clone());
        let row = WorkoutRow { user_id, workout_id, revision, started_at, logged_at, body, summary };
        for (exercise, marks) in self.marks_of(&row) {
            self.marks.put(MarkRow::new(&row, exercise, marks));
        }
        self.workouts.put(row);
    }

    /// Removes a workout, and says when it was logged.
    fn remove_workout(&mut self, user_id: UserId, workout_id: WorkoutId) -> Option<Timestamp> {
        let row = self.workouts.get(&(user_id, workout_id))?;
        let logged_at = row.logged_at;
        for (exercise, marks) in self.marks_of(row) {
            self.marks.remove(&MarkRow::new(row, exercise, marks));
        }
        self.workouts.remove(&(user_id, workout_id));
        Some(logged_at)
    }

    /// Keeps the count of pending reminders beside them.
    fn put_reminder(&mut self, row: ReminderRow) {
        let user_id = row.user_id;
        let before = self.reminders.get(&row.key());
        let was_active = before.is_some_and(|row| row.status == ReminderStatus::Active);
        let is_active = row.status == ReminderStatus::Active;
        let active = (self.active_reminders(user_id) + u32::from(is_active)).saturating_sub(u32::from(was_active));
        self.agendas.put(AgendaRow { user_id, active });
        self.reminders.put(row);
    }
}
