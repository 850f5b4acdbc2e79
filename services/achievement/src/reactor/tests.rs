//! Stories of the write side: no database, no broker.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, civil::Date};
use plyo_events::{
    UserId, WorkoutId,
    achievement::Metric,
    notification::ReadAllNotifications,
    training::{ExerciseSlug, LocalTime},
    workout::{
        Mark, NewRecord, Record, RecordChanges, RecordKind, Workout, WorkoutCompleted, WorkoutCorrected,
        WorkoutDeleted, WorkoutSummary,
    },
};
use plyo_nats::testing::{Delivery, Input, Lane};
use uuid::Uuid;

use super::*;
use crate::domain::{
    RULES,
    rows::{ProgressRow, StandingRow, UnlockedRow, WeekRow},
};

mod properties;

/// A lane, and the contents of its tables.
struct Tables(Lane<Achievements>);

impl Tables {
    fn of(events: &[Input], delivery: &Delivery) -> Self {
        let mut lane = Lane::new(Achievements);
        lane.deliver(events, delivery);
        Self(lane)
    }

    fn metric(&self, user: UserId, metric: Metric) -> u64 {
        self.0.row::<ProgressRow>(&(user,)).map_or(0, |row| row.metric(metric))
    }

    fn codes(&self, user: UserId) -> BTreeSet<String> {
        self.0.row::<UnlockedRow>(&(user,)).into_iter().flat_map(|row| row.codes.keys().cloned()).collect()
    }

    fn weeks(&self, user: UserId) -> impl Iterator<Item = &WeekRow> {
        self.0.rows::<WeekRow>().into_iter().filter(move |week| week.user_id == user)
    }

    /// All counts, recomputed from the tables that they count.
    fn recounted(&self, user: UserId) -> [u64; 4] {
        let days: BTreeSet<Date> = self
            .weeks(user)
            .flat_map(|week| {
                (0..7_usize).filter(|day| week.days[*day] > 0).map(|day| week.monday + (day as i32).days())
            })
            .collect();
        let mondays: BTreeSet<Date> = self.weeks(user).map(|week| week.monday).collect();
        let runs = |dates: &BTreeSet<Date>, length: i32, step: i32| {
            dates.iter().filter(|first| (0..length).all(|n| dates.contains(&(**first + (n * step).days())))).count()
                as u64
        };
        let workouts = self.weeks(user).flat_map(|week| week.days).map(u64::from).sum();
        let records = self.0.rows::<StandingRow>().iter().filter(|row| row.user_id == user).count() as u64;
        [workouts, records, runs(&days, 7, 1), runs(&mondays, 4, 7)]
    }

    fn counted(&self, user: UserId) -> [u64; 4] {
        [Metric::Workouts, Metric::Records, Metric::SevenDayRuns, Metric::FourWeekRuns].map(|it| self.metric(user, it))
    }
}

fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

/// The first of 70 dates around the end of a year with 53 ISO weeks.
fn day(number: i32) -> Date {
    Date::constant(2026, 11, 24) + number.days()
}

fn summary(number: i32, tonnage_g: u64) -> WorkoutSummary {
    WorkoutSummary { local_date: day(number), sets: 1, reps: 5, tonnage_g, duration_s: None, body_weight: None }
}

fn workout() -> Workout {
    let started_at = LocalTime::try_from("2026-11-24T18:30:00+01:00".to_owned()).unwrap();
    Workout { started_at, ended_at: None, exercises: Vec::new() }
}

fn logged(number: u32, summary: WorkoutSummary) -> Event {
    let records = RecordChanges::default();
    WorkoutCompleted { workout_id: workout_id(number), workout: workout(), summary, records }.into()
}

fn corrected(number: u32, before: WorkoutSummary, summary: WorkoutSummary) -> Event {
    let (workout_id, workout, records) = (workout_id(number), workout(), RecordChanges::default());
    WorkoutCorrected { workout_id, revision: 2, before, workout, summary, records }.into()
}

