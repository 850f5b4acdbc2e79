//! Reminders: when one can be set, moved or cancelled, and which due events still count.

use jiff::{SignedDuration, Timestamp};
use plyo_events::{
    Event, EventId, EventKind, Output, Rejection, ReminderId, Timer,
    clock::WorkoutReminderDue,
    rejection::check_revision,
    workout::{
        CancelReminder, INVALID_DUE_AT, MoveReminder, REMINDER_NOT_ACTIVE, REMINDER_NOT_FOUND, ReminderCancelled,
        ReminderDue, ReminderSaved, ReminderSet, TOO_MANY_REMINDERS,
    },
};

use super::{
    rows::{ReminderRow, ReminderStatus},
    to_microsecond,
};

/// Max pending reminders of a user.
const MAX_PENDING: u32 = 100;

/// Sets a reminder, unless the same one was set before. `active` is the number of pending ones.
pub(crate) fn set(
    row: Option<&ReminderRow>,
    reminder_id: ReminderId,
    due_at: Timestamp,
    now: Timestamp,
    active: u32,
) -> Result<Output, Rejection> {
    if let Some(row) = row {
        return Ok(unchanged(row));
    }
    if active >= MAX_PENDING {
        return Err(TOO_MANY_REMINDERS.into());
    }
    Ok(schedule(reminder_id, 1, ahead(due_at, now)?))
}

/// Moves a pending one. Moving it to the same time does nothing.
pub(crate) fn shift(row: Option<&ReminderRow>, shift: &MoveReminder, now: Timestamp) -> Result<Output, Rejection> {
    let row = to_come(row)?;
    check_revision(row.revision, shift.if_revision.as_deref())?;
    let due_at = ahead(shift.due_at, now)?;
    if due_at == row.due_at {
        return Ok(unchanged(row));
    }
    Ok(schedule(row.reminder_id, row.revision + 1, due_at))
}

/// Cancels a pending one.
pub(crate) fn cancel(row: Option<&ReminderRow>, cancel: &CancelReminder) -> Result<Output, Rejection> {
    let row = to_come(row)?;
    check_revision(row.revision, cancel.if_revision.as_deref())?;
    let (reminder_id, revision) = (row.reminder_id, row.revision + 1);
    Ok(Output::nothing()
        .event(ReminderCancelled { reminder_id, revision })
        .timer(Timer::Cancel { key: reminder_id.uuid(), kind: EventKind::WorkoutReminderDue })
        .reply(ReminderSaved { reminder_id, revision }))
}

/// Compares a clock event with the current reminder. If the reminder was moved, cancelled or has fired, the event is
/// ignored; an unknown one comes from a scheduled job outside, and counts once.
pub(crate) fn come_due(row: Option<&ReminderRow>, due: &WorkoutReminderDue, clock_event: EventId) -> Output {
    let stands = row.is_none_or(|row| row.status == ReminderStatus::Active && row.revision == due.revision);
    if !stands {
        return Output::nothing();
    }
    let due_at = to_microsecond(due.due_at);
    Output::nothing().event(ReminderDue { reminder_id: due.reminder_id, due_at, clock_event })
}

fn ahead(due_at: Timestamp, now: Timestamp) -> Result<Timestamp, Rejection> {
    let due_at = to_microsecond(due_at);
    if due_at <= now || due_at.duration_since(now) > SignedDuration::from_hours(366 * 24) {
        return Err(INVALID_DUE_AT.into());
    }
    Ok(due_at)
}

fn schedule(reminder_id: ReminderId, revision: u32, due_at: Timestamp) -> Output {
    let due = Event::from(WorkoutReminderDue { reminder_id, revision, due_at });
    Output::nothing()
        .event(ReminderSet { reminder_id, revision, due_at })
        .timer(Timer::Set { key: reminder_id.uuid(), at: due_at, due })
        .reply(ReminderSaved { reminder_id, revision })
}

fn unchanged(row: &ReminderRow) -> Output {
    Output::nothing().reply(ReminderSaved { reminder_id: row.reminder_id, revision: row.revision })
}

fn to_come(row: Option<&ReminderRow>) -> Result<&ReminderRow, Rejection> {
    let row = row.ok_or(REMINDER_NOT_FOUND)?;
    if row.status == ReminderStatus::Active { Ok(row) } else { Err(REMINDER_NOT_ACTIVE.into()) }
}
