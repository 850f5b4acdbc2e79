//! Stories of the write side: no database, no broker.

use jiff::{Timestamp, ToSpan as _, civil::date};
use plyo_events::{
    WorkoutId,
    coach::{DismissalReason, Focus, Goals, RecommendationReady, SetGoals},
    workout::{RecordChanges, Workout},
};
use plyo_nats::testing::{Input, Lane};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    domain::state::{Training, stored::Stored as _},
    store::Timeline,
};

mod large;
mod nonsense;
mod properties;

fn lane() -> Lane<Coach> {
    Lane::new(Coach)
}

fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

fn id(number: u32) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes())
}

/// Told within a week of the first day: no workout of these stories is old news, and a dismissal holds until the last.
fn message<T>(number: u32, user: UserId, body: T) -> Message<T> {
    Message::first(id(number), user, Timestamp::new(1_768_233_600 + i64::from(number), 1_001).unwrap(), body)
}

fn event(number: u32, body: impl Into<Event>) -> Input {
    Input::Event(message(number, person(1), body.into()))
}

fn command(number: u32, user: u8, body: impl Into<Command>) -> Input {
    Input::Command(message(number, person(user), body.into()))
}

fn workout_id(number: u32) -> WorkoutId {
    WorkoutId::derive(Uuid::nil(), &format!("workout {number}"))
}

/// A workout on a day, of exercises with three sets each.
fn workout(day: u32, exercises: &[(&str, f64, u32)]) -> Workout {
    let start = date(2026, 1, 5).at(18, 0, 0, 0) + i64::from(day).days();
    let sets = |kg: f64, reps: u32| vec![json!({ "reps": reps, "load": { "kg": kg }, "rpe": 7.5 }); 3];
    let exercises: Vec<_> =
        exercises.iter().map(|(slug, kg, reps)| json!({ "exercise": slug, "sets": sets(*kg, *reps) })).collect();
    serde_json::from_value(json!({
        "started_at": format!("{start}+01:00"), "ended_at": format!("{}+01:00", start + 1.hours()), "exercises": exercises
    }))
    .unwrap()
}

fn completed(number: u32, workout: Workout) -> WorkoutCompleted {
    let summary = workout.summary(0);
    WorkoutCompleted { workout_id: workout_id(number), workout, summary, records: RecordChanges::default() }
}

fn corrected(number: u32, workout: Workout) -> WorkoutCorrected {
    let (summary, before) = (workout.summary(0), workout.summary(0));
    let (workout_id, records) = (workout_id(number), RecordChanges::default());
    WorkoutCorrected { workout_id, revision: 2, before, workout, summary, records }
}

fn deleted(number: u32) -> WorkoutDeleted {
    let before = workout(0, &[]).summary(0);
    WorkoutDeleted { workout_id: workout_id(number), before, records: RecordChanges::default() }
}

const SQUAT: &str = "barbell-back-squat";
const BENCH: &str = "barbell-bench-press";

/// Every third day, a little more each time.
fn session(number: u32) -> Workout {
    workout(
        3 * number,
        &[(SQUAT, 80.0 + 2.5 * f64::from(number / 3), 5), (BENCH, 60.0 + 2.5 * f64::from(number / 4), 6)],
    )
}

/// Somebody who trained so often; gives what was recommended last.
fn trained(times: u32) -> (Lane<Coach>, RecommendationReady) {
    let mut lane = lane();
    let mut last = None;
    for number in 0..times {
        last = lane.when(event(number, completed(number, session(number)))).bodies().into_iter().find_map(ready);
    }
    (lane, last.expect("something is recommended"))
}

fn ready(event: Event) -> Option<RecommendationReady> {
    match event {
        Event::RecommendationReady(ready) => Some(ready),
        _ => None,
    }
}

fn accept(ready: &RecommendationReady) -> AcceptRecommendation {
    AcceptRecommendation { recommendation_id: ready.recommendation.recommendation_id }
}

#[test]
fn after_a_workout_the_next_one_is_recommended_with_what_it_rests_on() {
    let (lane, ready) = trained(8);
    let next = &ready.recommendation;
    assert_eq!(next.kind.as_deref(), Some("next-session"));
    let exercises: Vec<&str> = next.lifts.iter().map(|lift| lift.exercise.as_str()).collect();
    assert_eq!(exercises, [SQUAT, BENCH]);
    assert!(next.lifts.iter().all(|lift| lift.load_kg.is_some() && lift.range80_kg.is_some()), "{next:?}");
    assert!(!next.reasons.is_empty() && next.versions.rules > 0);
    assert_eq!(next.evidence.first().map(|event| event.uuid()), Some(id(7)), "the latest first");
    assert_eq!(next.made_at.to_string(), "2026-01-26T19:00:00");
    // One event a workout.
    let own = lane.history().iter().filter(|event| event.body.kind() == EventKind::RecommendationReady);
    assert_eq!(own.count(), 8);
}