fn deleted(number: u32, before: WorkoutSummary) -> Event {
    WorkoutDeleted { workout_id: workout_id(number), before, records: RecordChanges::default() }.into()
}

fn workout_id(number: u32) -> WorkoutId {
    WorkoutId::derive(Uuid::nil(), &format!("workout {number}"))
}

/// Deleting a workout that was never counted changes records only.
fn record(kind: RecordKind, stands: bool) -> Event {
    let exercise = ExerciseSlug::try_from("bench-press".to_owned()).unwrap();
    let mark = Mark { workout_id: workout_id(1), value: 100_000, achieved_at: Timestamp::UNIX_EPOCH };
    let mut records = RecordChanges::default();
    if stands {
        records.set.push(NewRecord { exercise, kind, mark, previous: None, reestablished: false, doubtful: false });
    } else {
        records.withdrawn.push(Record { exercise, kind, mark });
    }
    WorkoutDeleted { workout_id: workout_id(1), before: summary(-400, 0), records }.into()
}

/// These events as messages, in order; each a nanosecond beyond Postgres' precision.
fn messages(events: impl IntoIterator<Item = (UserId, Event)>) -> Vec<Message<Event>> {
    let message = |((user, body), number): ((UserId, Event), u32)| {
        let time = Timestamp::new(i64::from(number), 1_001).unwrap();
        Message::first(Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes()), user, time, body)
    };
    events.into_iter().zip(0..).map(message).collect()
}

/// What the last of these events of one user emits, as `+code` and `-code`, with all in one batch.
fn emitted_at_last(events: impl IntoIterator<Item = Event>) -> Vec<String> {
    let events = messages(events.into_iter().map(|event| (person(1), event)));
    let last = Lane::new(Achievements).batch(&inputs(&events)).pop().unwrap();
    last.bodies()
        .into_iter()
        .map(|own| match own {
            Event::AchievementUnlocked(unlocked) => format!("+{}", unlocked.code),
            Event::AchievementRevoked(revoked) => format!("-{}", revoked.code),
            other => panic!("not of the achievements: {other:?}"),
        })
        .collect()
}

fn inputs(events: &[Message<Event>]) -> Vec<Input> {
    events.iter().cloned().map(Input::from).collect()
}

/// One workout a day, on these days.
fn on_days(days: impl IntoIterator<Item = i32>) -> Vec<Event> {
    days.into_iter().zip(0..).map(|(day, number)| logged(number, summary(day, 0))).collect()
}

#[test]
fn what_is_written_down_late_and_first_records_are_unlocked_quietly() {
    let quiet = |hours: i64, previous: Option<Mark>, doubtful: bool| {
        let mark = Mark { workout_id: workout_id(1), value: 100_000, achieved_at: Timestamp::UNIX_EPOCH };
        let exercise = ExerciseSlug::try_from("bench-press".to_owned()).unwrap();
        let set =
            vec![NewRecord { exercise, kind: RecordKind::MaxLoad, mark, previous, reestablished: false, doubtful }];
        let records = RecordChanges { set, ..RecordChanges::default() };
        let body = WorkoutCompleted { workout_id: workout_id(1), workout: workout(), summary: summary(0, 0), records };
        let time = workout().started_at.at() + jiff::SignedDuration::from_hours(hours);
        let mut lane = Lane::new(Achievements);
        let handled = lane.when(Input::Event(Message::first(Uuid::nil(), person(1), time, body.into())));
        let told = |event: Event| match event {
            Event::AchievementUnlocked(unlocked) => (unlocked.code, unlocked.quiet),
            other => panic!("{other:?}"),
        };
        handled.bodies().into_iter().map(told).collect::<Vec<_>>()
    };
    let both = |workouts, records| vec![("workouts_1".to_owned(), workouts), ("records_1".to_owned(), records)];
    let beaten = Mark { workout_id: workout_id(2), value: 90_000, achieved_at: Timestamp::UNIX_EPOCH };
    assert_eq!(quiet(1, None, false), both(false, true));
    assert_eq!(quiet(1, Some(beaten.clone()), false), both(false, false));
    assert_eq!(quiet(1, Some(beaten.clone()), true), both(false, true), "846 kg");
    assert_eq!(quiet(25, Some(beaten), false), both(true, true));
}

