//! What happens when a user logs, corrects, deletes and is reminded.

use plyo_events::{
    RejectionKind, Timer,
    clock::WorkoutReminderDue,
    workout::{CancelReminder, MoveReminder, NewRecord, SetReminder},
};

use super::*;

/// 20 squats on a day of May: only the load is a record, for it is too many repetitions to estimate a maximum.
fn squats(day: u8, kg: f64) -> Workout {
    workout(&format!("2026-05-{day:02}T18:30:00+02:00"), "barbell-back-squat", 20, Some(kg))
}

fn log(number: u32, workout: Workout) -> Input {
    command(number, LogWorkout { workout })
}

fn correct(number: u32, of: u32, workout: Workout) -> Input {
    command(number, CorrectWorkout { workout_id: WorkoutId::new(id(of)), workout, if_revision: None })
}

fn delete(number: u32, of: u32) -> Input {
    command(number, DeleteWorkout { workout_id: WorkoutId::new(id(of)), if_revision: None })
}

fn remind(number: u32, seconds: u32) -> Input {
    command(number, SetReminder { due_at: time(seconds) })
}

fn due(number: u32, reminder: u32, revision: u32) -> Input {
    let body = WorkoutReminderDue { reminder_id: ReminderId::new(id(reminder)), revision, due_at: time(100) };
    Input::Event(message(number, person(0), body.into()))
}

/// Record changes of events, in short: `+` set, `=` restored, `-` withdrawn, with grams and the beaten value.
fn records(events: &[Message<Event>]) -> Vec<String> {
    let set = |NewRecord { mark, previous, reestablished, .. }: &NewRecord| {
        let sign = if *reestablished { '=' } else { '+' };
        let beaten = previous.as_ref().map_or(String::new(), |beaten| format!(" > {}", beaten.value));
        format!("{sign}{}{beaten}", mark.value)
    };
    let short = |(_, changes): (WorkoutId, &RecordChanges)| {
        let withdrawn = changes.withdrawn.iter().map(|record| format!("-{}", record.mark.value));
        withdrawn.chain(changes.set.iter().map(set)).collect::<Vec<_>>()
    };
    events.iter().filter_map(changes).flat_map(short).collect()
}

/// How `then` changes the records after `given`, with each message in its own batch; all in one batch must give the same.
fn records_after<const N: usize>(given: [Input; N], then: Input) -> Vec<String> {
    let all: Vec<_> = given.into_iter().chain([then]).collect();
    let (mut apart, mut together) = (lane(), lane());
    let before = run(&mut apart, &all[..N], 1).len();
    let told = records(&run(&mut apart, &all[N..], 1));
    assert_eq!(records(&run(&mut together, &all, all.len())[before..]), told);
    assert_eq!(together.tables(), apart.tables());
    told
}

/// Delivers in batches of one size, and returns all emitted events.
fn run(lane: &mut Lane<Training>, messages: &[Input], size: usize) -> Vec<Message<Event>> {
    events(lane.deliver(messages, &Delivery::in_batches(size)))
}

fn timers(handled: &Handled) -> Vec<Timer> {
    handled.timers.iter().map(|(_, timer)| timer.clone()).collect()
}

fn refusal(lane: &mut Lane<Training>, message: Input) -> (RejectionKind, String) {
    let handled = lane.when(message);
    assert!(handled.events.is_empty());
    let rejection = handled.outcome.unwrap_err();
    (rejection.kind, rejection.code)
}

#[test]
fn a_heavier_load_is_a_record_and_an_equal_one_is_not() {
    assert_eq!(records_after([], log(1, squats(1, 100.0))), ["+100000"]);
    assert_eq!(records_after([log(1, squats(1, 100.0))], log(2, squats(2, 102.5))), ["+102500 > 100000"]);
    assert!(records_after([log(1, squats(1, 100.0))], log(2, squats(2, 100.0))).is_empty());
    assert!(records_after([log(1, squats(1, 100.0))], log(2, squats(2, 97.5))).is_empty());
}

#[test]
fn an_equal_load_that_was_earlier_and_is_logged_late_takes_the_record_without_being_a_new_one() {
    assert_eq!(records_after([log(1, squats(9, 100.0))], log(2, squats(1, 100.0))), ["=100000"]);
}

