//! Workouts: decisions when one is logged, corrected or deleted.

use std::collections::BTreeSet;

use plyo_events::{
    Command, Emit, Message, Rejection, UserId, WorkoutId,
    workout::{
        CorrectWorkout, DeleteWorkout, LogWorkout, Mark, RecordChanges, WORKOUT_NOT_FOUND, Workout, WorkoutCompleted,
        WorkoutCorrected, WorkoutDeleted, WorkoutSaved,
    },
};

use super::{
    check,
    records::{self, Change, KINDS},
    rows::WorkoutRow,
    state::State,
};

/// A command that comes again after the loop has forgotten it finds its workout, and logs none.
pub(crate) fn log(state: &State, command: &Message<Command>, log: &LogWorkout) -> Result<Emit, Rejection> {
    let (user, workout_id, workout) = (command.user(), WorkoutId::new(command.id), &log.workout);
    if let Some(row) = state.workouts.get(&(user, workout_id)) {
        return Ok(Emit::nothing().reply(WorkoutSaved { workout_id, revision: row.revision }));
    }
    check(workout, command.time)?;
    let records = change(state, user, workout_id, None, Some((1, workout)));
    Ok(Emit::nothing()
        .event(WorkoutCompleted { workout_id, workout: workout.clone(), summary: workout.summary(), records })
        .reply(WorkoutSaved { workout_id, revision: 1 }))
}

/// A correction that changes nothing is done without an event or a new revision.
pub(crate) fn correct(state: &State, command: &Message<Command>, correct: &CorrectWorkout) -> Result<Emit, Rejection> {
    let row = find(state, command.user(), correct.workout_id)?;
    let (workout_id, workout, before) = (row.workout_id, &correct.workout, row.summary.clone());
    check(workout, command.time)?;
    if row.body == *workout {
        return Ok(Emit::nothing().reply(WorkoutSaved { workout_id, revision: row.revision }));
    }
    let revision = row.revision + 1;
    let records = change(state, command.user(), workout_id, Some(row), Some((revision, workout)));
    let (workout, summary) = (workout.clone(), workout.summary());
    Ok(Emit::nothing()
        .event(WorkoutCorrected { workout_id, revision, before, workout, summary, records })
        .reply(WorkoutSaved { workout_id, revision }))
}

pub(crate) fn delete(state: &State, user: UserId, delete: &DeleteWorkout) -> Result<Emit, Rejection> {
    let row = find(state, user, delete.workout_id)?;
    let workout_id = row.workout_id;
    let records = change(state, user, workout_id, Some(row), None);
    Ok(Emit::nothing()
        .event(WorkoutDeleted { workout_id, before: row.summary.clone(), records })
        .reply(WorkoutSaved { workout_id, revision: row.revision }))
}

fn find(state: &State, user: UserId, workout: WorkoutId) -> Result<&WorkoutRow, Rejection> {
    let row = state.workouts.get(&(user, workout));
    row.ok_or_else(|| WORKOUT_NOT_FOUND.into())
}

/// How the records change when `workout_id` changes from `old` to `new`, of that revision.
fn change(
    state: &State,
    user: UserId,
    workout_id: WorkoutId,
    old: Option<&WorkoutRow>,
    new: Option<(u32, &Workout)>,
) -> RecordChanges {
    let old_marks = old.map(|row| records::marks(&row.body)).unwrap_or_default();
    let new_marks = new.map(|(_, workout)| records::marks(workout)).unwrap_or_default();
    let achieved_at = new.map(|(_, workout)| records::achieved_at(workout)).unwrap_or_default();
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
                let best = state.marks.best(&lift, order, |row| Some(row.workout_id) == left_out);
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
    let changes = records::changes(workout_id, changes.into_iter());
    let old = old.map(|row| (workout_id, row.revision, old_marks));
    state.keep_marks(old.into_iter().chain(new.map(|(revision, _)| (workout_id, revision, new_marks))));
    changes
}
