//! Stories of the bandit: what is welcome is proposed more, and nothing becomes absurd.

use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::ChaCha8Rng};
use rand_distr::{Distribution as _, StandardNormal};

use super::*;

/// So many random circumstances, the bias first.
fn moments(count: usize, seed: u64) -> Vec<Circumstances> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = move || {
        let mut circumstances: Circumstances = std::array::from_fn(|_| StandardNormal.sample(&mut random));
        circumstances[0] = 1.0;
        circumstances
    };
    std::iter::repeat_with(&mut draw).take(count).collect()
}

fn fresh(circumstances: &Circumstances) -> Features {
    Shown::default().features(Kind::Deload, circumstances)
}

#[test]
fn what_is_accepted_again_and_again_is_proposed_before_what_is_dismissed() {
    let (mut bandit, prior) = (Bandit::default(), Prior::default());
    for moment in moments(30, 1) {
        bandit.learn(&prior, Kind::NextLoad, &fresh(&moment), Outcome::Accepted);
        bandit.learn(&prior, Kind::Deload, &fresh(&moment), Outcome::Dismissed);
    }
    let usual = fresh(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let score = |kind| bandit.welcome(&prior, kind, &usual).score();
    assert!(score(Kind::NextLoad) > score(Kind::Plateau), "an unknown kind comes after a liked one");
    assert!(score(Kind::Plateau) > score(Kind::Deload), "and before a disliked one");
}

#[test]
fn a_kind_that_is_liked_only_at_the_weekend_is_proposed_only_there() {
    let (mut bandit, prior) = (Bandit::default(), Prior::default());
    for moment in moments(200, 2) {
        let outcome = if moment[4] > 0.0 { Outcome::Followed } else { Outcome::Dismissed };
        bandit.learn(&prior, Kind::Routine, &fresh(&moment), outcome);
    }
    let mean =
        |weekend| bandit.welcome(&prior, Kind::Routine, &fresh(&[1.0, 0.0, 0.0, 0.0, weekend, 0.0, 0.0, 0.0])).mean;
    assert!(mean(1.0) > 0.2 && mean(-1.0) < -0.2);
}

#[test]
fn a_new_person_is_expected_to_like_what_others_like_and_soon_to_have_a_taste_of_their_own() {
    let mut others = Pooled::default();
    moments(300, 3).iter().for_each(|moment| others.learn(Kind::Return, &fresh(moment), Outcome::Followed));
    let (mut bandit, prior) = (Bandit::default(), others.prior());
    let usual = fresh(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert!(bandit.welcome(&prior, Kind::Return, &usual).mean > 0.45);
    for moment in moments(60, 4) {
        bandit.learn(&prior, Kind::Return, &fresh(&moment), Outcome::Dismissed);
    }
    assert!(bandit.welcome(&prior, Kind::Return, &usual).mean < -0.2);
}

#[test]
fn the_first_answer_changes_nothing_that_was_expected_of_other_kinds() {
    let (mut bandit, prior) = (Bandit::default(), Prior::default());
    let moment = fresh(&moments(1, 5)[0]);
    let before = bandit.welcome(&prior, Kind::Return, &moment);
    bandit.learn(&prior, Kind::Deload, &moment, Outcome::Dismissed);
    assert_eq!(bandit.welcome(&prior, Kind::Return, &moment), before);
}

#[test]
fn the_step_of_sherman_and_morrison_gives_the_inverse_and_the_ridge_solution() {
    let (mut bandit, prior) = (Bandit::default(), Prior::default());
    let (mut gram, mut sum) = (Square::identity() * RIDGE, Features::zeros());
    for (at, moment) in moments(500, 6).iter().enumerate() {
        let features = fresh(moment);
        let outcome = [Outcome::Followed, Outcome::Accepted, Outcome::Dismissed][at % 3];
        bandit.learn(&prior, Kind::Deload, &features, outcome);
        gram += features * features.transpose();
        sum += features * (outcome.reward() - CENTRE);
    }
    let inverse = gram.try_inverse().unwrap();
    for moment in moments(20, 7) {
        let (features, solution) = (fresh(&moment), inverse * sum);
        let welcome = bandit.welcome(&prior, Kind::Deload, &features);
        assert!((welcome.mean - solution.dot(&features)).abs() < 1e-12);
        assert!((welcome.deviation - features.dot(&(inverse * features)).sqrt()).abs() < 1e-12);
    }
}

#[test]
fn advice_that_is_followed_weeks_after_it_was_accepted_counts_as_if_that_had_been_known_at_once() {
    let (mut late, prior) = (Bandit::default(), Prior::default());
    let mut at_once = Bandit::default();
    let moments = moments(40, 8);
    late.learn(&prior, Kind::Deload, &fresh(&moments[0]), Outcome::Accepted);
    at_once.learn(&prior, Kind::Deload, &fresh(&moments[0]), Outcome::Followed);
    for moment in &moments[1..] {
        late.learn(&prior, Kind::Deload, &fresh(moment), Outcome::Dismissed);
        at_once.learn(&prior, Kind::Deload, &fresh(moment), Outcome::Dismissed);
    }
    late.revise(Kind::Deload, &fresh(&moments[0]), Outcome::Accepted, Outcome::Followed);
    let usual = fresh(&moments[5]);
    let mean = |bandit: &Bandit| bandit.welcome(&prior, Kind::Deload, &usual).mean;
    assert!((mean(&late) - mean(&at_once)).abs() < 1e-12);
}

#[test]
fn the_more_of_a_kind_was_shown_the_more_it_counts_as_shown_lately() {
    let mut shown = Shown::default();
    (0..100).for_each(|_| shown.note(Kind::Deload));
    assert!((shown.lately(Kind::Deload) - 2.5).abs() < 1e-9);
    (0..20).for_each(|_| shown.note(Kind::Return));
    assert!(shown.lately(Kind::Deload) < 1e-3);
    assert_eq!(shown.features(Kind::Deload, &[1.0; 8])[8], shown.lately(Kind::Deload));
}

#[test]
fn the_logged_propensity_is_how_often_a_place_is_really_taken() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut taken = [0_u32; 5];
    let mut logged = [0.0; 5];
    for _ in 0..200_000 {
        let choice = explore(3, 5, &mut random);
        taken[choice.place] += 1;
        logged[choice.place] = choice.propensity;
    }
    assert!((logged.iter().sum::<f64>() - 1.0).abs() < 1e-12, "the propensities of all places make 1");
    for (taken, logged) in taken.iter().zip(logged) {
        assert!((f64::from(*taken) / 200_000.0 - logged).abs() < 0.001);
    }
    assert_eq!(explore(0, 1, &mut random), Choice { place: 0, propensity: 1.0 });
}

#[test]
fn a_person_who_answered_to_everything_fits_in_eight_kibibytes_and_is_read_back_as_written() {
    let (mut bandit, prior) = (Bandit::default(), Prior::default());
    for (moment, kind) in moments(100, 10).iter().zip(Kind::ALL.iter().cycle()) {
        bandit.learn(&prior, *kind, &fresh(moment), Outcome::Accepted);
    }
    let bytes = postcard::to_allocvec(&bandit).unwrap();
    assert!(bytes.len() <= 8 * 1024, "{} bytes", bytes.len());
    assert_eq!(postcard::from_bytes::<Bandit>(&bytes).unwrap(), bandit);
    assert!(postcard::to_allocvec(&Bandit::default()).unwrap().len() <= 10, "who answered to nothing costs nothing");
}

proptest! {
    #[test]
    fn absurd_circumstances_leave_every_expectation_a_number(
        events in prop::collection::vec((prop::array::uniform8(prop::num::f64::ANY), 0..10_usize, 0..3_usize), 1..200),
    ) {
        let (mut bandit, mut pooled, mut shown) = (Bandit::default(), Pooled::default(), Shown::default());
        for (circumstances, kind, outcome) in &events {
            let (kind, outcome) = (Kind::ALL[*kind], [Outcome::Followed, Outcome::Accepted, Outcome::Dismissed][*outcome]);
            let features = shown.features(kind, circumstances);
            shown.note(kind);
            bandit.learn(&pooled.prior(), kind, &features, outcome);
            bandit.revise(kind, &features, outcome, Outcome::Followed);
            pooled.learn(kind, &features, outcome);
            let welcome = bandit.welcome(&pooled.prior(), kind, &features);
            prop_assert!(welcome.mean.abs() < 1e3 && (0.0..1e3).contains(&welcome.deviation), "{welcome:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// The same answer over and over must not wear the inverse out.
    #[test]
    fn two_thousand_equal_answers_leave_every_expectation_a_number(
        circumstances in prop::array::uniform8(-1e3..1e3_f64), other in prop::array::uniform8(-1e3..1e3_f64),
    ) {
        let (mut bandit, prior) = (Bandit::default(), Prior::default());
        (0..2_000).for_each(|_| bandit.learn(&prior, Kind::Deload, &fresh(&circumstances), Outcome::Followed));
        for features in [fresh(&circumstances), fresh(&other)] {
            let welcome = bandit.welcome(&prior, Kind::Deload, &features);
            let before = Bandit::default().welcome(&prior, Kind::Deload, &features);
            prop_assert!(welcome.mean.is_finite());
            prop_assert!(welcome.deviation <= before.deviation + 1e-9, "knowing more never makes less sure");
        }
    }
}
