//! Exercises of people's own: what a person logs that the catalogue lacks.

use plyo_events::{
    CustomExerciseId, RejectionKind,
    workout::{ArchiveExercise, ChangeExercise, MergeExercise},
};
use plyo_exercises::name_key;
use serde_json::json;

use super::*;

/// As the edge seals a name: of what it says nothing is known here but which are equal.
fn sealed(name: &str) -> serde_json::Value {
    json!({ "sealed": format!("{name:?} in cipher"), "equal": name_key(name) })
}

fn own(name: &str, measure: &str) -> serde_json::Value {
    json!({ "name": sealed(name), "measure": measure, "muscles": ["lats"], "equipment": ["sandbag"] })
}

fn create(number: u32, exercise: serde_json::Value) -> Input {
    command(number, Command::CreateExercise(serde_json::from_value(exercise).unwrap()))
}

fn change(number: u32, of: u32, name: &str) -> Input {
    let exercise = serde_json::from_value(json!({ "name": sealed(name) })).unwrap();
    command(number, ChangeExercise { exercise_id: made_by(of), exercise, if_revision: None })
}

fn archive(number: u32, of: u32) -> Input {
    command(number, ArchiveExercise { exercise_id: made_by(of), if_revision: None })
}

fn merge(number: u32, of: u32, into: &str) -> Input {
    let into = into.to_owned().try_into().unwrap();
    command(number, MergeExercise { exercise_id: made_by(of), into, if_revision: None })
}

fn made_by(number: u32) -> CustomExerciseId {
    CustomExerciseId::new(id(number))
}

fn slug(number: u32) -> String {
    ExerciseSlug::custom(made_by(number)).into()
}

fn log(number: u32, day: u8, exercise: &str, set: &serde_json::Value) -> Input {
    let exercises = json!([{ "exercise": exercise, "sets": [set] }]);
    let workout = json!({ "started_at": format!("2026-05-{day:02}T18:30:00+02:00"), "exercises": exercises });
    command(number, LogWorkout { workout: serde_json::from_value(workout).unwrap() })
}

fn lifted(kg: u32) -> serde_json::Value {
    json!({ "reps": 20, "load": { "kg": kg } })
}

fn refusal(lane: &mut Lane<Training>, message: Input) -> (RejectionKind, String) {
    let handled = lane.when(message);
    assert!(handled.events.is_empty());
    let rejection = handled.outcome.unwrap_err();
    (rejection.kind, rejection.code)
}

/// What stands, as exercise, kind and value.
fn records(lane: &Lane<Training>) -> Vec<(String, RecordKind, u64)> {
    let all = standing(lane).into_iter().map(|((_, exercise, kind), mark)| (exercise.into(), kind, mark.value));
    all.collect()
}

#[test]
fn an_exercise_of_ones_own_is_logged_by_its_measure_and_has_records() {
    let mut lane = lane();
    let made = lane.when(create(1, own("Sandbag hug", "weight-duration"))).outcome.unwrap();
    assert_eq!(made, json!({ "exercise_id": id(1), "exercise": slug(1), "revision": 1 }));
    assert!(lane.when(log(2, 1, &slug(1), &json!({ "load": { "kg": 60 }, "duration_s": 20 }))).outcome.is_ok());
    lane.when(log(3, 2, &slug(1), &json!({ "load": { "kg": 50 }, "duration_s": 30 })));
    let expected = [(slug(1), RecordKind::MaxLoad, 60_000), (slug(1), RecordKind::LongestDuration, 30)];
    assert_eq!(records(&lane), expected);
    let wrong = lane.when(log(4, 3, &slug(1), &lifted(60))).outcome.unwrap_err();
    assert_eq!(
        (wrong.code.as_str(), wrong.violations[0].pointer.as_str()),
        ("invalid_body", "/exercises/0/sets/0/reps")
    );
    assert!(wrong.detail.contains("weight-duration"), "{}", wrong.detail);
}

#[test]
fn somebody_elses_exercise_is_as_unknown_as_one_that_nobody_has() {
    let mut lane = lane();
    lane.when(create(1, own("Sandbag hug", "weight-reps")));
    let unknown = |lane: &mut Lane<Training>, number: u32, exercise: &str| {
        let Input::Command(log) = log(number, 1, exercise, &lifted(60)) else { unreachable!() };
        let rejection = lane.when(Input::Command(message(number, person(1), log.body))).outcome.unwrap_err();
        (rejection.kind, rejection.code, rejection.detail.replace(exercise, "it"))
    };
    assert_eq!(unknown(&mut lane, 2, &slug(1)), unknown(&mut lane, 3, &slug(99)));
    assert_eq!(unknown(&mut lane, 4, &slug(1)).1, "unknown_exercise");
    let foreign = ArchiveExercise { exercise_id: made_by(1), if_revision: None };
    let missing = (RejectionKind::NotFound, "custom_exercise_not_found".to_owned());
    assert_eq!(refusal(&mut lane, Input::Command(message(5, person(1), foreign.into()))), missing);
}

