//! Workouts: decisions when one is logged, corrected or deleted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use plyo_events::{
    Command, Message, Output, Rejection, UserId, WorkoutId,
    rejection::check_revision,
    training::{BodyWeight, Load, Mass},
    workout::{
        CorrectWorkout, DeleteWorkout, ExerciseEntry, LogWorkout, RecordChanges, WORKOUT_NOT_FOUND, Workout,
        WorkoutCompleted, WorkoutCorrected, WorkoutDeleted, WorkoutSaved, WorkoutSummary,
    },
};

use super::{
    bodies, check, doubts,
    marks::{self, Marks},
    measure,
    records::{self, Change, Held},
    rows::WorkoutRow,
    state::State,
};

/// A command that comes again after the loop has forgotten it finds its workout, and logs none.
pub(crate) fn log(state: &State, command: &Message<Command>, log: &LogWorkout) -> Result<Output, Rejection> {
    let (user, workout_id, workout) = (command.user(), WorkoutId::new(command.id), &log.workout);
    if let Some(row) = state.workouts.get(&(user, workout_id)) {
        return Ok(Output::nothing().reply(WorkoutSaved { workout_id, revision: row.revision, doubt: Vec::new() }));
    }
    let exercises = state.exercises(user);
    let workout = exercises.as_of_now(workout);
    let workout = workout.as_ref();
    check(workout, command.time, exercises)?;
    let summary = totals(state, user, workout);
    let new = New { revision: 1, logged_at: command.stored_time(), workout, body: summary.body() };
    let mut records = change(state, user, workout_id, None, Some(new));
    let doubt = doubts::doubts(state, user, workout_id, workout);
    doubts::mark(&mut records, workout, &doubt);
    Ok(Output::nothing()
        .event(WorkoutCompleted { workout_id, workout: workout.clone(), summary, records })
        .reply(WorkoutSaved { workout_id, revision: 1, doubt }))
}

/// A correction that changes nothing is done without an event or a new revision.
pub(crate) fn correct(
    state: &State,
    command: &Message<Command>,
    correct: &CorrectWorkout,
) -> Result<Output, Rejection> {
    let row = find(state, command.user(), correct.workout_id)?;
    check_revision(row.revision, correct.if_revision.as_deref())?;
    let (user, workout_id, before) = (command.user(), row.workout_id, row.summary.clone());
    let exercises = state.exercises(user);
    let workout = exercises.as_of_now(&correct.workout);
    let workout = workout.as_ref();
    check(workout, command.time, exercises)?;
    if *exercises.as_of_now(&row.body) == *workout {
        return Ok(Output::nothing().reply(WorkoutSaved { workout_id, revision: row.revision, doubt: Vec::new() }));
    }
    let revision = row.revision + 1;
    let summary = totals(state, user, workout);
    let new = New { revision, logged_at: row.logged_at, workout, body: summary.body() };
    let mut records = change(state, user, workout_id, Some(row), Some(new));
    let doubt = doubts::doubts(state, user, workout_id, workout);
    doubts::mark(&mut records, workout, &doubt);
    let workout = workout.clone();
    Ok(Output::nothing()
        .event(WorkoutCorrected { workout_id, revision, before, workout, summary, records })
        .reply(WorkoutSaved { workout_id, revision, doubt }))
}

pub(crate) fn delete(state: &State, user: UserId, delete: &DeleteWorkout) -> Result<Output, Rejection> {
    let row = find(state, user, delete.workout_id)?;
    check_revision(row.revision, delete.if_revision.as_deref())?;
    let workout_id = row.workout_id;
    let records = change(state, user, workout_id, Some(row), None);
    Ok(Output::nothing()
        .event(WorkoutDeleted { workout_id, before: row.summary.clone(), records })
        .reply(WorkoutSaved { workout_id, revision: row.revision, doubt: Vec::new() }))
}

/// The totals of a workout, with the body's weight on its day where an exercise counts it.
fn totals(state: &State, user: UserId, workout: &Workout) -> WorkoutSummary {
    let body =
        bodies::moves_body(workout).then(|| bodies::weight_on(state, user, workout.started_at.local_date())).flatten();
    let exercises = state.exercises(user);
    let moved = |entry: &ExerciseEntry| -> Mass {
        let Some(exercise) = exercises.find(&entry.exercise) else { return Mass::default() };
        entry.sets.iter().map(|set| measure::moved(set, exercise, body.map(BodyWeight::load)).times(set.reps())).sum()
    };
    let tonnage: Mass = workout.exercises.iter().map(moved).sum();
    WorkoutSummary { body_weight: body, ..workout.summary(tonnage.grams()) }
}

fn find(state: &State, user: UserId, workout: WorkoutId) -> Result<&WorkoutRow, Rejection> {
    let row = state.workouts.get(&(user, workout));
    row.ok_or_else(|| WORKOUT_NOT_FOUND.into())
}

/// What a workout becomes.
struct New<'a> {
    revision: u32,
    logged_at: Timestamp,
    workout: &'a Workout,
    body: Option<Load>,
}

/// How the records change when `workout_id` changes from `old` to `new`.
fn change(
    state: &State,
    user: UserId,
    workout_id: WorkoutId,
    old: Option<&WorkoutRow>,
    new: Option<New<'_>>,
) -> RecordChanges {
    let exercises = state.exercises(user);
    let old_marks = old.map(|row| marks::marks(&row.body, row.summary.body(), exercises)).unwrap_or_default();
    let new_marks = new.as_ref().map(|new| marks::marks(new.workout, new.body, exercises)).unwrap_or_default();
    let mut changes = Vec::new();
    // What was merged since it was logged is of the exercise that it is now.
    let keys = old_marks.keys().map(|slug| exercises.now(slug)).chain(new_marks.keys());
    for exercise in keys.collect::<BTreeSet<_>>() {
        let before: Vec<&Marks> =
            old_marks.iter().filter(|(slug, _)| exercises.now(slug) == exercise).map(|(_, marks)| marks).collect();
        let after = new_marks.get(exercise);
        for (place, kind) in marks::told_of(exercise, exercises).into_iter().enumerate() {
            let was = before.iter().filter_map(|marks| marks.told[place]).max();
            let own = after.and_then(|marks| marks.told[place]);
            let Some(kind) = kind.filter(|_| was.is_some() || own.is_some()) else { continue };
            let best = |left_out: Option<WorkoutId>| state.best(user, exercise, place, left_out);
            let own = own.zip(new.as_ref()).map(|(rank, new)| {
                let achieved_at = records::achieved_at(new.workout);
                Held { rank, achieved_at, logged_at: new.logged_at, workout_id }
            });
            changes.push(Change { exercise, kind, before: best(None), own, others: best(Some(workout_id)) });
        }
    }
    let changes = records::changes(workout_id, changes.into_iter());
    let old = old.map(|row| (workout_id, row.revision, old_marks));
    state.keep_marks(old.into_iter().chain(new.map(|new| (workout_id, new.revision, new_marks))));
    changes
}
