//! Stories of the write side, as pure folds: no database, no broker.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

use jiff::ToSpan;
use plyo_events::{
    EventId, WorkoutId,
    achievement::Metric,
    notification::ReadAllNotifications,
    training::{ExerciseSlug, LocalTime},
    workout::{
        Mark, NewRecord, Record, RecordKind, RecordSet, RecordWithdrawn, WithdrawalReason, Workout, WorkoutCompleted,
        WorkoutCorrected, WorkoutDeleted,
    },
};
use plyo_nats::{Incoming, Row};
use uuid::Uuid;

use super::*;

mod properties;

/// The tables, and the loop around the reactor: each batch sees the rows that it asked for, and no others.
#[derive(Debug, Default, PartialEq)]
struct Tables {
    progress: HashMap<(UserId,), ProgressRow>,
    weeks: HashMap<(UserId, Date), WeekRow>,
    standing: HashMap<Lift, StandingRow>,
    unlocked: HashMap<(UserId, String), UnlockedRow>,
}

impl Tables {
    /// Handles one batch and gives what it emitted, each with the index of its cause.
    fn handle(&mut self, events: &[Message<Event>], reacts: bool) -> Vec<(usize, Message<Event>)> {
        let batch = Batch { messages: events.iter().cloned().map(Incoming::Event).collect() };
        let (users, lifts) = (batch.users(), lifts(&batch));
        let around: BTreeSet<_> =
            mondays(&batch).into_iter().map(|(user, monday)| (user, domain::weeks_around(monday))).collect();
        let is_around = |row: &WeekRow| {
            let decides = |(first, last): (Date, Date)| (first..=last).contains(&row.monday);
            around.iter().any(|(user, weeks)| *user == row.user_id && decides(*weeks))
        };
        let unlocked = take(&mut self.unlocked, |row| users.contains(&row.user_id));
        let mut codes = Codes::new();
        for row in unlocked.iter() {
            codes.entry(row.user_id).or_default().insert(row.code.clone());
        }
        let mut state = State {
            progress: take(&mut self.progress, |row| users.contains(&row.user_id)),
            weeks: take(&mut self.weeks, is_around),
            standing: take(&mut self.standing, |row| lifts.contains(&row.key())),
            unlocked,
            codes,
        };
        let mut emitted = Vec::new();
        for (index, event) in events.iter().enumerate() {
            Achievements.evolve(&mut state, event);
            let emit = if reacts { Achievements.react(&state, event) } else { Emit::nothing() };
            for (ordinal, body) in emit.events.into_iter().enumerate() {
                let id = EventId::derive(event.id, &format!("achievement/{ordinal}")).uuid();
                let own = Message { id, ..event.with(body) };
                Achievements.evolve(&mut state, &own);
                emitted.push((index, own));
            }
        }
        put_back(&mut self.progress, &state.progress);
        put_back(&mut self.weeks, &state.weeks);
        put_back(&mut self.standing, &state.standing);
        put_back(&mut self.unlocked, &state.unlocked);
        emitted
    }

    /// The tables after these batches, and the stream that came of them: what is emitted follows its cause `lag` events
    /// later.
    fn live(events: &[Message<Event>], split: usize, lag: usize) -> (Self, Vec<Message<Event>>) {
        let mut tables = Self::default();
        let mut stream: Vec<_> = events.iter().enumerate().map(|(index, event)| ((index, 0), event.clone())).collect();
        for (number, batch) in events.chunks(split).enumerate() {
            let emitted = tables.handle(batch, true).into_iter();
            stream.extend(emitted.map(|(index, own)| ((number * split + index + lag, 1), own)));
        }
        stream.sort_by_key(|(place, _)| *place);
        (tables, stream.into_iter().map(|(_, event)| event).collect())
    }

    fn replay(stream: &[Message<Event>], split: usize) -> Self {
        let mut tables = Self::default();
        stream.chunks(split).for_each(|batch| drop(tables.handle(batch, false)));
        tables
    }

    fn of(events: &[Message<Event>]) -> Self {
        Self::live(events, 1, 0).0
    }

    fn metric(&self, user: UserId, metric: Metric) -> u64 {
        self.progress.get(&(user,)).map_or(0, |row| row.metric(metric))
    }

    fn codes(&self) -> BTreeSet<(UserId, String)> {
        self.unlocked.keys().cloned().collect()
    }

