//! Queries about the training log.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use plyo_events::{
    Rejection, WorkoutId,
    query::Page,
    rejection::INVALID_CURSOR,
    workout::{
        BodyWeightView, GetWorkout, ListBodyWeights, ListRecords, ListReminders, ListWorkouts, RecordKind, RecordView,
        ReminderView, WORKOUT_NOT_FOUND, WorkoutView,
    },
};
use plyo_nats::{Context, QueryError};
use uuid::Uuid;

use crate::{
    domain::{listing, marks::Rank, records::Held},
    store::{self, Place},
};

pub(crate) async fn get(context: Context, query: GetWorkout) -> Result<WorkoutView, QueryError> {
    let found = store::workout(&context.pool, query.user, query.workout_id).await?;
    Ok(found.ok_or_else(|| Rejection::from(WORKOUT_NOT_FOUND))?)
}

pub(crate) async fn list(context: Context, query: ListWorkouts) -> Result<Page<WorkoutView>, QueryError> {
    let after = query.cursor.as_deref().map(read_cursor).transpose()?;
    let limit = query.limit.clamp(1, 100);
    let mut rows = store::workouts(&context.pool, query.user, after, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|(place, _)| write_cursor(*place));
    Ok(Page { items: rows.into_iter().map(|(_, view)| view).collect(), next_cursor })
}

pub(crate) async fn records(context: Context, query: ListRecords) -> Result<Vec<RecordView>, QueryError> {
    let marks = store::marks(&context.pool, query.user).await?;
    let volumes = store::volumes(&context.pool, query.user).await?;
    let session = |((achieved_at, logged_at, workout_id), volume)| {
        let rank = Rank::of(RecordKind::SessionVolume, volume);
        Held { rank, achieved_at, logged_at, workout_id }
    };
    Ok(listing::current(&marks, volumes.into_iter().map(session)))
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