#[test]
fn a_correction_from_375_to_37_5_kg_withdraws_the_record_and_the_earlier_one_stands_again() {
    let given = [log(1, squats(1, 60.0)), log(2, squats(2, 375.0))];
    let told = records_after(given, correct(3, 2, squats(2, 37.5)));
    assert_eq!(told, ["-375000", "=60000"]);
}

#[test]
fn a_corrected_record_that_is_still_the_best_is_told_as_if_it_had_been_logged_right() {
    assert_eq!(
        records_after([log(1, squats(1, 60.0)), log(2, squats(2, 375.0))], correct(3, 2, squats(2, 62.5))),
        ["-375000", "+62500 > 60000"]
    );
    assert_eq!(records_after([log(1, squats(1, 375.0))], correct(2, 1, squats(1, 37.5))), ["-375000", "+37500"]);
}

#[test]
fn a_correction_upwards_beats_the_record_it_held() {
    assert_eq!(records_after([log(1, squats(1, 60.0))], correct(2, 1, squats(1, 65.0))), ["+65000 > 60000"]);
}

#[test]
fn a_record_that_moves_to_another_day_is_not_a_new_one() {
    assert_eq!(records_after([log(1, squats(1, 60.0))], correct(2, 1, squats(3, 60.0))), ["=60000"]);
}

#[test]
fn a_deleted_record_is_withdrawn_and_what_equals_it_stands() {
    let given = [log(1, squats(1, 100.0)), log(2, squats(2, 100.0))];
    assert_eq!(records_after(given.clone(), delete(3, 1)), ["-100000", "=100000"]);
    assert!(records_after(given, delete(3, 2)).is_empty());
    assert_eq!(records_after([log(1, squats(1, 100.0))], delete(2, 1)), ["-100000"]);
}

#[test]
fn one_batch_that_deletes_the_best_three_finds_the_fourth() {
    let mut lane = lane();
    run(&mut lane, &[4, 3, 2, 1].map(|number| log(number, squats(1, 100.0 + 10.0 * f64::from(number)))), 1);
    let told = records(&run(&mut lane, &[delete(5, 4), delete(6, 3), delete(7, 2)], 3));
    assert_eq!(told.last().unwrap(), "=110000");
    assert_eq!(standing(&lane).values().map(|mark| mark.value).collect::<Vec<_>>(), [110_000]);
}

#[test]
fn a_correction_that_changes_nothing_makes_no_revision() {
    let mut lane = lane();
    run(&mut lane, &[log(1, squats(1, 60.0))], 1);
    let handled = lane.batch(&[correct(2, 1, squats(1, 60.0)), correct(3, 1, squats(1, 61.0))]);
    let revisions = handled.iter().map(|handled| handled.outcome.as_ref().unwrap()["revision"].clone());
    assert_eq!(revisions.collect::<Vec<_>>(), [1, 2]);
    assert!(handled[0].events.is_empty());
}

#[test]
fn a_workout_that_is_deleted_unknown_or_somebody_elses_is_not_found() {
    let mut lane = lane();
    run(&mut lane, &[log(1, squats(1, 60.0)), log(2, squats(2, 60.0)), delete(3, 1)], 3);
    let missing = (RejectionKind::NotFound, "workout_not_found".to_owned());
    assert_eq!(refusal(&mut lane, delete(4, 1)), missing);
    assert_eq!(refusal(&mut lane, correct(5, 1, squats(1, 61.0))), missing);
    assert_eq!(refusal(&mut lane, delete(6, 99)), missing);
    let foreign = DeleteWorkout { workout_id: WorkoutId::new(id(2)), if_revision: None };
    assert_eq!(refusal(&mut lane, Input::Command(message(7, person(1), foreign.into()))), missing);
    assert_eq!(lane.rows::<WorkoutRow>().len(), 1);
}

#[test]
fn a_workout_is_refused_with_every_field_that_is_wrong() {
    let mut lane = lane();
    let moonwalk = workout("2026-05-01T10:00:00Z", "moonwalk", 5, None);
    assert_eq!(refusal(&mut lane, log(1, moonwalk.clone())), (RejectionKind::Invalid, "unknown_exercise".to_owned()));
    let ended_at = Some("2026-05-01T09:00:00Z".to_owned().try_into().unwrap());
    let rejection = lane.when(log(2, Workout { ended_at, ..moonwalk })).outcome.unwrap_err();
    let pointers: Vec<_> = rejection.violations.iter().map(|violation| violation.pointer.as_str()).collect();
    assert_eq!((rejection.code.as_str(), &pointers[..]), ("invalid_body", &["/ended_at", "/exercises/0/exercise"][..]));
    assert_eq!(lane.tables(), "");
}

