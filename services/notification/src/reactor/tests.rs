//! Stories of the write side, as pure folds: no database, no broker.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

use plyo_events::{
    EventId, ReminderId, WorkoutId,
    achievement::{AchievementRevoked, AchievementUnlocked, Metric},
    notification::{ReadAllNotifications, ReadNotification, SetPreferences},
    training::ExerciseSlug,
    workout::{Mark, NewRecord, Record, RecordKind, RecordSet, RecordWithdrawn, ReminderDue, WithdrawalReason},
};
use plyo_nats::{Incoming, Row};
use serde_json::json;
use uuid::Uuid;

use super::*;

mod properties;

/// The tables, and the loop around the reactor: each batch sees the rows that it asked for, and no others.
#[derive(Debug, Default, PartialEq)]
struct Tables {
    mailboxes: HashMap<(UserId,), MailboxRow>,
    notifications: HashMap<(UserId, NotificationId), NotificationRow>,
    preferences: HashMap<(UserId,), PreferenceRow>,
}

/// What one message came to: the outcome and the events.
type Handled = (Result<Emit, Reject>, Vec<Message<Event>>);

impl Tables {
    fn handle(&mut self, messages: &[Incoming], reacts: bool) -> Vec<Handled> {
        let batch = Batch { messages: messages.to_vec() };
        let (users, named, subjects) = (batch.users(), named(&batch), subjects(&batch));
        let is_read = |row: &NotificationRow| {
            named.contains(&row.key()) || !row.retracted && subjects.contains(&(row.user_id, row.subject.clone()))
        };
        let mut state = State {
            mailboxes: take(&mut self.mailboxes, |row| users.contains(&row.user_id)),
            notifications: take(&mut self.notifications, is_read),
            preferences: take(&mut self.preferences, |row| users.contains(&row.user_id)),
        };
        let handled = messages.iter().map(|message| handle(&mut state, message, reacts)).collect();
        self.mailboxes.extend(state.mailboxes.iter().map(|row| (row.key(), row.clone())));
        self.notifications.extend(state.notifications.iter().map(|row| (row.key(), row.clone())));
        self.preferences.extend(state.preferences.iter().map(|row| (row.key(), row.clone())));
        handled
    }

    /// Handles one message alone and gives its outcome and the events.
    fn one(&mut self, message: Incoming) -> (Result<Emit, Reject>, Vec<Event>) {
        let (outcome, events) = self.handle(&[message], true).remove(0);
        (outcome, events.into_iter().map(|event| event.body).collect())
    }

    /// The subjects of what stands, oldest first, with whether it is read.
    fn standing(&self, user: UserId) -> Vec<(String, bool)> {
        let mut rows: Vec<_> =
            self.notifications.values().filter(|row| row.user_id == user && !row.retracted).collect();
        rows.sort_by_key(|row| row.number);
        let through = self.mailboxes.get(&(user,)).map_or(0, |mailbox| mailbox.read_through);
        rows.into_iter().map(|row| (row.subject.clone(), row.read || row.number <= through)).collect()
    }

    fn unread(&self, user: UserId) -> u64 {
        self.mailboxes.get(&(user,)).map_or(0, |mailbox| mailbox.unread)
    }
}

fn handle(state: &mut State, message: &Incoming, reacts: bool) -> Handled {
    let (cause, outcome) = match message {
        Incoming::Command(command) => (command.with(()), Notifications.decide(state, command)),
        Incoming::Event(event) => {
            Notifications.evolve(state, event);
            let emit = if reacts { Notifications.react(state, event) } else { Emit::nothing() };
            (event.with(()), Ok(emit))
        }
    };
    let mut events = Vec::new();
    for (body, ordinal) in outcome.iter().flat_map(|emit| &emit.events).zip(0..) {
        let id = EventId::derive(cause.id, &format!("notification/{ordinal}")).uuid();
        events.push(Message { id, ..cause.with(body.clone()) });
    }
    events.iter().for_each(|event| Notifications.evolve(state, event));
    (outcome, events)
}

fn take<R: Row>(table: &mut HashMap<R::Key, R>, is_wanted: impl Fn(&R) -> bool) -> Rows<R>
where
    R::Key: Eq + Hash,
{
    let mut rows = Rows::default();
    table.extract_if(|_, row| is_wanted(row)).for_each(|(_, row)| rows.put(row));
    rows
}

fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

fn message<T>(number: u32, user: UserId, body: T) -> Message<T> {
    // A nanosecond beyond what Postgres keeps.
    let time = Timestamp::new(i64::from(number), 1_001).unwrap();
    Message::first(Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes()), user, time, body)
}

fn event(number: u32, body: impl Into<Event>) -> Incoming {
    Incoming::Event(message(number, person(1), body.into()))
}

