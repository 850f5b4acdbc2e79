//! What a set has, what it moves and which records it sets follow from what its exercise measures.

use plyo_events::workout::{BodyWeightLogged, LogBodyWeight, RecordView};
use serde_json::{Value, json};

use super::*;
use crate::domain::{listing, records::Held};

/// A workout on a day of May, of sets of one exercise.
fn did(day: u8, exercise: &str, sets: Value) -> Workout {
    let start = format!("2026-05-{day:02}T18:30:00+02:00");
    serde_json::from_value(json!({ "started_at": start, "exercises": [{ "exercise": exercise, "sets": sets }] }))
        .unwrap()
}

fn log(number: u32, workout: Workout) -> Input {
    command(number, LogWorkout { workout })
}

fn weigh(number: u32, date: &str, kg: f64) -> Input {
    let weight = Some(serde_json::from_value(json!({ "kg": kg })).unwrap());
    command(number, LogBodyWeight { date: date.parse().unwrap(), weight })
}

/// What standing records say: the kind and its value.
fn records(lane: &Lane<Training>) -> Vec<(RecordKind, u64)> {
    standing(lane).into_iter().map(|((_, _, kind), mark)| (kind, mark.value)).collect()
}

/// The records that are shown, with those that are only listed.
fn shown(lane: &Lane<Training>) -> Vec<RecordView> {
    let marks: Vec<MarkRow> = lane.rows::<MarkRow>().into_iter().cloned().collect();
    let session = |row: &&WorkoutRow| Held {
        rank: marks::Rank::of(RecordKind::SessionVolume, row.summary.tonnage_g),
        achieved_at: row.started_at,
        logged_at: row.logged_at,
        workout_id: row.workout_id,
    };
    let workouts = lane.rows::<WorkoutRow>();
    listing::current(&marks, workouts.iter().map(session), Exercises::default())
}

/// The values of a kind that is only listed, with what they are of.
fn listed(lane: &Lane<Training>, kind: RecordKind) -> Vec<(Option<u32>, u64)> {
    let of_kind = |record: &RecordView| record.kind == kind;
    shown(lane).iter().filter(|record| of_kind(record)).map(|record| (record.reps, record.mark.value)).collect()
}

fn tonnage(lane: &mut Lane<Training>, input: Input) -> u64 {
    let events = events(vec![lane.when(input)]);
    let [Message { body: Event::WorkoutCompleted(completed), .. }] = &events[..] else { panic!("{events:?}") };
    completed.summary.tonnage_g
}

#[test]
fn a_field_that_the_measure_does_not_have_is_refused_by_its_pointer_and_the_measures_name() {
    let mut lane = lane();
    for (number, (exercise, set, field, measure)) in (1..).zip([
        ("barbell-back-squat", json!({ "reps": 5, "distance": { "m": 5 } }), "distance", "weight-reps"),
        ("barbell-back-squat", json!({ "reps": 5, "duration_s": 30 }), "duration_s", "weight-reps"),
        ("plank", json!({ "duration_s": 60, "load": { "kg": 10 } }), "load", "duration"),
        ("plank", json!({ "duration_s": 60, "reps": 3 }), "reps", "duration"),
        ("plank", json!({ "duration_s": 60, "rir": 2 }), "rir", "duration"),
        ("plank", json!({ "duration_s": 60, "tempo": "3-1-X-0" }), "tempo", "duration"),
        (
            "farmers-walk",
            json!({ "reps": 2, "load": { "kg": 32 }, "distance": { "m": 40 } }),
            "reps",
            "weight-distance",
        ),
        ("box-jump", json!({ "reps": 5, "load": { "kg": 5 } }), "load", "reps"),
    ]) {
        let rejection = lane.when(log(number, did(1, exercise, json!([{ "reps": 1 }, set])))).outcome.unwrap_err();
        let found = rejection.violations.iter().find(|found| found.pointer == format!("/exercises/0/sets/1/{field}"));
        let found = found.unwrap_or_else(|| panic!("{exercise} {field}: {rejection:?}"));
        assert_eq!(rejection.code, "invalid_body");
        assert!(found.detail.contains(&format!("measured in {measure}, which has no {field}")), "{}", found.detail);
    }
    assert_eq!(lane.tables(), "");
}

