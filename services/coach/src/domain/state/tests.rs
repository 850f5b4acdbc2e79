//! Stories and properties of what is remembered of a person.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::date};
use plyo_events::{EventId, WorkoutId, training::ExerciseSlug};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Ask, Guidance, History, Knowledge, Training,
    stored::{MAX_BYTES, Stored, Unreadable, VERSION},
};
use crate::domain::{
    event::{Heart, Kind, Performed, Planned, ProposalEvent, Set, SetKind, Workout, WorkoutEvent},
    exercise::{
        Exercises,
        named::{self, slug_of},
    },
    global::Global,
    profile::Unit,
};

fn workout(number: u32, hours: i64, exercises: Vec<Performed>) -> Workout {
    let id = Uuid::from_u128(u128::from(number));
    Workout {
        id: WorkoutId::new(id),
        event: EventId::derive(id, "completed"),
        start: date(2026, 1, 5).at(18, 0, 0, 0) + hours.hours(),
        minutes: Some(60),
        heart: None,
        routine: None,
        unit: Unit::Kg,
        exercises,
    }
}

fn bench(load_kg: f64, reps: u16) -> Vec<Performed> {
    let set = Set { load_kg, reps, rpe: Some(8.0), kind: SetKind::Working };
    vec![Performed { exercise: slug_of("Bench Press (Barbell)"), sets: vec![set; 3], planned: None }]
}

fn exercises() -> Exercises {
    [named::exercise("Bench Press (Barbell)")].into_iter().collect()
}

