//! Stories of the write side: no database, no broker.

use std::collections::BTreeMap;

use jiff::Timestamp;
use plyo_events::{
    NotificationId, ReminderId, UserId, WorkoutId,
    achievement::{AchievementRevoked, AchievementUnlocked, Metric},
    notification::{
        AllNotificationsRead, MarkTold, NotificationKind, PreferenceSource, PreferencesChanged, ReadAllNotifications,
        ReadNotification, RecordTold, RecordsTold, SetPreferences, Told,
    },
    training::{ExerciseSlug, LocalTime},
    workout::{
        Mark, NewRecord, Record, RecordChanges, RecordKind, ReminderDue, Workout, WorkoutCompleted, WorkoutDeleted,
    },
};
use plyo_nats::testing::{Delivery, Input, Lane};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::rows::{MailboxRow, NotificationRow, PreferenceRow, ToldRow};

mod properties;

fn lane() -> Lane<Notifications> {
    Lane::new(Notifications)
}

/// The result of one message alone.
fn one(lane: &mut Lane<Notifications>, message: Input) -> (Result<Value, Rejection>, Vec<Event>) {
    let handled = lane.when(message);
    (handled.outcome.clone(), handled.bodies())
}

fn notification(lane: &Lane<Notifications>, told_by: NotificationId) -> &NotificationRow {
    lane.row(&(person(1), told_by)).unwrap()
}

/// The subjects of current notifications, oldest first, with whether they are read.
fn standing(lane: &Lane<Notifications>, user: UserId) -> Vec<(String, bool)> {
    let mut rows = lane.rows::<NotificationRow>();
    rows.retain(|row| row.user_id == user && !row.retracted);
    rows.sort_by_key(|row| row.number);
    let through = lane.row::<MailboxRow>(&(user,)).map_or(0, |mailbox| mailbox.read_through);
    rows.into_iter().map(|row| (row.subject.clone(), row.read || row.number <= through)).collect()
}

fn unread(lane: &Lane<Notifications>, user: UserId) -> u64 {
    lane.row::<MailboxRow>(&(user,)).map_or(0, |mailbox| mailbox.unread)
}

fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

fn message<T>(number: u32, user: UserId, body: T) -> Message<T> {
    // A nanosecond beyond Postgres' precision.
    let time = Timestamp::new(i64::from(number), 1_001).unwrap();
    Message::first(Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes()), user, time, body)
}

fn event(number: u32, body: impl Into<Event>) -> Input {
    Input::Event(message(number, person(1), body.into()))
}

fn command(number: u32, body: impl Into<Command>) -> Input {
    Input::Command(message(number, person(1), body.into()))
}

/// The notification caused by the event of this number.
fn told_by(number: u32) -> NotificationId {
    NotificationId::derive(Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes()), "notification")
}

fn read(number: u32) -> ReadNotification {
    ReadNotification { notification_id: told_by(number) }
}

fn unlocked(code: &str) -> AchievementUnlocked {
    AchievementUnlocked { code: code.to_owned(), metric: Metric::Workouts, threshold: 1, value: 1, quiet: false }
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

/// It beats one of another workout, unless it only stands again.
fn new_record(number: u8, kind: RecordKind, value: u64, reestablished: bool) -> NewRecord {
    let previous = (!reestablished).then(|| mark(99, 1));
    NewRecord { exercise: bench_press(), kind, mark: mark(number, value), previous, reestablished, doubtful: false }
}

/// How the workout of this number changes the records.
fn changed(number: u8, records: RecordChanges) -> WorkoutCompleted {
    let started_at = LocalTime::try_from("2026-11-24T18:30:00+01:00".to_owned()).unwrap();
    let workout_body = Workout { started_at, ended_at: None, exercises: Vec::new() };
    let summary = workout_body.summary(0);
    WorkoutCompleted { workout_id: workout(number), workout: workout_body, summary, records }
}

fn record(number: u8, value: u64, reestablished: bool) -> WorkoutCompleted {
    let set = vec![new_record(number, RecordKind::MaxLoad, value, reestablished)];
    changed(number, RecordChanges { set, ..RecordChanges::default() })
}

fn withdrawal(number: u8, value: u64) -> Vec<Record> {
    vec![Record { exercise: bench_press(), kind: RecordKind::MaxLoad, mark: mark(number, value) }]
}

fn withdrawn(number: u8, value: u64) -> WorkoutDeleted {
    let WorkoutCompleted { workout_id, summary: before, .. } = changed(number, RecordChanges::default());
    let records = RecordChanges { withdrawn: withdrawal(number, value), ..RecordChanges::default() };
    WorkoutDeleted { workout_id, before, records }
}

fn reminder(number: u32) -> ReminderDue {
    let id = Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes());
    ReminderDue {
        reminder_id: ReminderId::new(id),
        due_at: Timestamp::UNIX_EPOCH,
        clock_event: plyo_events::EventId::new(id),
    }
}