#[test]
fn a_reminder_is_set_moved_and_comes_due_at_its_last_revision_once() {
    let mut lane = lane();
    let set = lane.when(remind(1, 50));
    let reminder_id = ReminderId::new(id(1));
    let expected = WorkoutReminderDue { reminder_id, revision: 1, due_at: time(50) };
    assert_eq!(timers(&set), [Timer::Set { key: id(1), at: time(50), due: expected.into() }]);
    let moved = lane.when(command(2, MoveReminder { reminder_id, due_at: time(100), if_revision: None }));
    let expected = WorkoutReminderDue { reminder_id, revision: 2, due_at: time(100) };
    assert_eq!(timers(&moved), [Timer::Set { key: id(1), at: time(100), due: expected.into() }]);

    assert!(run(&mut lane, &[due(3, 1, 1)], 1).is_empty(), "it was moved");
    assert_eq!(run(&mut lane, &[due(4, 1, 2), due(5, 1, 2)], 2).len(), 1);
    let gone = (RejectionKind::Conflict, "reminder_not_active".to_owned());
    assert_eq!(refusal(&mut lane, command(6, CancelReminder { reminder_id, if_revision: None })), gone);
}

#[test]
fn a_change_for_another_revision_is_refused_also_within_a_batch() {
    let mut lane = lane();
    let workout_id = WorkoutId::new(id(1));
    let correct_at = |number: u32, kg: f64, revisions: &[u32]| {
        let if_revision = Some(revisions.to_vec());
        command(number, CorrectWorkout { workout_id, workout: squats(1, kg), if_revision })
    };
    let changed = || (RejectionKind::Conflict, "revision_changed".to_owned());
    // Two devices correct what both have read.
    let handled = lane.batch(&[log(1, squats(1, 60.0)), correct_at(2, 61.0, &[1]), correct_at(3, 62.0, &[1])]);
    assert_eq!(handled[1].outcome.as_ref().unwrap()["revision"], 2);
    assert_eq!(handled[2].outcome.as_ref().unwrap_err().code, changed().1);
    assert_eq!(refusal(&mut lane, command(4, DeleteWorkout { workout_id, if_revision: Some(vec![1]) })), changed());
    assert_eq!(refusal(&mut lane, correct_at(5, 62.0, &[])), changed());
    let corrected = lane.when(correct_at(6, 62.0, &[7, 2]));
    assert_eq!(corrected.outcome.unwrap()["revision"], 3);
    assert!(lane.when(command(7, DeleteWorkout { workout_id, if_revision: Some(vec![3]) })).outcome.is_ok());

    lane.when(remind(8, 50));
    let reminder_id = ReminderId::new(id(8));
    let shift = |number: u32, revision: u32| {
        command(number, MoveReminder { reminder_id, due_at: time(100), if_revision: Some(vec![revision]) })
    };
    assert_eq!(refusal(&mut lane, shift(9, 2)), changed());
    assert!(lane.when(shift(10, 1)).outcome.is_ok());
    assert_eq!(refusal(&mut lane, command(11, CancelReminder { reminder_id, if_revision: Some(vec![1]) })), changed());
}

#[test]
fn a_cancelled_reminder_does_not_come() {
    let mut lane = lane();
    let reminder_id = ReminderId::new(id(1));
    let handled = lane.batch(&[remind(1, 50), command(2, CancelReminder { reminder_id, if_revision: None })]);
    assert_eq!(timers(&handled[1]), [Timer::Cancel { key: id(1), kind: EventKind::WorkoutReminderDue }]);
    assert!(run(&mut lane, &[due(3, 1, 1), due(4, 1, 2)], 2).is_empty());
    let gone = (RejectionKind::Conflict, "reminder_not_active".to_owned());
    assert_eq!(refusal(&mut lane, command(5, MoveReminder { reminder_id, due_at: time(60), if_revision: None })), gone);
    let reminder_id = ReminderId::new(id(9));
    let missing = (RejectionKind::NotFound, "reminder_not_found".to_owned());
    assert_eq!(refusal(&mut lane, command(6, CancelReminder { reminder_id, if_revision: None })), missing);
}

