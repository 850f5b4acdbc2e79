//! What hurts, and what bores.

use super::*;
use crate::domain::event::DismissalReason;

const FLY: &str = "Chest Fly (Machine)";
const DUMBBELLS: &str = "Bench Press (Dumbbell)";

/// The bench press hurts after four weeks of it, flies, dumbbells and rows.
fn sore() -> (Lifter, i64) {
    let mut lifter = Lifter::new();
    let sets =
        [(BENCH, 60.0), (FLY, 40.0), (DUMBBELLS, 22.5), (ROW, 50.0)].map(|(name, kg)| (name, three(kg, 8, None)));
    let last = lifter.trains_for(4, &sets.each_ref().map(|(name, sets)| (*name, &sets[..])));
    lifter.dismisses(last, Kind::NextLoad, slug_of(BENCH).as_str(), Some(DismissalReason::Hurts));
    (lifter, last)
}

#[test]
fn the_load_of_what_hurts_is_halved_once() {
    let (mut lifter, last) = sore();
    let next = lifter.next_load(BENCH, last + 2);
    assert_eq!((next.lifts[0].load_kg, next.lifts[0].reps), (Some(30.0), 8), "{}", told(&lifter, &next));
    assert_eq!(codes(&next)[0], Code::PainSub);
    lifter.follows(last + 2, BENCH, (30.0, 8, true), &three(30.0, 8, None));
    let again = lifter.next_load(BENCH, last + 4);
    assert_eq!(again.lifts[0].load_kg, Some(30.0), "{}", told(&lifter, &again));
}

#[test]
fn its_movement_is_left_out_for_two_weeks() {
    let (lifter, last) = sore();
    let holds = |day: i64, name: &str| {
        let next = next_session(&lifter.on(day), Lifter::at(day + 1));
        next.lifts.iter().any(|lift| lift.exercise == slug_of(name))
    };
    assert!(!holds(last + 1, BENCH) && !holds(last + 1, DUMBBELLS) && holds(last + 1, ROW) && holds(last + 1, FLY));
    assert!(!holds(last + 15, BENCH) && holds(last + 15, DUMBBELLS));
}

#[test]
fn instead_of_it_comes_another_pattern_that_spares_the_joints_and_begins_with_half() {
    let (lifter, last) = sore();
    let other = substitute(&lifter.on(last + 1), &slug_of(BENCH), Why::Pain);
    assert_eq!(other.lifts[0].exercise, slug_of(FLY), "{}", told(&lifter, &other));
    assert!(other.lifts[0].load_kg.is_some_and(|kg| kg > 0.0 && kg <= 20.0), "{other:?}");
    assert!(codes(&other).contains(&Code::PainSub));
}

#[test]
fn whoever_is_bored_gets_another_exercise_of_the_pattern() {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(2, &[(BENCH, &three(60.0, 8, None)), (FLY, &three(40.0, 8, None))]);
    let other = substitute(&lifter.on(last), &slug_of(BENCH), Why::Boredom);
    assert_eq!(other.lifts[0].exercise, slug_of(DUMBBELLS), "{}", told(&lifter, &other));
}

#[test]
fn help_grows_where_it_hurts() {
    let name = "Pull Up (Assisted)";
    let mut lifter = Lifter::new();
    lifter.exercises = NAMES.into_iter().chain([name]).map(named::exercise).collect();
    lifter.trains(0, &[(name, &three(30.0, 8, Some(7.0)))]);
    lifter.dismisses(1, Kind::NextLoad, slug_of(name).as_str(), Some(DismissalReason::Hurts));
    let next = lifter.next_load(name, 3);
    assert!(next.lifts[0].load_kg.unwrap() > 30.0, "{}", told(&lifter, &next));
}