#[test]
fn a_set_has_what_its_exercise_measures() {
    let mut lane = lane();
    for (number, (exercise, set)) in (1..).zip([
        (
            "barbell-back-squat",
            json!({ "reps": 5, "load": { "kg": 100 }, "rir": 1.5, "tempo": "3-1-X-0", "kind": "amrap" }),
        ),
        ("barbell-back-squat", json!({ "duration_s": 20, "load": { "kg": 100 }, "kind": "isometric" })),
        ("push-up", json!({ "reps": 20, "load": { "kg": 10 }, "rpe": 8 })),
        ("plank", json!({ "duration_s": 60, "kind": "isometric" })),
        ("plate-pinch-hold", json!({ "duration_s": 60, "load": { "kg": 10 } })),
        ("farmers-walk", json!({ "load": { "kg": 32 }, "distance": { "m": 40 }, "duration_s": 30 })),
        ("running", json!({ "distance": { "km": 5.2 }, "duration_s": 1560 })),
    ]) {
        assert!(lane.when(log(number, did(1, exercise, json!([set])))).outcome.is_ok(), "{exercise}");
    }
    let both = json!([{ "reps": 5, "rpe": 8, "rir": 2 }]);
    let rejection = lane.when(log(20, did(1, "barbell-back-squat", both))).outcome.unwrap_err();
    assert_eq!(rejection.violations[0].pointer, "/exercises/0/sets/0/rir");
}

#[test]
fn help_is_better_when_it_is_less_and_is_no_tonnage() {
    let mut lane = lane();
    for (number, (day, kg)) in (1..).zip([(1, 40), (8, 30), (15, 20)]) {
        let set = json!([{ "reps": 8, "load": { "kg": kg } }]);
        assert_eq!(tonnage(&mut lane, log(number, did(day, "assisted-pull-up", set))), 0);
        assert_eq!(records(&lane), [(RecordKind::LeastAssistance, kg * 1_000)]);
    }
    let more = json!([{ "reps": 8, "load": { "kg": 25 } }]);
    lane.when(log(9, did(22, "assisted-pull-up", more)));
    assert_eq!(records(&lane), [(RecordKind::LeastAssistance, 20_000)], "and no one-repetition maximum");
    lane.when(log(10, did(23, "assisted-pull-up", json!([{ "reps": 1 }]))));
    assert_eq!(records(&lane), [(RecordKind::LeastAssistance, 0)], "without help");
}

#[test]
fn a_longer_hold_is_a_record() {
    let mut lane = lane();
    lane.batch(&[
        log(1, did(1, "plank", json!([{ "duration_s": 60 }]))),
        log(2, did(8, "plank", json!([{ "duration_s": 95 }]))),
    ]);
    assert_eq!(records(&lane), [(RecordKind::LongestDuration, 95)]);
}

#[test]
fn what_is_held_and_carried_is_measured_by_its_load_too() {
    let mut lane = lane();
    let carry = |kg: u32, m: u32| json!([{ "load": { "kg": kg }, "distance": { "m": m } }]);
    lane.batch(&[log(1, did(1, "farmers-walk", carry(32, 60))), log(2, did(8, "farmers-walk", carry(40, 20)))]);
    assert_eq!(records(&lane), [(RecordKind::MaxLoad, 40_000), (RecordKind::FarthestDistance, 6_000)]);
}

#[test]
fn a_run_has_its_distance_its_time_and_a_pace_over_each_distance_that_it_is_as_long_as() {
    let mut lane = lane();
    let run = |km: f64, seconds: u32| json!([{ "distance": { "km": km }, "duration_s": seconds }]);
    lane.batch(&[log(1, did(1, "running", run(5.2, 1_560))), log(2, did(8, "running", run(1.0, 240)))]);
    assert_eq!(records(&lane), [(RecordKind::LongestDuration, 1_560), (RecordKind::FarthestDistance, 520_000)]);
    let paces: Vec<(u64, u64)> = shown(&lane)
        .iter()
        .filter_map(|record| Some((record.distance?.centimetres(), record.mark.value)))
        .filter(|(centimetres, _)| *centimetres >= 100_000)
        .collect();
    assert_eq!(paces, [(100_000, 240_000), (200_000, 300_000), (500_000, 300_000)]);
}

#[test]
fn a_warm_up_a_partial_and_a_failed_attempt_set_no_record() {
    let mut lane = lane();
    let sets = json!([
        { "reps": 5, "load": { "kg": 120 }, "kind": "warm_up" },
        { "reps": 5, "load": { "kg": 130 }, "kind": "partial" },
        { "reps": 0, "load": { "kg": 140 } },
        { "reps": 1, "load": { "kg": 100 } },
    ]);
    let moved = tonnage(&mut lane, log(1, did(1, "barbell-back-squat", sets)));
    assert_eq!(moved, 5 * 120_000 + 5 * 130_000 + 100_000, "a failed attempt moves nothing");
    assert_eq!(records(&lane), [(RecordKind::MaxLoad, 100_000), (RecordKind::EstimatedOneRepMax, 100_000)]);
    assert_eq!(lane.rows::<WorkoutRow>()[0].body.exercises[0].sets[2].reps(), 0, "but is kept");
}