#[test]
fn a_recommendation_is_accepted_once_and_only_by_whom_it_is_for() {
    let (mut lane, ready) = trained(4);
    let accepted = lane.when(command(100, 1, accept(&ready)));
    assert_eq!(accepted.outcome.as_ref().unwrap()["status"], "accepted");
    assert_eq!(accepted.events.len(), 1);
    let again = lane.when(command(101, 1, accept(&ready)));
    assert_eq!((again.outcome.unwrap()["status"].clone(), again.events.len()), (json!("accepted"), 0));
    let foreign = lane.when(command(102, 2, accept(&ready)));
    assert_eq!(foreign.outcome.unwrap_err().code, "recommendation_not_found");
}

#[test]
fn what_is_done_was_followed_and_what_is_dismissed_keeps_silent() {
    let (mut lane, ready) = trained(4);
    lane.when(command(100, 1, accept(&ready)));
    let lifts = ready.recommendation.lifts.iter().map(|lift| (lift.exercise.as_str(), lift.load_kg.unwrap(), 5));
    let did = workout(14, &lifts.collect::<Vec<_>>());
    let events = lane.when(event(50, completed(50, did))).bodies();
    assert!(matches!(&events[0], Event::RecommendationFollowed(followed) if followed.workout_id == workout_id(50)));
    let Some(next) = events.into_iter().find_map(self::ready) else { panic!("the next one is recommended") };
    let late = lane.when(command(101, 1, accept(&ready)));
    assert_eq!(late.outcome.unwrap_err().code, "recommendation_followed");

    let recommendation_id = next.recommendation.recommendation_id;
    let dismissal = DismissRecommendation { recommendation_id, reason: Some(DismissalReason::NoTime), exercise: None };
    let dismissed = lane.when(command(102, 1, dismissal));
    assert_eq!(dismissed.outcome.unwrap()["status"], "dismissed");
    let events = lane.when(event(51, completed(51, workout(17, &[(SQUAT, 80.0, 5)])))).bodies();
    let kinds: Vec<_> = events
        .into_iter()
        .find_map(self::ready)
        .into_iter()
        .flat_map(|ready| ready.all().map(|one| one.kind.clone()).collect::<Vec<_>>())
        .collect();
    assert!(!kinds.contains(&Some("next-session".to_owned())), "{kinds:?}");
    let answered = lane.when(command(103, 1, accept(&next)));
    assert_eq!(answered.outcome.unwrap_err().code, "recommendation_answered");
}

#[test]
fn a_correction_withdraws_what_rested_on_the_workout_and_says_what_holds_now() {
    let (mut lane, ready) = trained(6);
    let typing_error = workout(15, &[(SQUAT, 180.0, 5), (BENCH, 62.5, 6)]);
    let events = lane.when(event(100, corrected(5, typing_error))).bodies();
    let Event::RecommendationWithdrawn(withdrawn) = &events[0] else { panic!("{events:?}") };
    assert_eq!(withdrawn.recommendation_id, ready.recommendation.recommendation_id);
    assert_eq!((withdrawn.reason, withdrawn.workout_id), (WithdrawalReason::WorkoutCorrected, workout_id(5)));
    let accepted = lane.when(command(101, 1, accept(&ready)));
    assert_eq!(accepted.outcome.unwrap_err().code, "recommendation_withdrawn");
    let Some(now) = events.into_iter().find_map(self::ready) else { panic!("what holds now is recommended") };

    // Something else is recommended that does not rest on what goes.
    let events = lane.when(event(102, deleted(5))).bodies();
    let gone = |event: &Event| {
        let id = now.recommendation.recommendation_id;
        matches!(event, Event::RecommendationWithdrawn(gone) if gone.recommendation_id == id)
    };
    assert!(events.iter().any(gone), "{events:?}");
    assert!(events.into_iter().any(|event| self::ready(event).is_some()));
}

#[test]
fn a_workout_of_long_ago_is_learnt_and_nothing_is_said() {
    let (mut lane, _) = trained(4);
    assert_eq!(lane.when(event(100, completed(100, workout(1, &[(SQUAT, 75.0, 5)])))).bodies(), []);
    assert_eq!(lane.row::<LearnerRow>(&(person(1),)).unwrap().workouts, 5);
    assert_eq!(lane.when(event(101, deleted(100))).bodies(), [], "nothing rested on it");
    // An operator dropped its completion.
    assert_eq!(lane.when(event(102, deleted(77))).bodies(), []);
}