fn prefer(kind: NotificationKind, is_wanted: bool) -> SetPreferences {
    SetPreferences { in_app: BTreeMap::from([(kind, is_wanted)]) }
}

#[test]
fn what_happens_is_told_with_its_number_and_its_reason() {
    let mut lane = lane();
    lane.batch(&[event(1, unlocked("workouts_1")), event(2, record(1, 100, false)), event(3, reminder(3))]);
    let rows = [1, 2, 3].map(|number| notification(&lane, told_by(number)).clone());
    assert_eq!(rows.each_ref().map(|row| row.number), [1, 2, 3]);
    assert_eq!(rows[1].subject, format!("records:{}", workout(1)));
    assert_eq!(json!(rows[1].params)["records"][0]["mark"]["value"], 100);
    assert_eq!(rows[2].because, domain::because(&message(3, person(1), reminder(3).into()), PreferenceSource::Default));
    assert_eq!(rows[2].because.event_type, "reminder.due");
    assert_eq!(unread(&lane, person(1)), 3);
    assert_eq!(unread(&lane, person(2)), 0);
}

#[test]
fn a_workout_that_changes_no_record_is_not_told() {
    let mut lane = lane();
    assert_eq!(one(&mut lane, event(1, changed(1, RecordChanges::default()))).1, []);
    assert_eq!(lane.tables(), "");
}

#[test]
fn a_first_record_is_nothing_to_celebrate_nor_is_its_correction() {
    let mut lane = lane();
    let mut first = record(1, 100, false);
    first.records.set[0].previous = None;
    assert_eq!(one(&mut lane, event(1, first.clone())).1, []);
    first.records.set[0].previous = Some(mark(1, 100));
    assert_eq!(one(&mut lane, event(2, first)).1, [], "it beats only itself");
    assert_eq!(one(&mut lane, event(3, record(2, 110, false))).1.len(), 1);
    assert_eq!(one(&mut lane, event(4, AchievementUnlocked { quiet: true, ..unlocked("records_1") })).1, []);
}

#[test]
fn what_is_written_down_more_than_a_day_late_is_not_celebrated() {
    let mut lane = lane();
    let at = |hours: i64| {
        "2026-11-24T18:30:00+01:00".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_hours(hours)
    };
    let mut late = |number: u32, hours, body: WorkoutCompleted| {
        let message = Message { time: at(hours), ..message(number, person(1), Event::from(body)) };
        one(&mut lane, Input::Event(message)).1.len()
    };
    assert_eq!(late(1, 25, record(1, 100, false)), 0);
    assert_eq!(late(2, 24, record(2, 110, false)), 1);
    assert_eq!(late(3, 50, record(2, 111, false)), 2, "what was told is kept true: retracted and told");
}

#[test]
fn a_record_by_a_doubtful_load_is_not_celebrated_until_it_is_put_right() {
    let mut lane = lane();
    let doubtful = |number, value| {
        let mut record = record(number, value, false);
        record.records.set[0].doubtful = true;
        record
    };
    assert_eq!(one(&mut lane, event(1, doubtful(1, 846))).1, []);
    assert_eq!(one(&mut lane, event(2, record(1, 85, false))).1.len(), 1);
    // A correction that is a typing error itself takes back what no longer holds.
    let events = one(&mut lane, event(3, doubtful(1, 864))).1;
    assert!(matches!(&events[..], [Event::NotificationRetracted(_)]), "{events:?}");
}

