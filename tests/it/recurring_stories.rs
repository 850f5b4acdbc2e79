//! A timer that recurs: one firing at a time, and what was missed comes once.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use plyo_events::{
    Command, Event, EventId, EventKind, Message, Output, Recurrence, Rejection, ReminderId, Timer, UserId,
    clock::WorkoutReminderDue, workout::ReminderDue,
};
use plyo_nats::{Incoming, Reactor, Table, Tables, raw};

use crate::{
    ledger::events,
    platform::{Fixture, eventually},
};

const RECURRING: &str = "tally:workout:recurring";

/// Says of each minute that it came.
pub struct Recurs;

#[derive(Default)]
pub struct Nothing;

impl Tables for Nothing {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        Vec::new()
    }
}

impl Reactor for Recurs {
    const NAME: &'static str = "workout";
    const READS: &'static [EventKind] = &[EventKind::WorkoutReminderDue];
    const TIMERS: &'static [EventKind] = &[EventKind::WorkoutReminderDue];
    type State = Nothing;

    fn needs(&self, _: Incoming<'_>, _: &mut Nothing) {}

    fn decide(&self, _: &Nothing, _: &Message<Command>) -> Result<Output, Rejection> {
        Err(plyo_events::rejection::UNKNOWN_COMMAND.into())
    }

    fn react(&self, _: &Nothing, event: &Message<Event>) -> Output {
        let Event::WorkoutReminderDue(due) = &event.body else { return Output::nothing() };
        let reminder_id = due.reminder_id;
        let recurrence = Recurrence::new("* * * * *", "Asia/Kathmandu").expect("a rule");
        Output::nothing()
            .event(ReminderDue { reminder_id, due_at: event.time, clock_event: EventId::new(event.id) })
            .timer(Timer::Every { key: reminder_id.uuid(), recurrence, due: due.clone().into() })
    }

    fn evolve(&self, _: &mut Nothing, _: &Message<Event>) {}
}

/// The times that the service said have come.
async fn came(fixture: &Fixture) -> Vec<Timestamp> {
    let events = events(fixture).await.into_iter();
    events.filter_map(|event| if let Event::ReminderDue(due) = event.body { Some(due.due_at) } else { None }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_in_three_days_comes_once_and_the_next_is_the_next_there_is() {
    let fixture = Fixture::new().await;
    let _server = fixture.start(&[RECURRING]);
    let missed = Timestamp::now() - SignedDuration::from_hours(72);
    let due = WorkoutReminderDue { reminder_id: ReminderId::mint(), revision: 0, due_at: missed };
    let headers = [("ce-type", "clock.workout_reminder_due.v1".to_owned()), ("ce-time", missed.to_string())];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let subject = format!("evt.clock.workout_reminder_due.{}", UserId::mint());
    let sent = Timestamp::now();
    let late = (subject, headers, serde_json::to_vec(&due).unwrap());
    raw::publish_pipelined(&fixture.nats().await, vec![late], 1).await.unwrap();
    let times = eventually("the next minute comes", Duration::from_secs(90), async || {
        let times = came(&fixture).await;
        Ok((times.len() >= 2).then_some(times))
    })
    .await;
    let next = Recurrence::new("* * * * *", "UTC").unwrap().next_after(sent);
    // It may have been sent at the end of a minute.
    let possible = [next, next + SignedDuration::from_mins(1)];
    assert!(times.len() == 2 && times[0] == missed && possible.contains(&times[1]), "{times:?}, sent at {sent}");
}