#[test]
fn the_best_load_of_each_number_of_repetitions_is_listed() {
    let mut lane = lane();
    let sets = json!([
        { "reps": 8, "load": { "kg": 100 } }, { "reps": 5, "load": { "kg": 90 } }, { "reps": 3, "load": { "kg": 110 } },
        { "reps": 20, "load": { "kg": 60 } },
    ]);
    lane.when(log(1, did(1, "barbell-back-squat", sets)));
    let loads = [(Some(3), 110_000), (Some(8), 100_000), (Some(15), 60_000)];
    assert_eq!(listed(&lane, RecordKind::MaxLoadForReps), loads, "5 × 90 is less than 8 × 100");
}

#[test]
fn the_largest_volumes_of_a_set_an_exercise_and_a_session_are_listed() {
    let mut lane = lane();
    let light = json!([{ "reps": 10, "load": { "kg": 60 } }, { "reps": 10, "load": { "kg": 60 } }]);
    let heavy = json!([{ "reps": 5, "load": { "kg": 130 } }, { "reps": 20, "load": { "kg": 20 }, "kind": "warm_up" }]);
    lane.batch(&[log(1, did(1, "barbell-back-squat", light)), log(2, did(2, "barbell-back-squat", heavy))]);
    assert_eq!(listed(&lane, RecordKind::SetVolume), [(None, 650_000)]);
    assert_eq!(listed(&lane, RecordKind::ExerciseVolume), [(None, 1_200_000)]);
    assert_eq!(listed(&lane, RecordKind::SessionVolume), [(None, 1_200_000)]);
}

#[test]
fn the_body_counts_where_its_share_is_known_and_once_its_weight_is() {
    let mut lane = lane();
    let ten = || json!([{ "reps": 10 }]);
    assert_eq!(tonnage(&mut lane, log(1, did(1, "push-up", ten()))), 0, "nothing is invented");
    lane.batch(&[weigh(2, "2026-05-02", 80.0), weigh(3, "2026-05-10", 90.0)]);
    assert_eq!(tonnage(&mut lane, log(4, did(1, "push-up", ten()))), 0, "nor known before it was weighed");
    assert_eq!(tonnage(&mut lane, log(5, did(5, "push-up", ten()))), 512_000);
    assert_eq!(tonnage(&mut lane, log(6, did(12, "push-up", ten()))), 576_000);
    assert_eq!(tonnage(&mut lane, log(7, did(12, "crunch", ten()))), 0, "of a crunch no share is known");
    let helped = json!([{ "reps": 10, "load": { "kg": 20 } }]);
    assert_eq!(tonnage(&mut lane, log(8, did(12, "assisted-pull-up", helped))), 660_400, "what help leaves of it");
    let added = json!([{ "reps": 1, "load": { "kg": 20 } }]);
    assert_eq!(tonnage(&mut lane, log(9, did(12, "weighted-pull-up", added))), 106_040);
    let maximum = records(&lane).into_iter().find(|(kind, _)| *kind == RecordKind::EstimatedOneRepMax);
    assert_eq!(maximum, Some((RecordKind::EstimatedOneRepMax, 106_040)));
}

#[test]
fn a_weight_is_kept_by_its_date_until_it_is_taken_back() {
    let mut lane = lane();
    assert_eq!(events(vec![lane.when(weigh(1, "2026-05-02", 80.0))]).len(), 1);
    assert!(events(vec![lane.when(weigh(2, "2026-05-02", 80.0))]).is_empty(), "the same again does nothing");
    lane.when(weigh(3, "2026-05-02", 81.0));
    assert_eq!(lane.rows::<BodyRow>()[0].days.len(), 1);
    let events =
        events(vec![lane.when(command(4, LogBodyWeight { date: jiff::civil::date(2026, 5, 2), weight: None }))]);
    assert_eq!(events[0].body, BodyWeightLogged { date: jiff::civil::date(2026, 5, 2), weight: None }.into());
    assert!(lane.rows::<BodyRow>().is_empty());
    let rejection = lane.when(weigh(5, "2026-07-01", 80.0)).outcome.unwrap_err();
    assert_eq!(rejection.violations[0].pointer, "/date");
}