#[test]
fn a_name_stands_once_however_it_is_spelled_until_its_exercise_is_archived() {
    let mut lane = lane();
    lane.batch(&[create(1, own("Zercher carry", "weight-reps")), create(2, own("Log lift", "weight-reps"))]);
    let exists = (RejectionKind::Conflict, "custom_exercise_exists".to_owned());
    assert_eq!(refusal(&mut lane, create(3, own("z\u{e9}rcher-CARRIES", "duration"))), exists);
    assert_eq!(refusal(&mut lane, change(4, 2, "carry (Zercher)")), (RejectionKind::Conflict, exists.1.clone()));
    let renamed = lane.when(change(5, 1, "Zercher carry, heavy")).outcome.unwrap();
    assert_eq!(renamed["revision"], 2);
    assert_eq!(lane.when(archive(6, 1)).outcome.unwrap()["revision"], 3);
    assert!(lane.when(create(7, own("Zercher carry, heavy", "weight-reps"))).outcome.is_ok());
    let missing = (RejectionKind::NotFound, "custom_exercise_not_found".to_owned());
    assert_eq!(refusal(&mut lane, archive(8, 1)), missing);
    assert_eq!(refusal(&mut lane, change(9, 1, "back again")), missing);
    // What was logged with it stays, and so a device that has not heard of it can still log.
    assert!(lane.when(log(10, 1, &slug(1), &lifted(60))).outcome.is_ok());
}

#[test]
fn what_the_catalogue_does_not_know_is_refused_by_its_place_and_so_is_too_much() {
    let mut lane = lane();
    let mut wrong = own("Hug", "weight-reps");
    wrong["muscles"] = json!(["lats", "heart"]);
    wrong["equipment"] = json!(vec!["sandbag"; 11]);
    let rejection = lane.when(create(1, wrong)).outcome.unwrap_err();
    let pointers: Vec<_> = rejection.violations.iter().map(|violation| violation.pointer.as_str()).collect();
    assert_eq!(pointers, ["/muscles/1", "/equipment"]);
    for number in 0..500 {
        assert!(lane.when(create(10 + number, own(&format!("number {number}"), "reps"))).outcome.is_ok());
    }
    let full = (RejectionKind::Conflict, "too_many_custom_exercises".to_owned());
    assert_eq!(refusal(&mut lane, create(2, own("one more", "reps"))), full);
    assert!(lane.when(create(10, own("number 0", "reps"))).outcome.is_ok(), "the same command again");
}

#[test]
fn what_is_merged_has_one_history_with_what_it_was_merged_into() {
    let bench = "barbell-bench-press";
    let given = [
        create(1, own("Bench", "weight-reps")),
        log(2, 1, &slug(1), &lifted(100)),
        log(3, 2, bench, &lifted(80)),
        create(4, own("Bench, too", "weight-reps")),
        log(5, 3, &slug(4), &lifted(90)),
    ];
    let mut lane = lane();
    lane.deliver(&given, &Delivery::in_batches(2));
    assert_eq!(records(&lane).len(), 3);
    let merged = lane.batch(&[merge(6, 1, bench), merge(7, 4, bench), merge(8, 4, bench)]);
    let results: Vec<_> = merged.iter().map(|handled| handled.outcome.clone().unwrap()["exercise"].clone()).collect();
    assert_eq!(results, [bench; 3]);
    assert_eq!(records(&lane), [(bench.to_owned(), RecordKind::MaxLoad, 100_000)]);
    let Event::CustomExerciseMerged(told) = &merged[0].events[0].body else { panic!("{merged:?}") };
    let [again] = &told.records.set[..] else { panic!("{told:?}") };
    assert!(again.reestablished && again.mark.value == 100_000 && told.records.withdrawn.len() == 1, "{told:?}");
    let Event::CustomExerciseMerged(told) = &merged[1].events[0].body else { panic!("{merged:?}") };
    assert!(told.records.set.is_empty() && told.records.withdrawn[0].mark.value == 90_000, "{told:?}");
    assert!(merged[2].events.is_empty(), "it is merged already");

    // A device that does not know it yet logs under the old slug, and beats the record of all.
    lane.restart();
    let beats = events(vec![lane.when(log(9, 4, &slug(1), &lifted(105)))]);
    let Event::WorkoutCompleted(completed) = &beats[0].body else { panic!("{beats:?}") };
    assert_eq!(completed.workout.exercises[0].exercise.as_str(), bench);
    let record = &completed.records.set[0];
    assert_eq!((record.exercise.as_str(), record.previous.as_ref().unwrap().value), (bench, 100_000));
    // Correcting what was logged before withdraws and restores across all slugs.
    let delete = |number, of| command(number, DeleteWorkout { workout_id: WorkoutId::new(id(of)), if_revision: None });
    lane.batch(&[delete(10, 9), delete(11, 2)]);
    assert_eq!(records(&lane), [(bench.to_owned(), RecordKind::MaxLoad, 90_000)]);
    for lag in [1, 3, 50] {
        assert_eq!(lane.replayed(&Delivery::in_batches(lag)).tables(), lane.tables());
    }
}

#[test]
fn only_exercises_of_one_measure_are_merged_and_only_into_the_catalogue() {
    let mut lane = lane();
    lane.batch(&[create(1, own("Plank on one arm", "duration")), create(2, own("Other", "duration"))]);
    let unknown = (RejectionKind::Invalid, "unknown_exercise".to_owned());
    assert_eq!(refusal(&mut lane, merge(3, 1, "moonwalk")), unknown);
    assert_eq!(refusal(&mut lane, merge(4, 1, &slug(2))), unknown);
    let differs = (RejectionKind::Invalid, "measure_differs".to_owned());
    assert_eq!(refusal(&mut lane, merge(5, 1, "barbell-bench-press")), differs);
    assert!(lane.when(merge(6, 1, "plank")).outcome.is_ok());
    let missing = (RejectionKind::NotFound, "custom_exercise_not_found".to_owned());
    assert_eq!(refusal(&mut lane, merge(7, 1, "side-plank")), missing);
}