fn command(number: u32, body: impl Into<Command>) -> Incoming {
    Incoming::Command(message(number, person(1), body.into()))
}

/// The notification that the event of this number causes.
fn told_by(number: u32) -> NotificationId {
    NotificationId::derive(Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes()), "notification")
}

fn read(number: u32) -> ReadNotification {
    ReadNotification { notification_id: told_by(number) }
}

fn unlocked(code: &str) -> AchievementUnlocked {
    AchievementUnlocked { code: code.to_owned(), metric: Metric::Workouts, threshold: 1, value: 1 }
}

fn revoked(code: &str) -> AchievementRevoked {
    AchievementRevoked { code: code.to_owned(), metric: Metric::Workouts, threshold: 1, value: 0 }
}

fn workout(number: u8) -> WorkoutId {
    WorkoutId::derive(Uuid::nil(), &format!("workout {number}"))
}

fn mark(number: u8, value: u64) -> Mark {
    Mark { workout_id: workout(number), value, achieved_at: Timestamp::UNIX_EPOCH }
}

fn bench_press() -> ExerciseSlug {
    ExerciseSlug::try_from("bench-press".to_owned()).unwrap()
}

fn record(number: u8, value: u64, reestablished: bool) -> RecordSet {
    record_of(number, RecordKind::MaxLoad, value, reestablished)
}

fn record_of(number: u8, kind: RecordKind, value: u64, reestablished: bool) -> RecordSet {
    let mark = mark(number, value);
    let record = NewRecord { exercise: bench_press(), kind, mark, previous: None, reestablished };
    RecordSet { workout_id: workout(number), records: vec![record] }
}

fn withdrawn(number: u8, value: u64) -> RecordWithdrawn {
    let record = Record { exercise: bench_press(), kind: RecordKind::MaxLoad, mark: mark(number, value) };
    RecordWithdrawn { workout_id: workout(number), records: vec![record], reason: WithdrawalReason::WorkoutCorrected }
}

fn reminder(number: u32) -> ReminderDue {
    let id = Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes());
    ReminderDue { reminder_id: ReminderId::new(id), due_at: Timestamp::UNIX_EPOCH, clock_event: EventId::new(id) }
}

fn prefer(kind: NotificationKind, is_wanted: bool) -> SetPreferences {
    SetPreferences { in_app: BTreeMap::from([(kind, is_wanted)]) }
}

#[test]
fn what_happens_is_told_with_its_number_and_its_reason() {
    let mut tables = Tables::default();
    tables.handle(&[event(1, unlocked("workouts_1")), event(2, record(1, 100, false)), event(3, reminder(3))], true);
    let rows = [1, 2, 3].map(|number| tables.notifications[&(person(1), told_by(number))].clone());
    assert_eq!(rows.each_ref().map(|row| row.number), [1, 2, 3]);
    assert_eq!(rows[1].subject, format!("records:{}", workout(1)));
    assert_eq!(rows[1].params["records"][0]["mark"]["value"], 100);
    assert_eq!(rows[2].because, domain::because(&message(3, person(1), reminder(3).into()), PreferenceSource::Default));
    assert_eq!(rows[2].because.event_type, "reminder.due");
    assert_eq!(tables.unread(person(1)), 3);
    assert_eq!(tables.unread(person(2)), 0);
}

