//! Reminders: when one may be set, moved or cancelled, and which due event still counts.

use jiff::{SignedDuration, Timestamp};
use plyo_events::{
    Emit, Event, EventId, EventKind, Reject, ReminderId, Timer,
    clock::WorkoutReminderDue,
    workout::{ReminderCancelled, ReminderDue, ReminderSaved, ReminderSet},
};

use crate::{
    domain::to_microsecond,
    store::{ReminderRow, ReminderStatus},
};

/// Most reminders of a person that are to come.
const MOST: u32 = 100;

/// Sets a reminder anew. `active` is how many are to come already.
pub(crate) fn set(reminder_id: ReminderId, due_at: Timestamp, now: Timestamp, active: u32) -> Result<Emit, Reject> {
    if active >= MOST {
        return Err(Reject::conflict("too_many_reminders", "at most 100 reminders can be to come; cancel one first"));
    }
    schedule(reminder_id, 1, due_at, now)
}

/// Moves one that is to come.
pub(crate) fn shift(row: Option<&ReminderRow>, due_at: Timestamp, now: Timestamp) -> Result<Emit, Reject> {
    let row = to_come(row)?;
    schedule(row.reminder_id, row.revision + 1, due_at, now)
}

/// Cancels one that is to come.
pub(crate) fn cancel(row: Option<&ReminderRow>) -> Result<Emit, Reject> {
    let row = to_come(row)?;
    let (reminder_id, revision) = (row.reminder_id, row.revision + 1);
    Ok(Emit::nothing()
        .event(ReminderCancelled { reminder_id, revision })
        .timer(Timer::Cancel { key: reminder_id.uuid(), kind: EventKind::WorkoutReminderDue })
        .reply(ReminderSaved { reminder_id, revision }))
}

/// Holds what the clock says against the reminder as it stands. One that was moved, cancelled or had fired says nothing;
/// one that was never set here comes from a scheduled job outside, and counts.
pub(crate) fn come_due(row: Option<&ReminderRow>, due: &WorkoutReminderDue, clock_event: EventId) -> Emit {
    let stands = row.is_none_or(|row| row.status == ReminderStatus::Active && row.revision == due.revision);
    if !stands {
        return Emit::nothing();
    }
    let due_at = to_microsecond(due.due_at);
    Emit::nothing().event(Event::from(ReminderDue { reminder_id: due.reminder_id, due_at, clock_event }))
}

fn schedule(reminder_id: ReminderId, revision: u32, due_at: Timestamp, now: Timestamp) -> Result<Emit, Reject> {
    if due_at <= now || due_at > now + SignedDuration::from_hours(366 * 24) {
        return Err(Reject::invalid("invalid_due_at", "due_at must lie ahead, at most 366 days"));
    }
    let due_at = to_microsecond(due_at);
    let due = Event::from(WorkoutReminderDue { reminder_id, revision, due_at });
    Ok(Emit::nothing()
        .event(ReminderSet { reminder_id, revision, due_at })
        .timer(Timer::Set { key: reminder_id.uuid(), at: due_at, due })
        .reply(ReminderSaved { reminder_id, revision }))
}

fn to_come(row: Option<&ReminderRow>) -> Result<&ReminderRow, Reject> {
    let row = row.ok_or_else(|| Reject::not_found("reminder_not_found", "there is no such reminder"))?;
    if row.status == ReminderStatus::Active {
        Ok(row)
    } else {
        Err(Reject::conflict("reminder_not_active", "this reminder was cancelled or has come; set a new one"))
    }
}