    /// Every count, made anew from the tables that it is a count of.
    fn recounted(&self, user: UserId) -> [u64; 4] {
        let weeks = || self.weeks.values().filter(|week| week.user_id == user);
        let days: BTreeSet<Date> = weeks()
            .flat_map(|week| {
                (0..7_usize).filter(|day| week.days[*day] > 0).map(|day| week.monday + (day as i32).days())
            })
            .collect();
        let mondays: BTreeSet<Date> = weeks().map(|week| week.monday).collect();
        let runs = |dates: &BTreeSet<Date>, length: i32, step: i32| {
            dates.iter().filter(|first| (0..length).all(|n| dates.contains(&(**first + (n * step).days())))).count()
                as u64
        };
        let workouts = weeks().flat_map(|week| week.days).map(u64::from).sum();
        let records = self.standing.keys().filter(|lift| lift.0 == user).count() as u64;
        [workouts, records, runs(&days, 7, 1), runs(&mondays, 4, 7)]
    }

    fn counted(&self, user: UserId) -> [u64; 4] {
        [Metric::Workouts, Metric::Records, Metric::SevenDayRuns, Metric::FourWeekRuns].map(|it| self.metric(user, it))
    }
}

fn take<R: Row>(table: &mut HashMap<R::Key, R>, wanted: impl Fn(&R) -> bool) -> Rows<R>
where
    R::Key: Eq + Hash,
{
    let mut rows = Rows::default();
    table.extract_if(|_, row| wanted(row)).for_each(|(_, row)| rows.put(row));
    rows
}

fn put_back<R: Row>(table: &mut HashMap<R::Key, R>, rows: &Rows<R>) {
    table.extend(rows.iter().map(|row| (row.key(), row.clone())));
}

fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

/// The first of 70 dates that lie around the end of a year with 53 ISO weeks.
fn day(number: i32) -> Date {
    Date::constant(2026, 11, 24) + number.days()
}

fn summary(number: i32, tonnage_g: u64) -> WorkoutSummary {
    WorkoutSummary { local_date: day(number), sets: 1, reps: 5, tonnage_g, duration_s: None }
}

fn workout() -> Workout {
    let started_at = LocalTime::try_from("2026-11-24T18:30:00+01:00".to_owned()).unwrap();
    Workout { started_at, ended_at: None, exercises: Vec::new() }
}

fn logged(number: u32, summary: WorkoutSummary) -> Event {
    WorkoutCompleted { workout_id: workout_id(number), workout: workout(), summary }.into()
}

fn corrected(number: u32, before: WorkoutSummary, summary: WorkoutSummary) -> Event {
    WorkoutCorrected { workout_id: workout_id(number), revision: 2, before, workout: workout(), summary }.into()
}

fn deleted(number: u32, before: WorkoutSummary) -> Event {
    WorkoutDeleted { workout_id: workout_id(number), before }.into()
}

fn workout_id(number: u32) -> WorkoutId {
    WorkoutId::derive(Uuid::nil(), &format!("workout {number}"))
}

fn record(kind: RecordKind, stands: bool) -> Event {
    let exercise = ExerciseSlug::try_from("bench-press".to_owned()).unwrap();
    let (workout_id, value) = (workout_id(1), 100_000);
    let mark = Mark { workout_id, value, achieved_at: Timestamp::UNIX_EPOCH };
    if stands {
        let records = vec![NewRecord { exercise, kind, mark, previous: None, reestablished: false }];
        RecordSet { workout_id, records }.into()
    } else {
        let records = vec![Record { exercise, kind, mark }];
        RecordWithdrawn { workout_id, records, reason: WithdrawalReason::WorkoutDeleted }.into()
    }
}

/// These events as messages, in order; each a nanosecond beyond what Postgres keeps.
fn messages(events: impl IntoIterator<Item = (UserId, Event)>) -> Vec<Message<Event>> {
    let message = |((user, body), number): ((UserId, Event), u32)| {
        let time = Timestamp::new(i64::from(number), 1_001).unwrap();
        Message::first(Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes()), user, time, body)
    };
    events.into_iter().zip(0..).map(message).collect()
}

/// What the last of these events of one person emits, as `+code` and `-code`.
fn emitted_at_last(events: impl IntoIterator<Item = Event>) -> Vec<String> {
    let events = messages(events.into_iter().map(|event| (person(1), event)));
    let emitted = Tables::default().handle(&events, true);
    let last = emitted.into_iter().filter(|(index, _)| index + 1 == events.len());
    last.map(|(_, own)| match own.body {
        Event::AchievementUnlocked(unlocked) => format!("+{}", unlocked.code),
        Event::AchievementRevoked(revoked) => format!("-{}", revoked.code),
        other => panic!("not of the achievements: {other:?}"),
    })
    .collect()
}

/// One workout a day, on these days.
fn on_days(days: impl IntoIterator<Item = i32>) -> Vec<Event> {
    days.into_iter().zip(0..).map(|(day, number)| logged(number, summary(day, 0))).collect()
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
    let command = Message::first(Uuid::nil(), person(1), Timestamp::UNIX_EPOCH, ReadAllNotifications {}.into());
    assert_eq!(Achievements.decide(&State::default(), &command).unwrap_err().code, "unknown_command");
}
