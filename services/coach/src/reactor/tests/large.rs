//! Logs that are larger than a person's: what they give is the same, and how long they take is printed.
//! `PLYO_COACH_WORKOUTS=5000 cargo test -p plyo-coach large -- --nocapture` measures somebody who trained for thirty years.

use std::time::{Duration, Instant};

use plyo_exercises::Catalogue;
use plyo_nats::testing::Delivery;

use super::*;
use crate::domain::state::stored::MAX_BYTES;

/// Some 700 here, so that a test run does not wait for it.
fn workouts() -> u32 {
    std::env::var("PLYO_COACH_WORKOUTS").ok().and_then(|count| count.parse().ok()).unwrap_or(700)
}

/// Every third day, from an empty bar to a strong lifter's and back again.
fn years(number: u32) -> Workout {
    workout(
        3 * number,
        &[(SQUAT, 60.0 + 2.5 * f64::from(number % 50), 5), (BENCH, 40.0 + 2.5 * f64::from(number % 30), 6)],
    )
}

#[expect(clippy::disallowed_methods, reason = "how long it takes decides nothing")]
fn measured<T>(what: &str, work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    let took = start.elapsed();
    println!("{what}: {took:.1?}");
    (done, took)
}

/// Each is folded again by a correction from the snapshot before it, once, however many come in a batch.
#[test]
fn a_correction_deep_in_a_long_log_costs_one_fold_of_what_is_behind_it() {
    let count = workouts();
    let log: Vec<Input> = (0..count).map(|number| event(number, completed(number, years(number)))).collect();
    let mut lane = lane();
    measured(&format!("{count} workouts"), || lane.deliver(&log, &Delivery::in_batches(200)));
    let (last, _) = measured("one more", || lane.when(event(count, completed(count, years(count)))));
    assert!(last.bodies().into_iter().any(|event| ready(event).is_some()));
    let notes: Vec<Note> = {
        let mut rows = lane.rows::<NoteRow>();
        rows.sort_by_key(|row| row.number);
        rows.into_iter().map(|row| row.note.clone()).collect()
    };
    let fold = || {
        let mut training = Training::new(knowledge().global);
        notes.iter().for_each(|note| drop(training.fold(knowledge(), &note.workout())));
        training
    };
    let (_, whole) = measured("a fold of all of them", fold);
    let deep = workout(3, &[(SQUAT, 81.25, 5)]);
    let (_, took) = measured("a correction of the second", || lane.when(event(count + 1, corrected(1, deep))));
    // What it writes and what it recommends come on top.
    assert!(took < 4 * whole + Duration::from_secs(2), "{took:?} beside {whole:?}");
    assert_eq!(lane.row::<LearnerRow>(&(person(1),)).unwrap().workouts, count + 1);
}

#[test]
fn three_hundred_exercises_of_one_person_fit_into_a_state() {
    let mut lane = lane();
    let all: Vec<&str> = Catalogue::get().all().iter().map(|one| one.slug.as_str()).take(300).collect();
    let log: Vec<Input> = (0..180)
        .map(|number| {
            let done: Vec<_> = (0..10).map(|place| (all[(number as usize * 10 + place) % 300], 20.0, 8)).collect();
            event(number, completed(number, workout(2 * number, &done)))
        })
        .collect();
    measured("300 exercises, 180 workouts", || lane.deliver(&log, &Delivery::in_batches(60)));
    for row in lane.rows::<SnapshotRow>() {
        assert!(row.training.len() <= MAX_BYTES, "{} bytes", row.training.len());
        let known = Training::from_bytes(&row.training).unwrap();
        assert!(known.lifts.len() <= Training::LIFTS);
    }
    assert!(lane.history().iter().any(|event| event.body.kind() == EventKind::RecommendationReady));
    assert_eq!(lane.replayed(&Delivery::in_batches(7)).tables(), lane.tables());
}

#[test]
fn a_thousand_events_of_one_person_in_one_batch_give_what_they_give_one_by_one() {
    let log: Vec<Input> = (0..1000)
        .map(|number| match number % 10 {
            7 => event(number, corrected(number - 3, session(number % 200))),
            9 => event(number, deleted(number - 1)),
            _ => event(number, completed(number, session(number % 200))),
        })
        .collect();
    let (mut together, mut one_by_one) = (lane(), lane());
    measured("1,000 events in one batch", || together.deliver(&log, &Delivery::in_batches(1000)));
    one_by_one.deliver(&log, &Delivery::in_batches(1));
    assert_eq!(together.tables(), one_by_one.tables());
    assert_eq!(together.history(), one_by_one.history());
}
