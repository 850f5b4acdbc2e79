//! Who is given less than the models would give.

use jiff::civil::date;

use super::*;
use crate::domain::{
    event::DismissalReason,
    exercise::Joint,
    profile::{Injury, Screening},
    safety::Rule,
};

/// Met every repetition with ease: the models want to go up.
fn rising() -> (Lifter, i64) {
    let mut lifter = Lifter::new();
    let last = lifter.trains_for(6, &[(BENCH, &three(60.0, 5, Some(6.0))), (SQUAT, &three(80.0, 5, Some(6.0)))]);
    (lifter, last)
}

#[test]
fn nobody_under_thirteen_is_given_a_load() {
    let (mut lifter, last) = rising();
    // 13 this year, maybe not yet.
    lifter.profile.birth_year = Some(2013);
    for one in lifter.recommend(last).iter().chain([&lifter.next_load(BENCH, last + 3)]) {
        assert!(one.lifts.iter().all(|lift| lift.load_kg.is_none() && lift.range80_kg.is_none()), "{one:?}");
    }
    let next = lifter.next_load(BENCH, last + 3);
    assert!(next.explanation.safety.contains(&Rule::Child) && told(&lifter, &next).contains("No loads under 13"));
}

#[test]
fn a_teenager_is_given_eight_repetitions_or_more_far_from_the_limit() {
    let (mut lifter, last) = rising();
    lifter.profile.birth_year = Some(2010);
    let next = lifter.next_load(BENCH, last + 3);
    let lift = &next.lifts[0];
    assert!(lift.reps >= 8 && lift.max_rpe <= 7.0 && lift.one_rep_max_kg.is_none() && lift.load_kg <= Some(60.0));
}

#[test]
fn from_65_on_the_steps_are_smaller() {
    let (mut lifter, last) = rising();
    lifter.profile.birth_year = Some(1950);
    let next = lifter.next_load(SQUAT, last + 3);
    assert!(next.lifts[0].load_kg <= Some(82.5) && next.lifts[0].max_rpe <= 8.0, "{next:?}");
}

#[test]
fn a_knee_that_was_reported_sees_no_squat_until_it_is_cleared_and_then_half_of_it() {
    let (mut lifter, last) = rising();
    let injury = Injury { joint: Joint::Knee, since: date(2026, 2, 1), cleared: None };
    lifter.profile.injuries = vec![injury];
    let squat = lifter.next_load(SQUAT, last + 3);
    assert!(squat.lifts.is_empty() && squat.explanation.safety == [Rule::InjuredJoint], "{squat:?}");
    assert!(lifter.recommend(last).iter().all(|one| one.lifts.iter().all(|lift| lift.exercise != slug_of(SQUAT))));
    assert!(lifter.next_load(BENCH, last + 3).lifts[0].load_kg.is_some());

    lifter.profile.injuries = vec![Injury { cleared: Some(Lifter::at(last).date()), ..injury }];
    let back = lifter.next_load(SQUAT, last + 3);
    assert!(back.lifts[0].load_kg <= Some(40.0) && back.lifts[0].max_rpe <= 5.0, "{back:?}");
}

#[test]
fn whoever_is_to_stop_early_and_obeys_is_not_trained_down() {
    let edits: [fn(&mut Profile, i64); 3] = [
        |profile, _| profile.birth_year = Some(2010),
        |profile, _| profile.birth_year = Some(1950),
        |profile, day| {
            let cleared = Some(Lifter::at(day).date());
            profile.injuries = vec![Injury { joint: Joint::Shoulder, since: date(2026, 2, 1), cleared }];
        },
    ];
    for edit in edits {
        let mut lifter = Lifter::new();
        let mut day = lifter.trains_for(6, &[(BENCH, &three(60.0, 8, None))]);
        edit(&mut lifter.profile, day);
        let mut before = 0.0;
        for _ in 0..12 {
            day += 3;
            let next = lifter.next_load(BENCH, day);
            let (load, reps) = (next.lifts[0].load_kg.unwrap(), next.lifts[0].reps);
            let now = load * (1.0 + f64::from(reps) / 30.0);
            assert!(now >= before - 1e-6, "{before} {}", told(&lifter, &next));
            before = now;
            lifter.follows(day, BENCH, (load, reps, true), &three(load, reps, None));
        }
    }
}

#[test]
fn what_hurt_does_not_rise_and_after_three_times_it_is_gone() {
    let (mut lifter, last) = rising();
    let bench = slug_of(BENCH);
    lifter.dismisses(last, Kind::NextLoad, bench.as_str(), Some(DismissalReason::Hurts));
    assert!(lifter.next_load(BENCH, last + 3).lifts[0].load_kg <= Some(60.0));
    for day in [last + 1, last + 2] {
        lifter.dismisses(day, Kind::NextLoad, bench.as_str(), Some(DismissalReason::Hurts));
    }
    let gone = lifter.next_load(BENCH, last + 3);
    assert!(gone.lifts.is_empty() && gone.explanation.safety == [Rule::Excluded], "{gone:?}");
}

#[test]
fn a_set_at_the_limit_is_followed_by_no_rise() {
    let (mut lifter, last) = rising();
    lifter.trains(last + 3, &[(BENCH, &three(62.5, 5, Some(10.0)))]);
    assert!(lifter.next_load(BENCH, last + 5).lifts[0].load_kg <= Some(62.5));
}

#[test]
fn a_questionnaire_that_asks_for_clearance_stops_the_advice() {
    let (mut lifter, last) = rising();
    lifter.profile.screening = Screening::NeedsClearance;
    let all = lifter.recommend(last);
    assert!(all.len() == 1 && all[0].lifts.is_empty() && told(&lifter, &all[0]).contains("professional"));
}

#[test]
fn a_full_week_keeps_what_is_usual_and_bounds_what_is_added() {
    let mut lifter = Lifter::new();
    let many = [(60.0, 8, None); 8];
    let last = lifter.trains_for(5, &[(BENCH, &many)]);
    let next = next_session(&lifter.on(last), Lifter::at(last + 1));
    assert_eq!((next.lifts.len(), next.lifts[0].load_kg), (1, Some(60.0)), "{}", told(&lifter, &next));
    assert!(next.lifts[0].sets >= 6, "{next:?}");
    let added = lifter.next_load("Bench Press (Dumbbell)", last + 1);
    assert!(added.lifts[0].sets == 1 && added.explanation.safety.contains(&Rule::Volume), "{added:?}");
}
