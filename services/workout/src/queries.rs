//! Queries about the training log.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use plyo_events::{
    CustomExerciseId, Rejection, UserId, WorkoutId,
    query::Page,
    rejection::INVALID_CURSOR,
    training::ExerciseSlug,
    workout::{
        BodyWeightView, CUSTOM_EXERCISE_NOT_FOUND, CustomExercise, CustomExerciseView, GetCustomExercise, GetWorkout,
        ListBodyWeights, ListCustomExercises, ListRecords, ListReminders, ListWorkouts, RecordKind, RecordView,
        ReminderView, WORKOUT_NOT_FOUND, WorkoutView,
    },
};
use plyo_nats::{Context, QueryError};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    domain::{listing, marks::Rank, records::Held, rows::Kept},
    exercises::{self, Exercises},
    store::{self, Place},
};

pub(crate) async fn get(context: Context, query: GetWorkout) -> Result<WorkoutView, QueryError> {
    let found = store::workout(&context.pool, query.user, query.workout_id).await?;
    let mut found = [found.ok_or_else(|| Rejection::from(WORKOUT_NOT_FOUND))?];
    as_of_now(&context.pool, query.user, &mut found).await?;
    let [found] = found;
    Ok(found)
}

pub(crate) async fn list(context: Context, query: ListWorkouts) -> Result<Page<WorkoutView>, QueryError> {
    let after = query.cursor.as_deref().map(read_cursor).transpose()?;
    let limit = query.limit.clamp(1, 100);
    let mut rows = store::workouts(&context.pool, query.user, after, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|(place, _)| write_cursor(*place));
    let mut items: Vec<WorkoutView> = rows.into_iter().map(|(_, view)| view).collect();
    as_of_now(&context.pool, query.user, &mut items).await?;
    Ok(Page { items, next_cursor })
}

/// With the exercises that somebody's own are now.
async fn as_of_now(pool: &PgPool, user: UserId, views: &mut [WorkoutView]) -> Result<(), QueryError> {
    if !views.iter().any(|view| exercises::has_own(&view.workout)) {
        return Ok(());
    }
    let own = store::customs(pool, user).await?;
    for view in views {
        view.workout = Exercises::with(own.as_ref()).as_of_now(&view.workout).into_owned();
    }
    Ok(())
}

pub(crate) async fn custom_exercises(
    context: Context,
    query: ListCustomExercises,
) -> Result<Vec<CustomExerciseView>, QueryError> {
    let own = store::customs(&context.pool, query.user).await?;
    let kept = own.into_iter().flat_map(|own| own.exercises);
    Ok(kept.map(|(id, kept)| view(id, kept)).collect())
}

pub(crate) async fn custom_exercise(
    context: Context,
    query: GetCustomExercise,
) -> Result<CustomExerciseView, QueryError> {
    let own = store::customs(&context.pool, query.user).await?;
    let kept = own.and_then(|mut own| own.exercises.remove(&query.exercise_id)).filter(|kept| !kept.archived);
    Ok(view(query.exercise_id, kept.ok_or_else(|| Rejection::from(CUSTOM_EXERCISE_NOT_FOUND))?))
}

fn view(exercise_id: CustomExerciseId, kept: Kept) -> CustomExerciseView {
    let Kept { revision, exercise: CustomExercise { name, measure, muscles, equipment }, archived, merged_into } = kept;
    let exercise = merged_into.clone().unwrap_or_else(|| ExerciseSlug::custom(exercise_id));
    let sealed = None;
    CustomExerciseView {
        exercise_id,
        exercise,
        revision,
        name,
        sealed,
        measure,
        muscles,
        equipment,
        archived,
        merged_into,
    }
}

pub(crate) async fn records(context: Context, query: ListRecords) -> Result<Vec<RecordView>, QueryError> {
    let marks = store::marks(&context.pool, query.user).await?;
    let volumes = store::volumes(&context.pool, query.user).await?;
    let own = store::customs(&context.pool, query.user).await?;
    let session = |((achieved_at, logged_at, workout_id), volume)| {
        let rank = Rank::of(RecordKind::SessionVolume, volume);
        Held { rank, achieved_at, logged_at, workout_id }
    };
    Ok(listing::current(&marks, volumes.into_iter().map(session), Exercises::with(own.as_ref())))
}

pub(crate) async fn body_weights(context: Context, query: ListBodyWeights) -> Result<Vec<BodyWeightView>, QueryError> {
    Ok(store::body_weights(&context.pool, query.user).await?)
}

pub(crate) async fn reminders(context: Context, query: ListReminders) -> Result<Vec<ReminderView>, QueryError> {
    Ok(store::reminders(&context.pool, query.user).await?)
}

/// The years 1970 to 2199 in any time zone: every possible start of a workout, all valid in Postgres.
const STARTS: RangeInclusive<Timestamp> = Timestamp::constant(-172_800, 0)..=Timestamp::constant(7_258_291_200, 0);

/// The place of the last workout shown: its start and when it was logged, in microseconds, and its id, in hexadecimal.
fn write_cursor((start, logged, workout): Place) -> String {
    format!("{:016x}{:016x}{}", start.as_microsecond(), logged.as_microsecond(), workout.uuid().simple())
}

fn read_cursor(text: &str) -> Result<Place, Rejection> {
    let forged = || Rejection::from(INVALID_CURSOR);
    let (start, rest) = text.split_at_checked(16).ok_or_else(forged)?;
    let (logged, id) = rest.split_at_checked(16).ok_or_else(forged)?;
    let time = |text: &str| {
        let microsecond = u64::from_str_radix(text, 16).ok().map(u64::cast_signed)?;
        Timestamp::from_microsecond(microsecond).ok().filter(|time| STARTS.contains(time))
    };
    let id = Uuid::try_parse(id).ok().filter(|uuid| uuid.simple().to_string() == id);
    let place = time(start).zip(time(logged)).zip(id);
    place.map(|((start, logged), id)| (start, logged, WorkoutId::new(id))).ok_or_else(forged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_a_forged_one_is_refused() {
        let id = WorkoutId::mint();
        let at = |microsecond| Timestamp::from_microsecond(microsecond).unwrap();
        // The second is 1970-01-01T00:00 at UTC+10.
        let logged = at(1_790_000_000_000_002);
        for start in [at(1_790_000_000_000_001), at(-36_000_000_000)] {
            assert_eq!(read_cursor(&write_cursor((start, logged, id))).unwrap(), (start, logged, id));
        }
        let (cut, ancient) = (&write_cursor((at(1), logged, id))[1..], write_cursor((Timestamp::MIN, logged, id)));
        let without_logged = format!("{:016x}{}", 1, id.uuid().simple());
        for forged in ["", "x", "zzzzzzzzzzzzzzzz", "é0000000000000000", cut, &ancient, &without_logged] {
            assert_eq!(read_cursor(forged).unwrap_err().code, "invalid_cursor");
        }
    }
}