#[test]
fn a_reminder_that_a_job_outside_schedules_comes_once() {
    let mut lane = lane();
    assert_eq!(run(&mut lane, &[due(1, 7, 0), due(2, 7, 0)], 1).len(), 1);
    assert_eq!(run(&mut lane, &[due(3, 7, 0)], 1).len(), 0);
}

#[test]
fn a_reminder_lies_ahead_by_at_most_366_days_and_there_are_at_most_100() {
    let mut lane = lane();
    let wrong = (RejectionKind::Invalid, "invalid_due_at".to_owned());
    assert_eq!(refusal(&mut lane, remind(10, 10)), wrong);
    assert_eq!(refusal(&mut lane, remind(1, 366 * 86_400 + 2)), wrong);
    run(&mut lane, &(0..100).map(|number| remind(number, 1_000)).collect::<Vec<_>>(), 7);
    let full = (RejectionKind::Conflict, "too_many_reminders".to_owned());
    assert_eq!(refusal(&mut lane, remind(100, 1_000)), full);
    let room = command(101, CancelReminder { reminder_id: ReminderId::new(id(0)), if_revision: None });
    assert_eq!(run(&mut lane, &[room, remind(102, 1_000)], 2).len(), 2);
    assert_eq!(lane.row::<AgendaRow>(&(person(0),)).unwrap().active, 100);
}

#[test]
fn times_are_kept_to_the_microsecond_that_the_tables_keep() {
    let mut lane = lane();
    let fine = workout("2026-05-01T10:00:00.0000019Z", "pull-up", 12, None);
    let due_at = time(100) + jiff::SignedDuration::from_nanos(1_999);
    run(&mut lane, &[log(1, fine.clone()), command(2, SetReminder { due_at })], 2);
    let kept: Vec<_> = lane.rows::<WorkoutRow>().into_iter().map(|row| (&row.body, row.started_at)).collect();
    assert_eq!(kept, [(&fine, "2026-05-01T10:00:00.000001Z".parse().unwrap())]);
    assert_eq!(standing(&lane).values().next().unwrap().achieved_at, kept[0].1);
    let due: Vec<_> = lane.rows::<ReminderRow>().into_iter().map(|row| row.due_at).collect();
    assert_eq!(due, [time(100) + jiff::SignedDuration::from_micros(1)]);
}

#[test]
fn all_records_that_a_workout_sets_are_told_at_once() {
    let mut lane = lane();
    let mut day = workout("2026-05-01T10:00:00Z", "barbell-bench-press", 5, Some(90.0));
    day.exercises.extend(workout("2026-05-01T10:00:00Z", "pull-up", 12, None).exercises);
    let events = run(&mut lane, &[log(1, day)], 1);
    let [Message { body: Event::WorkoutCompleted(completed), .. }] = &events[..] else { panic!("{events:?}") };
    let kinds: Vec<_> = completed.records.set.iter().map(|record| (record.exercise.as_str(), record.kind)).collect();
    let press = [RecordKind::MaxLoad, RecordKind::EstimatedOneRepMax].map(|kind| ("barbell-bench-press", kind));
    assert_eq!(kinds, [press[0], press[1], ("pull-up", RecordKind::MaxReps)]);
    let events = run(&mut lane, &[delete(2, 1)], 1);
    let [Message { body: Event::WorkoutDeleted(deleted), .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((deleted.workout_id, deleted.records.withdrawn.len()), (completed.workout_id, 3));
}

#[test]
fn each_kind_of_record_stands_for_itself() {
    let mut lane = lane();
    let five = workout("2026-05-01T10:00:00Z", "barbell-bench-press", 5, Some(90.0));
    let one = workout("2026-05-02T10:00:00Z", "barbell-bench-press", 1, Some(100.0));
    run(&mut lane, &[log(1, five), log(2, one), log(3, workout("2026-05-03T10:00:00Z", "pull-up", 12, None))], 1);
    let values: Vec<_> = standing(&lane).into_iter().map(|((_, _, kind), mark)| (kind, mark.value)).collect();
    let press = [(RecordKind::MaxLoad, 100_000), (RecordKind::EstimatedOneRepMax, 105_000)];
    assert_eq!(values, [press[0], press[1], (RecordKind::MaxReps, 12)]);
}