#[test]
fn a_kind_that_is_off_is_not_told() {
    let mut tables = Tables::default();
    tables.handle(&[command(1, prefer(NotificationKind::RecordSet, false))], true);
    assert_eq!(tables.one(event(2, record(1, 100, false))).1, []);
    assert_eq!(tables.one(event(3, unlocked("workouts_1"))).1.len(), 1);
    tables.handle(&[command(4, prefer(NotificationKind::RecordSet, true))], true);
    let (_, events) = tables.one(event(5, record(2, 110, false)));
    let [Event::NotificationCreated(created)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((created.number, created.because.preference), (2, PreferenceSource::Chosen));
}

#[test]
fn a_revoked_achievement_is_retracted_and_leaves_the_unread_count() {
    let mut tables = Tables::default();
    tables.handle(&[event(1, unlocked("workouts_1")), event(2, unlocked("workouts_10"))], true);
    let (_, events) = tables.one(event(3, revoked("workouts_1")));
    let [Event::NotificationRetracted(retracted)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(retracted.notification_id, told_by(1));
    assert_eq!(tables.unread(person(1)), 1);
    assert_eq!(tables.one(event(4, revoked("workouts_1"))).1, [], "there is nothing left to retract");
    tables.handle(&[command(5, ReadAllNotifications {})], true);
    tables.handle(&[event(6, revoked("workouts_10"))], true);
    assert_eq!(tables.unread(person(1)), 0, "what was read is not counted off again");
}

#[test]
fn a_corrected_record_is_retracted_and_told_anew() {
    let mut tables = Tables::default();
    tables.handle(&[event(1, record(1, 375, false))], true);
    tables.handle(&[event(2, withdrawn(1, 375)), event(3, record(1, 37, false))], true);
    assert_eq!(tables.standing(person(1)).len(), 1);
    assert!(tables.notifications[&(person(1), told_by(1))].retracted);
    assert_eq!(tables.unread(person(1)), 1);
}

#[test]
fn a_record_bettered_by_a_correction_of_its_own_workout_is_told_once() {
    let mut tables = Tables::default();
    tables.handle(&[event(1, record(1, 100, false)), event(2, record(1, 110, false))], true);
    assert!(tables.notifications[&(person(1), told_by(1))].retracted);
    assert_eq!((tables.standing(person(1)).len(), tables.unread(person(1))), (1, 1));
    tables.handle(&[event(3, withdrawn(1, 110))], true);
    assert_eq!((tables.standing(person(1)).len(), tables.unread(person(1))), (0, 0));
}

#[test]
fn what_is_left_of_a_workouts_records_is_told_anew() {
    let mut tables = Tables::default();
    let mut both = record(1, 375, false);
    both.records.extend(record_of(1, RecordKind::MaxReps, 12, false).records);
    tables.handle(&[event(1, both)], true);
    let (_, events) = tables.one(event(2, withdrawn(1, 375)));
    let [Event::NotificationRetracted(_), Event::NotificationCreated(created)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(created.params, json!(record_of(1, RecordKind::MaxReps, 12, false)));
    assert_eq!(
        tables.one(event(3, record(1, 100, true))).1,
        [],
        "another's record stands again: nothing of its own changed"
    );
    assert_eq!((tables.standing(person(1)).len(), tables.unread(person(1))), (1, 1));
}

#[test]
fn a_record_that_stands_again_is_not_told_again() {
    let mut tables = Tables::default();
    tables.handle(&[event(1, record(1, 100, false)), event(2, record(2, 110, false))], true);
    tables.handle(&[event(3, withdrawn(2, 110)), event(4, record(1, 100, true))], true);
    assert_eq!(tables.standing(person(1)), [(format!("records:{}", workout(1)), false)]);
}

#[test]
fn one_is_read_once_and_only_by_whom_it_was_told() {
    let mut tables = Tables::default();
    tables.handle(&[event(1, unlocked("workouts_1")), event(2, unlocked("workouts_10"))], true);
    let (outcome, events) = tables.one(command(3, read(1)));
    assert_eq!(outcome.unwrap().reply, Some(json!({ "total": 2, "unread": 1 })));
    assert_eq!((events.len(), tables.unread(person(1))), (1, 1));
    let (outcome, events) = tables.one(command(4, read(1)));
    assert_eq!((outcome.unwrap().reply, events), (Some(json!({ "total": 2, "unread": 1 })), vec![]));
    assert_eq!(tables.one(command(5, read(99))).0.unwrap_err().code, "notification_not_found");
    let stranger = Incoming::Command(message(6, person(2), read(2).into()));
    assert_eq!(tables.one(stranger).0.unwrap_err().code, "notification_not_found");
}

#[test]
fn all_are_read_so_far_and_later_ones_are_not() {
    let mut tables = Tables::default();
    assert_eq!(tables.one(command(1, ReadAllNotifications {})).1, []);
    tables.handle(&[event(2, unlocked("workouts_1")), event(3, unlocked("workouts_10"))], true);
    let (outcome, events) = tables.one(command(4, ReadAllNotifications {}));
    assert_eq!(outcome.unwrap().reply, Some(json!({ "total": 2, "unread": 0 })));
    assert_eq!(events, [AllNotificationsRead { through: 2 }.into()]);
    assert_eq!(tables.one(command(5, read(2))).1, [], "it was read with all");
    tables.handle(&[event(6, unlocked("workouts_50"))], true);
    assert_eq!(tables.unread(person(1)), 1);
}

#[test]
fn preferences_are_merged_and_answered_for_every_kind() {
    let mut tables = Tables::default();
    tables.handle(&[command(1, prefer(NotificationKind::RecordSet, false))], true);
    let (outcome, events) = tables.one(command(2, prefer(NotificationKind::WorkoutReminder, true)));
    let all = json!({ "in_app": { "achievement_unlocked": true, "record_set": false, "workout_reminder": true } });
    assert_eq!(outcome.unwrap().reply, Some(all));
    let in_app = BTreeMap::from([(NotificationKind::RecordSet, false), (NotificationKind::WorkoutReminder, true)]);
    assert_eq!(events, [PreferencesChanged { in_app }.into()]);
    assert_eq!(tables.one(command(3, prefer(NotificationKind::WorkoutReminder, true))).1, []);
}