#[test]
fn goals_that_cannot_be_are_refused_and_those_that_can_set_the_repetitions() {
    let (mut lane, _) = trained(8);
    let goals = |goals: serde_json::Value| SetGoals { goals: serde_json::from_value(goals).unwrap() };
    for (wrong, pointer) in [
        (json!({ "targets": [{ "exercise": SQUAT, "load": { "kg": 900 } }] }), "/targets/0/load"),
        (json!({ "targets": [{ "exercise": SQUAT, "load": { "kg": 0 } }] }), "/targets/0/load"),
        (json!({ "targets": [{ "exercise": "moonwalk", "load": { "kg": 90 } }] }), "/targets/0/exercise"),
        (json!({ "targets": [{ "exercise": "plank", "load": { "kg": 90 } }] }), "/targets/0/exercise"),
        (json!({ "targets": vec![json!({ "exercise": SQUAT, "load": { "kg": 90 } }); 2] }), "/targets/1/exercise"),
        (json!({ "targets": vec![json!({ "exercise": SQUAT, "load": { "kg": 90 } }); 11] }), "/targets"),
    ] {
        let rejection = lane.when(command(100, 1, goals(wrong.clone()))).outcome.unwrap_err();
        assert_eq!((&*rejection.code, &*rejection.violations[0].pointer), ("invalid_body", pointer), "{wrong}");
    }
    assert!(
        serde_json::from_value::<Goals>(json!({ "targets": [{ "exercise": SQUAT, "load": { "kg": -5 } }] })).is_err()
    );
    let endurance = goals(json!({ "focus": ["endurance"], "targets": [{ "exercise": SQUAT, "load": { "kg": 140 } }] }));
    assert_eq!(lane.when(command(101, 1, endurance.clone())).events.len(), 1);
    assert_eq!(lane.when(command(102, 1, endurance)).events.len(), 0, "nothing new");
    let ready = lane.when(event(103, completed(8, session(8)))).bodies().into_iter().find_map(self::ready).unwrap();
    assert!(ready.recommendation.lifts.iter().all(|lift| lift.reps > 6), "{:?}", ready.recommendation.lifts);
    let counsel = lane.row::<CounselRow>(&(person(1),)).unwrap();
    assert!(counsel.goals.focus.contains(&Focus::Endurance));
}

#[test]
fn what_a_plan_asked_for_is_known_where_the_log_says_so() {
    let planned = |recommendation_id: Option<Uuid>| {
        let mut done = workout(0, &[(SQUAT, 80.0, 5)]);
        done.exercises[0].planned = Some(
            serde_json::from_value(json!({ "load": { "kg": 80 }, "reps": 6, "recommendation_id": recommendation_id }))
                .unwrap(),
        );
        Note::new(workout_id(1), id(1), &done).workout().exercises[0].planned.unwrap()
    };
    assert!(planned(Some(id(9))).is_coachs && !planned(None).is_coachs);
    assert_eq!((planned(None).load_kg, planned(None).reps), (80.0, 6));
}

#[test]
fn a_state_that_another_model_wrote_is_not_read_but_folded_again() {
    let (mut older, _) = trained(20);
    // As if the version before this one had written it.
    let mut row = older.row::<SnapshotRow>(&(person(1), 16)).unwrap().clone();
    assert!(Training::from_bytes(&row.training).is_ok());
    row.training[0] -= 1;
    older.plant(&row);
    older.restart();
    let next = event(200, completed(20, session(20)));
    let (mut right, _) = trained(20);
    right.restart();
    assert_eq!(older.when(next.clone()).bodies(), right.when(next).bodies());
}

#[test]
fn a_log_that_is_nonsense_is_learnt_from_as_far_as_it_goes() {
    let mut lane = lane();
    let mut number = 0;
    let mut log = |start: &str, kg: f64, reps: u32, sets: usize| {
        let set = json!({ "reps": reps, "load": { "kg": kg } });
        let workout = serde_json::from_value(json!({
            "started_at": start, "exercises": [{ "exercise": SQUAT, "sets": vec![set; sets] }, { "exercise": "pull-up", "sets": [{ "reps": reps }] }]
        }));
        number += 1;
        lane.when(event(number, completed(number, workout.unwrap()))).bodies()
    };
    for (kg, reps) in [(0.0, 1), (0.0, 1000), (2000.0, 1), (2000.0, 1000), (0.01, 20)] {
        for start in
            ["1970-01-01T00:00:00+14:00", "2199-12-31T23:59:59-12:00", "2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"]
        {
            log(start, kg, reps, 250);
        }
    }
    // One lift, over and over.
    for minute in 0..400 {
        log(&format!("2026-12-{:02}T{:02}:{:02}:00Z", 1 + minute / 200, minute / 60 % 24, minute % 60), 60.0, 5, 1);
    }
    assert_eq!(lane.row::<LearnerRow>(&(person(1),)).unwrap().workouts, 420);
    assert_eq!(lane.replayed(&plyo_nats::testing::Delivery::in_batches(50)).tables(), lane.tables());
}
