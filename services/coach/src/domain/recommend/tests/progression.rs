//! How loads and repetitions go up and down, and through which loads.

use super::*;
use crate::domain::{
    reasons::{Otherwise, Param, Value},
    safety::Rule,
};

fn asked(one: &Recommendation) -> (f64, u16) {
    (one.lifts[0].load_kg.unwrap(), one.lifts[0].reps)
}

/// Load × repetitions as one repetition.
fn value((load_kg, reps): (f64, u16)) -> f64 {
    load_kg * (1.0 + f64::from(reps) / 30.0)
}

#[test]
fn a_lifter_who_met_every_rep_with_ease_is_asked_for_one_more() {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(3, &[(BENCH, &three(60.0, 8, Some(7.0)))]);
    let next = lifter.next_load(BENCH, last + 3);
    assert_eq!((asked(&next), next.lifts[0].sets), ((60.0, 9), 3), "{}", told(&lifter, &next));
    assert!(codes(&next).contains(&Code::RepsTargetMet) && codes(&next).contains(&Code::RpeLow));
    let otherwise = next.explanation.counterfactual.as_ref().unwrap();
    assert_eq!((otherwise.code, &otherwise.params[&Param::Load]), (Otherwise::FewerRepsIfMissed, &Value::Load(60.0)));
    assert!(next.explanation.reasons.iter().all(|reason| !reason.evidence.event_ids.is_empty()));
    assert!(told(&lifter, &next).starts_with("Barbell bench press: 3 × 9 with 60 kg You did 8 repetitions"));
}

#[test]
fn at_the_top_of_the_usual_repetitions_the_load_takes_a_step() {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(3, &[(BENCH, &three(60.0, 8, Some(8.0)))]);
    lifter.follows(last + 3, BENCH, (60.0, 11, true), &three(60.0, 11, Some(7.0)));
    let next = lifter.next_load(BENCH, last + 6);
    assert!(next.lifts[0].load_kg == Some(62.5) && next.lifts[0].reps < 11, "{}", told(&lifter, &next));
    assert!(value(asked(&next)) >= value((60.0, 11)));
}

#[test]
fn without_an_rpe_it_takes_two_sessions_to_earn_more() {
    let mut lifter = Lifter::new();
    for day in [0, 3, 6, 9] {
        lifter.trains(day, &[(BENCH, &three(57.5, 8, None))]);
    }
    lifter.trains(12, &[(BENCH, &three(60.0, 8, None))]);
    assert_eq!(asked(&lifter.next_load(BENCH, 15)), (60.0, 8));
    lifter.trains(15, &[(BENCH, &three(60.0, 8, None))]);
    let next = lifter.next_load(BENCH, 18);
    assert_eq!(asked(&next), (60.0, 9), "{}", told(&lifter, &next));
}

#[test]
fn what_was_just_done_well_is_never_followed_by_less() {
    for (load, reps, rpe) in [(60.0, 8, None), (32.5, 12, Some(9.0)), (100.0, 3, Some(8.0)), (12.0, 15, Some(6.0))] {
        let mut lifter = Lifter::new();
        lifter.trains_for(4, &[(BENCH, &three(0.9 * load, reps, rpe))]);
        lifter.trains(28, &[(BENCH, &three(load, reps, rpe))]);
        let next = lifter.next_load(BENCH, 31);
        assert!(value(asked(&next)) >= value((load, reps)) - 1e-6, "{}", told(&lifter, &next));
    }
}

#[test]
fn a_set_short_of_its_plan_means_less_and_one_that_was_met_does_not() {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(3, &[(BENCH, &three(60.0, 8, None))]);
    let short = [(60.0, 8, None), (60.0, 7, None), (60.0, 5, None)];
    lifter.follows(last + 3, BENCH, (60.0, 8, false), &short);
    let next = lifter.next_load(BENCH, last + 5);
    assert!(value(asked(&next)) < value((60.0, 8)) && codes(&next).contains(&Code::RepsMissed), "{next:?}");
    lifter.follows(last + 5, BENCH, (60.0, 8, false), &short);
    let again = lifter.next_load(BENCH, last + 7);
    assert!(value(asked(&again)) < value(asked(&next)) && codes(&again).contains(&Code::RepsMissedTwice), "{again:?}");
    // Five were planned, and five were done.
    lifter.follows(last + 7, BENCH, (60.0, 5, false), &[(60.0, 8, None), (60.0, 5, None)]);
    assert!(!codes(&lifter.next_load(BENCH, last + 9)).contains(&Code::RepsMissed));
}

#[test]
fn a_single_is_no_triple_that_fell_short() {
    let mut lifter = Lifter::new();
    lifter.trains_for(3, &[(BENCH, &[(100.0, 3, None), (100.0, 3, None), (100.0, 1, None)])]);
    assert!(!codes(&lifter.next_load(BENCH, 20)).contains(&Code::RepsMissed));
}

