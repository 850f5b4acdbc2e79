//! Logs that nobody should have: a safe recommendation or none, and why.

use proptest::prelude::*;

use super::*;
use crate::domain::profile::{Condition, Experience, Goal, Unit};

#[test]
fn pounds_logged_as_kilograms_are_asked_about_and_not_built_on() {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(4, &[(BENCH, &three(60.0, 8, None))]);
    lifter.trains(last + 3, &[(BENCH, &three(132.5, 8, None))]);
    let all = lifter.recommend(last + 3);
    assert_eq!((all[0].kind, all[0].headline), (None, Headline::CheckEntry));
    let text = told(&lifter, &all[0]);
    assert!(
        text.starts_with("Barbell bench press: is 132.5 kg right?") && text.contains("60.1 kg would fit"),
        "{text}"
    );
    let mut bench = all.iter().flat_map(|one| &one.lifts).filter(|lift| lift.exercise == slug_of(BENCH));
    assert!(bench.all(|lift| lift.load_kg.is_none()), "{all:?}");
    // Said again, it is believed.
    lifter.trains(last + 6, &[(BENCH, &three(132.5, 8, None))]);
    assert!(lifter.recommend(last + 6).iter().all(|one| one.headline != Headline::CheckEntry));
}

#[test]
fn from_the_fifth_time_on_a_load_is_held_against_the_median_of_the_last_five() {
    let is_doubted = |before: &[f64], last: f64| {
        let mut lifter = Lifter::new();
        for (day, load) in before.iter().chain([&last]).enumerate() {
            lifter.trains(3 * day as i64, &[(BENCH, &three(*load, 8, None))]);
        }
        lifter.next_load(BENCH, 60).headline == Headline::CheckEntry
    };
    assert!(!is_doubted(&[60.0; 3], 132.5));
    assert!(is_doubted(&[60.0; 4], 132.5));
    // One slip among the last five moves no median, and what was before them counts no more.
    assert!(!is_doubted(&[60.0, 60.0, 132.5, 60.0, 60.0], 65.0));
    assert!(!is_doubted(&[30.0, 30.0, 30.0, 60.0, 60.0, 60.0, 60.0, 60.0], 75.0));
}

#[test]
fn an_exercise_that_nobody_knows_is_given_no_load() {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(3, &[("Ohio State", &three(60.0, 8, None))]);
    let next = lifter.next_load("Ohio State", last + 3);
    assert!(next.lifts.is_empty() && codes(&next) == [Code::UnknownExercise], "{next:?}");
    assert!(!lifter.recommend(last).is_empty());
}

#[test]
fn one_exercise_is_enough() {
    let mut lifter = Lifter::new();
    lifter.trains(0, &[(CURL, &three(12.5, 10, None))]);
    let all = lifter.recommend(0);
    assert!((1..=MAX_SHOWN).contains(&all.len()), "{all:?}");
}

#[test]
fn equipment_that_is_all_gone_leaves_the_body() {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(4, &[(BENCH, &three(60.0, 8, None))]);
    lifter.profile.equipment = Some([].into());
    for one in lifter.recommend(last) {
        let needs = one.lifts.iter().flat_map(|lift| &lifter.exercises.get(&lift.exercise).unwrap().equipment);
        assert_eq!(needs.count(), 0, "{one:?}");
    }
}

/// More with `PLYO_COACH_LOGS=5000`.
fn cases() -> u32 {
    std::env::var("PLYO_COACH_LOGS").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

fn sets() -> impl Strategy<Value = Vec<Done>> {
    let load = prop_oneof![
        8 => 0.0..150.0f64,
        1 => prop::sample::select(vec![0.0, -5.0, 2000.0, f64::NAN, f64::INFINITY, 1e300, 220.46]),
    ];
    let reps = prop_oneof![8 => 1..15u16, 1 => prop::sample::select(vec![0, 200, u16::MAX])];
    let rpe = prop::option::of(prop_oneof![8 => 5.0..10.0f64, 1 => prop::sample::select(vec![f64::NAN, -3.0, 99.0])]);
    prop::collection::vec((load, reps, rpe), 0..5)
}

fn profiles() -> impl Strategy<Value = Profile> {
    let goals =
        prop::collection::btree_set(prop::sample::select(vec![Goal::Strength, Goal::Size, Goal::Endurance]), 0..3);
    let birth_year = prop::option::of(1900..2035i16);
    let step = prop::option::of(prop::sample::select(vec![0.0, -1.0, 0.5, 2.0, 10.0, f64::NAN]));
    let conditions = prop::collection::btree_set(Just(Condition::ChestPain), 0..2);
    (goals, birth_year, step, conditions, any::<bool>(), any::<bool>(), prop::option::of(0..9u8)).prop_map(
        |(goals, birth_year, step, conditions, in_pounds, is_experienced, days_per_week)| Profile {
            goals,
            birth_year,
            steps_kg: step.map(|step| (Equipment::Barbell, step)).into_iter().collect(),
            conditions,
            unit: if in_pounds { Unit::Lb } else { Unit::Kg },
            experience: if is_experienced { Experience::Experienced } else { Experience::Novice },
            days_per_week,
            ..Profile::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn whatever_was_logged_nothing_unsafe_is_said(
        profile in profiles(),
        log in prop::collection::vec((0..9i64, prop::collection::vec((0..NAMES.len(), sets()), 1..5)), 0..30),
        // Also before the last workout: a clock may go backwards.
        later in -40..60i64,
    ) {
        let mut lifter = Lifter { profile, ..Lifter::new() };
        let mut day = 0;
        for (gap, workout) in &log {
            day += gap;
            let workout: Vec<(&str, &[Done])> = workout.iter().map(|(name, sets)| (NAMES[*name], &sets[..])).collect();
            lifter.trains(day, &workout);
        }
        let all = lifter.recommend(day + later);
        prop_assert!(all.len() <= MAX_SHOWN);
        prop_assert_eq!(&all, &lifter.recommend(day + later));
        prop_assert!(all.iter().all(|one| one.explanation.reasons.len() <= 3 && one.propensity > 0.0));
        prop_assert_eq!(audit(&lifter.on(day + later)).violations, 0);
    }
}