#[test]
fn a_kind_that_is_off_is_not_told() {
    let mut lane = lane();
    lane.batch(&[command(1, prefer(NotificationKind::RecordSet, false))]);
    assert_eq!(one(&mut lane, event(2, record(1, 100, false))).1, []);
    assert_eq!(one(&mut lane, event(3, unlocked("workouts_1"))).1.len(), 1);
    lane.batch(&[command(4, prefer(NotificationKind::RecordSet, true))]);
    let (_, events) = one(&mut lane, event(5, record(2, 110, false)));
    let [Event::NotificationCreated(created)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((created.number, created.because.preference), (2, PreferenceSource::Chosen));
}

#[test]
fn a_revoked_achievement_is_retracted_and_leaves_the_unread_count() {
    let mut lane = lane();
    lane.batch(&[event(1, unlocked("workouts_1")), event(2, unlocked("workouts_10"))]);
    let (_, events) = one(&mut lane, event(3, revoked("workouts_1")));
    let [Event::NotificationRetracted(retracted)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(retracted.notification_id, told_by(1));
    assert_eq!(unread(&lane, person(1)), 1);
    assert_eq!(one(&mut lane, event(4, revoked("workouts_1"))).1, [], "there is nothing left to retract");
    lane.batch(&[command(5, ReadAllNotifications {})]);
    lane.batch(&[event(6, revoked("workouts_10"))]);
    assert_eq!(unread(&lane, person(1)), 0, "what was read is not counted off again");
}

#[test]
fn a_corrected_record_is_retracted_and_told_anew() {
    let mut lane = lane();
    lane.batch(&[event(1, record(1, 375, false))]);
    let set = vec![new_record(1, RecordKind::MaxLoad, 37, false)];
    lane.batch(&[event(2, changed(1, RecordChanges { withdrawn: withdrawal(1, 375), set }))]);
    assert_eq!(standing(&lane, person(1)).len(), 1);
    assert!(notification(&lane, told_by(1)).retracted);
    assert_eq!(json!(notification(&lane, told_by(2)).params)["records"][0]["mark"]["value"], 37);
    assert_eq!(unread(&lane, person(1)), 1);
}

#[test]
fn a_record_bettered_by_a_correction_of_its_own_workout_is_told_once() {
    let mut lane = lane();
    lane.batch(&[event(1, record(1, 100, false)), event(2, record(1, 110, false))]);
    assert!(notification(&lane, told_by(1)).retracted);
    assert_eq!((standing(&lane, person(1)).len(), unread(&lane, person(1))), (1, 1));
    lane.batch(&[event(3, withdrawn(1, 110))]);
    assert_eq!((standing(&lane, person(1)).len(), unread(&lane, person(1))), (0, 0));
}

#[test]
fn what_is_left_of_a_workouts_records_is_told_anew() {
    let mut lane = lane();
    let mut both = record(1, 375, false);
    let left = new_record(1, RecordKind::MaxReps, 12, false);
    both.records.set.push(left.clone());
    lane.batch(&[event(1, both)]);
    let (_, events) = one(&mut lane, event(2, withdrawn(1, 375)));
    let [Event::NotificationRetracted(_), Event::NotificationCreated(created)] = &events[..] else {
        panic!("{events:?}")
    };
    let (mark, kind) = (MarkTold { achieved_at: Timestamp::UNIX_EPOCH, value: 12, workout_id: workout(1) }, left.kind);
    let previous = Some(MarkTold { value: 1, workout_id: workout(99), ..mark.clone() });
    let left = RecordTold { exercise: bench_press(), kind, mark, previous, reestablished: false };
    assert_eq!(created.params, Told::Records(RecordsTold { records: vec![left], workout_id: workout(1) }));
    assert_eq!(
        one(&mut lane, event(3, record(1, 100, true))).1,
        [],
        "another's record stands again: nothing of its own changed"
    );
    assert_eq!((standing(&lane, person(1)).len(), unread(&lane, person(1))), (1, 1));
}

#[test]
fn a_record_that_stands_again_is_not_told_again() {
    let mut lane = lane();
    lane.batch(&[event(1, record(1, 100, false)), event(2, record(2, 110, false))]);
    lane.batch(&[event(3, withdrawn(2, 110)), event(4, record(1, 100, true))]);
    assert_eq!(standing(&lane, person(1)), [(format!("records:{}", workout(1)), false)]);
}

#[test]
fn one_is_read_once_and_only_by_whom_it_was_told() {
    let mut lane = lane();
    lane.batch(&[event(1, unlocked("workouts_1")), event(2, unlocked("workouts_10"))]);
    let (outcome, events) = one(&mut lane, command(3, read(1)));
    assert_eq!(outcome, Ok(json!({ "total": 2, "unread": 1 })));
    assert_eq!((events.len(), unread(&lane, person(1))), (1, 1));
    let (outcome, events) = one(&mut lane, command(4, read(1)));
    assert_eq!((outcome, events), (Ok(json!({ "total": 2, "unread": 1 })), vec![]));
    assert_eq!(one(&mut lane, command(5, read(99))).0.unwrap_err().code, "notification_not_found");
    let stranger = Input::Command(message(6, person(2), read(2).into()));
    assert_eq!(one(&mut lane, stranger).0.unwrap_err().code, "notification_not_found");
}

#[test]
fn all_are_read_so_far_and_later_ones_are_not() {
    let mut lane = lane();
    assert_eq!(one(&mut lane, command(1, ReadAllNotifications {})).1, []);
    lane.batch(&[event(2, unlocked("workouts_1")), event(3, unlocked("workouts_10"))]);
    let (outcome, events) = one(&mut lane, command(4, ReadAllNotifications {}));
    assert_eq!(outcome, Ok(json!({ "total": 2, "unread": 0 })));
    assert_eq!(events, [AllNotificationsRead { through: 2 }.into()]);
    assert_eq!(one(&mut lane, command(5, read(2))).1, [], "it was read with all");
    lane.batch(&[event(6, unlocked("workouts_50"))]);
    assert_eq!(unread(&lane, person(1)), 1);
}

#[test]
fn preferences_are_merged_and_answered_for_every_kind() {
    let mut lane = lane();
    lane.batch(&[command(1, prefer(NotificationKind::RecordSet, false))]);
    let (outcome, events) = one(&mut lane, command(2, prefer(NotificationKind::WorkoutReminder, true)));
    let all = json!({
        "in_app": { "achievement_unlocked": true, "record_set": false, "workout_reminder": true, "recommendation": true }
    });
    assert_eq!(outcome, Ok(all));
    let in_app = BTreeMap::from([(NotificationKind::RecordSet, false), (NotificationKind::WorkoutReminder, true)]);
    assert_eq!(events, [PreferencesChanged { in_app }.into()]);
    assert_eq!(one(&mut lane, command(3, prefer(NotificationKind::WorkoutReminder, true))).1, []);
}

/// Rows that were written before the parameters had a type are the rows of today, byte by byte: nothing differs for
/// `plyo verify`.
#[test]
fn what_was_stored_without_a_type_is_stored_the_same_with_one() {
    let mut lane = lane();
    let mut records = record(1, 100, false);
    records.records.set[0].previous = Some(mark(2, 90));
    lane.batch(&[event(1, unlocked("workouts_1")), event(2, records), event(3, reminder(3))]);
    for told in [1, 2, 3].map(|number| notification(&lane, told_by(number)).params.clone()) {
        let (mut typed, mut untyped) = (plyo_nats::Column::default(), plyo_nats::Column::default());
        <plyo_nats::Packed as plyo_nats::Codec<Told>>::put(&told, &mut typed);
        <plyo_nats::Packed as plyo_nats::Codec<Value>>::put(&json!(told), &mut untyped);
        assert_eq!(format!("{typed:?}"), format!("{untyped:?}"));
    }
}