#[test]
fn the_first_workout_unlocks_and_its_deletion_revokes() {
    let first = logged(1, summary(0, 2_500_000));
    assert_eq!(emitted_at_last([first.clone()]), ["+workouts_1", "+tonnage_1_t"]);
    let gone = deleted(1, summary(0, 2_500_000));
    assert_eq!(emitted_at_last([first, gone]), ["-workouts_1", "-tonnage_1_t"]);
}

#[test]
fn an_achievement_is_unlocked_once() {
    assert_eq!(emitted_at_last(on_days([0; 9])), [""; 0]);
    assert_eq!(emitted_at_last(on_days([0; 10])), ["+workouts_10"]);
    assert_eq!(emitted_at_last(on_days([0; 11])), [""; 0]);
}

#[test]
fn seven_days_in_a_row_are_a_streak_in_whatever_order_they_are_logged() {
    assert_eq!(emitted_at_last(on_days(0..7)), ["+streak_7_days"]);
    assert_eq!(emitted_at_last(on_days([6, 5, 0, 1, 2, 4, 3])), ["+streak_7_days"]);
    assert_eq!(emitted_at_last(on_days([0, 1, 2, 4, 5, 6, 7])), [""; 0]);
}

#[test]
fn a_streak_survives_a_deletion_only_if_another_workout_is_on_that_day() {
    let mut events = on_days(0..7);
    events.push(deleted(3, summary(3, 0)));
    assert_eq!(emitted_at_last(events), ["-streak_7_days"]);
    let mut events = on_days([0, 1, 2, 3, 4, 5, 6, 3]);
    events.push(deleted(3, summary(3, 0)));
    assert_eq!(emitted_at_last(events), [""; 0]);
}

#[test]
fn four_weeks_in_a_row_are_a_streak_across_the_end_of_the_year() {
    assert_eq!(emitted_at_last(on_days([27, 34, 41, 54])), ["+streak_4_weeks"]);
    assert_eq!(emitted_at_last(on_days([20, 27, 34, 47])), ["+streak_4_weeks"]);
    assert_eq!(emitted_at_last(on_days([20, 27, 41, 48])), [""; 0]);
}

#[test]
fn a_correction_moves_a_workout_to_another_day() {
    let mut events = on_days(0..7);
    events.push(corrected(6, summary(6, 0), summary(8, 0)));
    assert_eq!(emitted_at_last(events.clone()), ["-streak_7_days"]);
    events.push(corrected(6, summary(8, 0), summary(6, 0)));
    assert_eq!(emitted_at_last(events), ["+streak_7_days"]);
}

#[test]
fn the_first_record_is_revoked_when_the_last_one_falls() {
    let (load, reps) = (RecordKind::MaxLoad, RecordKind::MaxReps);
    assert_eq!(emitted_at_last([record(load, true)]), ["+records_1"]);
    assert_eq!(emitted_at_last([record(load, true), record(reps, true), record(load, false)]), [""; 0]);
    assert_eq!(emitted_at_last([record(load, true), record(load, true), record(load, false)]), ["-records_1"]);
    assert_eq!(emitted_at_last([record(load, false)]), [""; 0]);
}

#[test]
fn commands_are_refused() {
    let command: Message<plyo_events::Command> =
        Message::first(Uuid::nil(), person(1), Timestamp::UNIX_EPOCH, ReadAllNotifications {}.into());
    assert_eq!(Lane::new(Achievements).when(command).outcome.unwrap_err().code, "unknown_command");
}