fn with_knowledge<T>(run: impl FnOnce(Knowledge<'_>) -> T) -> T {
    run(Knowledge { global: Global::shipped(), exercises: &exercises() })
}

fn fold(workouts: &[Workout]) -> Training {
    with_knowledge(|knowledge| {
        let mut training = Training::new(knowledge.global);
        workouts.iter().for_each(|workout| drop(training.fold(knowledge, workout)));
        training
    })
}

fn forecast(training: &Training, reps: u8) -> Option<super::Forecast> {
    let exercise = &slug_of("Bench Press (Barbell)");
    let ask = Ask { exercise, reps, on: date(2026, 3, 3).at(18, 0, 0, 0), step_kg: 2.5, routine: None };
    with_knowledge(|knowledge| training.forecast(knowledge, &ask))
}

#[test]
fn whoever_always_lifts_the_same_is_foreseen_to_do_so_and_less_for_more_repetitions() {
    let workouts: Vec<Workout> =
        (0..20).map(|number| workout(number, 72 * i64::from(number), bench(80.0, 5))).collect();
    let training = fold(&workouts);
    let five = forecast(&training, 5).unwrap();
    assert_eq!(five.load_kg, 80.0);
    assert!(five.range80_kg.0 <= 80.0 && 80.0 <= five.range80_kg.1);
    assert!(five.range90_kg.0 <= five.range80_kg.0 && five.range80_kg.1 <= five.range90_kg.1);
    assert!(forecast(&training, 12).unwrap().load_kg <= 80.0);
    assert_eq!(forecast(&Training::default(), 5), None);
}

#[test]
fn the_event_that_told_of_a_session_is_remembered_for_eighty_sessions() {
    let workouts: Vec<Workout> =
        (0..100).map(|number| workout(number, 48 * i64::from(number), bench(80.0, 5))).collect();
    let training = fold(&workouts);
    assert_eq!(training.evidence(99), Some(workouts[99].event));
    assert_eq!(training.evidence(20), Some(workouts[20].event));
    assert_eq!(training.evidence(19), None);
    assert_eq!(training.evidence(100), None);
    assert_eq!(training.span(), Some((workouts[0].start, workouts[99].start)));
}

#[test]
fn absurd_sets_teach_nothing_about_strength() {
    let mut workouts: Vec<Workout> =
        (0..5).map(|number| workout(number, 72 * i64::from(number), bench(80.0, 5))).collect();
    let before = fold(&workouts);
    for (load_kg, reps) in [(2000.0, 5), (80.0, 0), (f64::NAN, 5), (-20.0, 5), (f64::INFINITY, 3), (80.0, 1000)] {
        workouts.push(workout(workouts.len() as u32, 72 * workouts.len() as i64, bench(load_kg, reps)));
    }
    assert_eq!(fold(&workouts).lifts, before.lifts);
}

#[test]
fn state_of_another_version_or_damaged_is_refused() {
    let bytes = fold(&[workout(1, 0, bench(80.0, 5))]).to_bytes();
    let mut other = bytes.clone();
    other[0] = VERSION + 1;
    assert_eq!(Training::from_bytes(&other), Err(Unreadable::Version(VERSION + 1)));
    assert_eq!(Training::from_bytes(&bytes[..bytes.len() - 1]), Err(Unreadable::Damaged));
    assert_eq!(Training::from_bytes(&[bytes.as_slice(), &[0]].concat()), Err(Unreadable::Damaged));
    assert_eq!(Training::from_bytes(&[]), Err(Unreadable::Damaged));
}

#[test]
fn a_lift_that_there_is_no_room_for_keeps_its_last_time_and_goes_on_from_it() {
    let slug = |number: u32| ExerciseSlug::try_from(format!("lift-{number}")).unwrap();
    let set = Set { load_kg: 80.0, reps: 5, rpe: None, kind: SetKind::Working };
    let done = |number| vec![Performed { exercise: slug(number), sets: vec![set; 3], planned: None }];
    let mut training = Training::new(Global::shipped());
    with_knowledge(|knowledge| {
        for number in 0..100 {
            training.fold(knowledge, &workout(number, 24 * i64::from(number), done(number)));
        }
        assert!(!training.lifts.contains_key(&slug(0)));
        assert_eq!(training.lift(&slug(0)).unwrap().last().load_kg, 80.0);
        let lifted = training.fold(knowledge, &workout(100, 2400, done(0)));
        assert!(lifted[0].forecast.is_some() && training.lifts[&slug(0)].sessions == 2);
    });
}

#[test]
fn ranges_do_not_learn_from_what_the_coach_asked_for() {
    let obeyed = |is_coachs| {
        let workouts: Vec<Workout> = (0..40)
            .map(|number| {
                let mut exercises = bench(80.0, 5);
                exercises[0].planned = Some(Planned { load_kg: 80.0, reps: 5, is_coachs });
                workout(number, 72 * i64::from(number), exercises)
            })
            .collect();
        let (low, high) = forecast(&fold(&workouts), 5).unwrap().range80_kg;
        high / low
    };
    assert!(obeyed(true) > 1.1 * obeyed(false), "{} {}", obeyed(true), obeyed(false));
}

/// The most that anybody could do: ever new exercises with names as long as they may be, all rated, for 10,000 sessions.
#[test]
fn ten_thousand_sessions_of_everything_stay_within_their_bound() {
    let rated = Set { load_kg: 123.456, reps: 7, rpe: Some(8.5), kind: SetKind::Working };
    let slug = |number: u32| ExerciseSlug::try_from(format!("{:0>64}", number % 997)).unwrap();
    let training = with_knowledge(|knowledge| {
        let mut training = Training::new(knowledge.global);
        for number in 0..10_000 {
            let performed =
                |place| Performed { exercise: slug(number * 7 + place), sets: vec![rated; 2], planned: None };
            // Many exercises only in those sessions that are remembered at the end: the test shall not take long.
            let exercises = if number < 9_900 { 2 } else { 24 };
            let mut workout = workout(number, 24 * i64::from(number), (0..exercises).map(performed).collect());
            workout.routine = Some(format!("T{number}").into());
            training.fold(knowledge, &workout);
        }
        training
    });
    assert_eq!((training.sessions, training.lifts.len()), (10_000, Training::LIFTS));
    let bytes = training.to_bytes();
    assert!(bytes.len() <= MAX_BYTES - largest_guidance().to_bytes().len(), "{} bytes", bytes.len());
    assert_eq!(Training::from_bytes(&bytes), Ok(training));
}

/// As much as the coach's own proposals can fill.
fn largest_guidance() -> Guidance {
    let (global, mut guidance) = (Global::default(), Guidance::default());
    let at = date(2026, 1, 5).at(18, 0, 0, 0);
    for number in 0..2000_u32 {
        let id = EventId::new(Uuid::from_u128(u128::from(number)));
        let kind = Kind::ALL[number as usize % Kind::COUNT];
        let subject = format!("{number:0>64}").into();
        let circumstances = [1.0, 0.1, -0.3, 2.5, 0.7, -1.1, 0.9, f64::from(number % 13)];
        guidance.fold(&global, &ProposalEvent::Shown { id, at, kind, subject, circumstances, propensity: 0.5 });
        let reason = Some(crate::domain::event::DismissalReason::Hurts);
        if number < 1900 {
            guidance.fold(&global, &ProposalEvent::Dismissed { id, at, reason, exercise: None });
        }
    }
    assert_eq!(Guidance::from_bytes(&guidance.to_bytes()).as_ref(), Ok(&guidance));
    guidance
}

/// A workout of few or strange exercises.
fn any_workout() -> impl Strategy<Value = Workout> {
    let load = prop_oneof![0.0..300.0, Just(0.0), Just(2000.0), Just(f64::NAN), Just(-5.0), Just(f64::MAX), Just(1e-9)];
    let rpe = prop_oneof![Just(None), (1_u8..=20).prop_map(|half| Some(f64::from(half) / 2.0)), Just(Some(f64::NAN))];
    let kind = prop_oneof![Just(SetKind::Warmup), Just(SetKind::Working), Just(SetKind::Drop)];
    let set = (load, 0_u16..40, rpe, kind).prop_map(|(load_kg, reps, rpe, kind)| Set { load_kg, reps, rpe, kind });
    let exercise = prop_oneof![Just("Bench Press (Barbell)"), Just("Squat (Barbell)"), Just("Plank")];
    let performed = (exercise, prop::collection::vec(set, 0..5)).prop_map(|(name, sets)| Performed {
        exercise: slug_of(name),
        sets,
        planned: None,
    });
    let heart = prop_oneof![Just(None), Just(Some(Heart { mean: f64::NAN, rest: 60.0, max: 60.0, is_female: true }))];
    let exercises = prop::collection::vec(performed, 0..4);
    (0_u32..40, -20_000_i64..20_000, exercises, heart, prop::option::of("[ab]")).prop_map(
        |(number, hours, exercises, heart, routine)| Workout {
            heart,
            routine: routine.map(Into::into),
            ..workout(number, hours, exercises)
        },
    )
}

fn any_event() -> impl Strategy<Value = WorkoutEvent> {
    prop_oneof![
        4 => any_workout().prop_map(WorkoutEvent::Completed),
        1 => any_workout().prop_map(WorkoutEvent::Corrected),
        1 => (0_u128..40).prop_map(|number| WorkoutEvent::Deleted(WorkoutId::new(Uuid::from_u128(number)))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_order_the_events_come_in_the_state_is_the_fold_of_what_is_true(
        events in prop::collection::vec(any_event(), 0..120)
    ) {
        let exercises = exercises();
        let knowledge = Knowledge { global: Global::shipped(), exercises: &exercises };
        let mut history = History::new(knowledge);
        let mut truth: BTreeMap<WorkoutId, Workout> = BTreeMap::new();
        let mut deleted = Vec::new();
        for event in events {
            match &event {
                WorkoutEvent::Completed(workout) if !deleted.contains(&workout.id) => {
                    truth.entry(workout.id).or_insert_with(|| workout.clone());
                }
                WorkoutEvent::Corrected(workout) if !deleted.contains(&workout.id) => {
                    truth.insert(workout.id, workout.clone());
                }
                WorkoutEvent::Deleted(id) => {
                    truth.remove(id);
                    deleted.push(*id);
                }
                _ => {}
            }
            history.apply(knowledge, event.clone());
            history.apply(knowledge, event);
        }
        let mut workouts: Vec<Workout> = truth.into_values().collect();
        workouts.sort_by_key(|workout| (workout.start, workout.id.uuid()));
        prop_assert_eq!(history.training().to_bytes(), fold(&workouts).to_bytes());
        prop_assert_eq!(history.workouts().count(), workouts.len());
    }

    #[test]
    fn nothing_that_is_logged_makes_a_number_that_is_none(workouts in prop::collection::vec(any_workout(), 1..60)) {
        let mut workouts = workouts;
        workouts.sort_by_key(|workout| workout.start);
        let training = fold(&workouts);
        // A number that is none equals nothing, not even itself.
        prop_assert_eq!(&training, &training.clone());
        for (exercise, lift) in &training.lifts {
            for reps in [1, 8, 20] {
                let ask = Ask { exercise, reps, on: date(2030, 1, 1).at(0, 0, 0, 0), step_kg: 2.5, routine: None };
                let forecast = with_knowledge(|knowledge| training.forecast(knowledge, &ask)).unwrap();
                let (low, high) = forecast.range90_kg;
                prop_assert!(forecast.load_kg.is_finite() && low.is_finite() && high.is_finite());
                prop_assert!(0.0 < low && low <= forecast.exact_kg && forecast.exact_kg <= high);
            }
            prop_assert!(lift.strength.level().is_finite() && lift.surprise.is_finite());
            prop_assert!(lift.expected_rpe(100.0, 5).is_none_or(|rpe| (5.0..=10.0).contains(&rpe)));
            prop_assert!(lift.is_rising(4).is_none_or(|chance| (0.0..=1.0).contains(&chance)));
        }
    }
}