#[test]
fn of_equal_marks_with_one_start_the_one_that_was_logged_first_holds_the_record() {
    let mut lane = lane();
    let set = || json!([{ "reps": 20, "load": { "kg": 100 } }]);
    for number in 1..8 {
        lane.when(log(number, did(1, "barbell-back-squat", set())));
    }
    let holder = standing(&lane).into_values().next().unwrap().workout_id;
    assert_eq!(holder, WorkoutId::new(id(1)));
    let mut logged: Vec<_> = lane.rows::<WorkoutRow>().into_iter().map(|row| row.logged_at).collect();
    logged.sort();
    assert_eq!(logged, (1..8).map(time).collect::<Vec<_>>());
    lane.when(command(
        9,
        CorrectWorkout {
            workout_id: holder,
            workout: did(1, "barbell-back-squat", json!([{ "reps": 19, "load": { "kg": 100 } }])),
            if_revision: None,
        },
    ));
    assert_eq!(standing(&lane).into_values().next().unwrap().workout_id, holder, "a correction is no later logging");
}

#[test]
fn a_load_that_was_typed_in_the_other_unit_is_no_record_by_a_gram() {
    let mut lane = lane();
    lane.when(log(1, did(1, "barbell-back-squat", json!([{ "reps": 20, "load": { "lb": 100 } }]))));
    let handled = lane.when(log(2, did(2, "barbell-back-squat", json!([{ "reps": 20, "load": { "kg": 45.36 } }]))));
    let events = events(vec![handled]);
    assert!(changes(&events[0]).unwrap().1.is_empty(), "{events:?}");
}

#[test]
fn an_exercise_has_one_history_whichever_of_its_slugs_was_typed() {
    let mut lane = lane();
    let set = |kg: u32| json!([{ "reps": 20, "load": { "kg": kg } }]);
    lane.when(log(1, did(1, "incline-dumbbell-press", set(20))));
    let events = events(vec![lane.when(log(2, did(2, "dumbbell-incline-bench-press", set(22))))]);
    let record = &changes(&events[0]).unwrap().1.set[0];
    assert_eq!((record.previous.as_ref().unwrap().value, record.mark.value), (20_000, 22_000));
    assert_eq!(standing(&lane).len(), 1);
}

#[test]
fn a_load_that_was_probably_mistyped_is_asked_about_and_kept() {
    let mut lane = lane();
    let set = |kg: f64| json!([{ "reps": 5, "load": { "kg": 20 } }, { "reps": 5, "load": { "kg": kg } }]);
    let mut doubt = |number, day, kg: f64| {
        let result = lane.when(log(number, did(day, "barbell-bench-press", set(kg)))).outcome.unwrap();
        result.get("doubt").cloned()
    };
    assert_eq!(doubt(1, 1, 82.5), None, "a first load is nothing to compare with");
    assert_eq!(doubt(2, 8, 100.0), None);
    let asked = json!([{ "pointer": "/exercises/0/sets/1/load", "value": 846_000, "known": 100_000 }]);
    assert_eq!(doubt(3, 15, 846.0), Some(asked));
    assert_eq!(doubt(4, 22, 846.0), None, "it was kept");
    let nobody = lane.when(log(5, did(1, "barbell-deadlift", set(1_000.0)))).outcome.unwrap();
    assert_eq!(nobody["doubt"][0]["value"], 1_000_000);
}

#[test]
fn a_record_by_a_load_that_was_probably_mistyped_counts_and_is_marked_as_doubtful() {
    let mut lane = lane();
    let set = |kg: f64| json!([{ "reps": 5, "load": { "kg": kg } }]);
    let mut doubtful = |input: Input| {
        let events = events(vec![lane.when(input)]);
        let set = &changes(&events[0]).unwrap().1.set;
        set.iter().map(|record| (record.kind, record.mark.value, record.doubtful)).collect::<Vec<_>>()
    };
    let best = |load, maximum, is_doubtful| {
        [(RecordKind::MaxLoad, load, is_doubtful), (RecordKind::EstimatedOneRepMax, maximum, is_doubtful)]
    };
    assert_eq!(doubtful(log(1, did(1, "barbell-bench-press", set(80.0)))), best(80_000, 93_330, false));
    assert_eq!(doubtful(log(2, did(8, "barbell-bench-press", set(846.0)))), best(846_000, 987_000, true));
    // Whoever has lifted so much lifts more the next time.
    assert_eq!(doubtful(log(3, did(15, "barbell-bench-press", set(850.0)))), best(850_000, 991_670, false));
    let corrected = |number, of, kg| {
        let (workout_id, workout) = (WorkoutId::new(id(of)), did(15, "barbell-bench-press", set(kg)));
        command(number, CorrectWorkout { workout_id, workout, if_revision: None })
    };
    lane.when(corrected(4, 2, 70.0));
    let events = events(vec![lane.when(corrected(5, 3, 85.0))]);
    let right = &changes(&events[0]).unwrap().1.set[0];
    assert_eq!((right.mark.value, right.doubtful, right.previous.is_some()), (85_000, false, true));
}