#[test]
fn a_ramp_is_one_set_and_not_five() {
    let mut lifter = Lifter::new();
    let ramp = [70.0, 110.0, 140.0, 160.0, 180.0].map(|load| (load, 3, None));
    let last = lifter.trains_for(3, &[(SQUAT, &ramp)]);
    let next = lifter.next_load(SQUAT, last + 3);
    assert_eq!(next.lifts[0].sets, 1, "{}", told(&lifter, &next));
    assert!(told(&lifter, &next).contains("lighter sets"), "{}", told(&lifter, &next));
}

#[test]
fn a_stack_of_seven_kilograms_and_dumbbells_by_two_keep_their_steps() {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(
        3,
        &[
            (ROW, &[(35.0, 10, None), (42.0, 10, None), (49.0, 10, Some(5.0))]),
            (CURL, &[(8.0, 10, None), (10.0, 10, None), (12.0, 14, Some(5.0))]),
        ],
    );
    for _ in 0..6 {
        for (name, step) in [(ROW, 7.0), (CURL, 2.0)] {
            let (load, _) = asked(&lifter.next_load(name, last + 3));
            assert!((load / step - (load / step).round()).abs() < 1e-6, "{name}: {load}");
        }
    }
}

#[test]
fn a_lift_that_rests_while_its_muscle_works_neither_falls_nor_rises() {
    let mut lifter = Lifter::new();
    lifter.trains_for(3, &[(BENCH, &three(60.0, 8, Some(6.0)))]);
    for day in (21..56).step_by(3) {
        lifter.trains(day, &[("Bench Press (Dumbbell)", &three(22.5, 8, Some(8.0)))]);
    }
    let next = lifter.next_load(BENCH, 57);
    assert_eq!(asked(&next), (60.0, 8), "{}", told(&lifter, &next));
    assert!(!next.explanation.safety.contains(&Rule::LayOff));
}

#[test]
fn time_away_cuts_to_the_nearest_step() {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(4, &[(BENCH, &three(60.0, 8, Some(8.0)))]);
    let next = lifter.next_load(BENCH, last + 35);
    // 54 kg would be nine tenths.
    assert_eq!(next.lifts[0].load_kg, Some(55.0), "{}", told(&lifter, &next));
    assert!(next.lifts[0].range80_kg.unwrap().0 <= 55.0);
}

#[test]
fn on_the_first_day_nothing_is_heavier_than_the_least_load_there_is() {
    let lifter = Lifter::new();
    assert_eq!(lifter.next_load(BENCH, 0).lifts[0].load_kg, Some(20.0));
    assert_eq!(lifter.next_load("Leg Press (Machine)", 0).lifts[0].load_kg, Some(2.5));
    assert_eq!(lifter.next_load("Push Up", 0).lifts[0].load_kg, None);
}

#[test]
fn less_help_is_better_and_a_miss_brings_more() {
    let name = "Pull Up (Assisted)";
    let mut lifter = Lifter::new();
    lifter.exercises = NAMES.into_iter().chain([name]).map(named::exercise).collect();
    let help = |day| [(name, three(30.0 - f64::from(day), 8, Some(8.0)))];
    for day in [0, 5] {
        lifter.trains(i64::from(day), &help(day).each_ref().map(|(name, sets)| (*name, &sets[..])));
    }
    lifter.follows(7, name, (25.0, 10, true), &three(25.0, 10, Some(7.0)));
    let less = lifter.next_load(name, 10);
    assert!(asked(&less).0 < 25.0 && told(&lifter, &less).contains("of help"), "{}", told(&lifter, &less));
    lifter.follows(10, name, (25.0, 10, true), &three(25.0, 7, None));
    assert!(asked(&lifter.next_load(name, 13)).0 > 25.0);
}

#[test]
fn two_machines_under_one_name_are_asked_about_and_the_lighter_one_counts() {
    let mut lifter = Lifter::new();
    for day in 0..8 {
        lifter.trains(3 * day, &[(ROW, &three(if day % 2 == 0 { 40.0 } else { 70.0 }, 10, None))]);
    }
    let next = lifter.next_load(ROW, 24);
    assert!(codes(&next).contains(&Code::TwoMachines), "{}", told(&lifter, &next));
    assert!(next.lifts[0].load_kg.unwrap() < 50.0, "{}", told(&lifter, &next));
}

#[test]
fn whoever_is_refused_is_told_what_may_be_done_instead() {
    let mut lifter = Lifter::new();
    lifter.trains_for(2, &[(SQUAT, &three(80.0, 5, None))]);
    let refused = lifter.next_load("Ohio State", 14);
    assert!(refused.explanation.counterfactual.is_some(), "{refused:?}");
    lifter.profile.conditions = [crate::domain::profile::Condition::Pregnancy].into();
    let refused = lifter.next_load(SQUAT, 14);
    assert_eq!(refused.explanation.counterfactual.as_ref().unwrap().code, Otherwise::AfterClearance);
    assert!(!refused.explanation.reasons.is_empty());
}
