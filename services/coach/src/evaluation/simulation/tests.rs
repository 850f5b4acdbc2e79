//! Stories of the simulation: it can be told again, and its goals are met.

use super::*;

/// Small enough for a debug build.
const SMALL: Scale = Scale { seeds: 3, people: 12, decisions: 60 };

#[test]
fn the_same_seeds_give_the_same_report_to_the_last_bit() {
    let [one, other] = [SMALL.simulate(), SMALL.simulate()].map(|report| serde_json::to_string(&report).unwrap());
    assert_eq!(one, other);
}

#[test]
fn the_coach_is_welcome_more_often_than_every_simpler_rule_in_every_world() {
    let report = SMALL.simulate();
    for (world, figures) in report.variants.iter().chain([(&"as_assumed", &report.figures)]) {
        let (regret, accepted) = (&figures["bandit_regret300"], &figures["bandit_accept20"]);
        assert_eq!(regret.baselines.len(), BASELINES.len());
        assert!(regret.baselines.values().all(|baseline| regret.value < *baseline), "{world}: {regret:?}");
        assert!(accepted.baselines.values().all(|baseline| accepted.value > *baseline), "{world}: {accepted:?}");
        assert!(regret.ci95[0] < regret.value && regret.value < regret.ci95[1]);
    }
}

#[test]
fn who_always_takes_the_best_regrets_nothing_and_who_knows_nothing_regrets_much() {
    let mut world = World::new(1, Variant::AsAssumed);
    let mut person = world.person();
    let (mut best, mut any) = (0, 0);
    for _ in 0..2_000 {
        let moment = world.moment(&mut person);
        let chosen = (0..KINDS).max_by(|a, b| moment.acceptance[*a].total_cmp(&moment.acceptance[*b])).unwrap();
        best += u32::from(world.answer(&mut person, &moment, chosen).is_accepted);
    }
    for _ in 0..2_000 {
        let moment = world.moment(&mut person);
        any += u32::from(world.answer(&mut person, &moment, 0).is_accepted);
    }
    assert!(best > 1_300 && any < 1_000, "{best} of the best and {any} of the first were accepted");
}

#[test]
fn people_are_the_same_in_every_world_until_their_tastes_drift() {
    let acceptance = |variant| {
        let mut world = World::new(7, variant);
        let mut person = world.person();
        world.moment(&mut person).acceptance
    };
    assert_eq!(acceptance(Variant::AsAssumed), acceptance(Variant::RandomFeedback));
    assert_eq!(acceptance(Variant::AsAssumed), acceptance(Variant::DelayedFeedback));
    assert_ne!(acceptance(Variant::AsAssumed), acceptance(Variant::DriftingTastes));
    assert_ne!(acceptance(Variant::AsAssumed), acceptance(Variant::DiversePeople));
}

#[test]
fn an_answer_is_told_as_it_was_unless_one_in_ten_is_thoughtless() {
    let told = |variant| {
        let mut world = World::new(3, variant);
        let mut person = world.person();
        let mut is_wrong = || {
            let moment = world.moment(&mut person);
            let answer = world.answer(&mut person, &moment, 2);
            answer.is_accepted != answer.is_told_accepted
        };
        (0..5_000).filter(|_| is_wrong()).count()
    };
    assert_eq!(told(Variant::AsAssumed), 0);
    // Half of the thoughtless answers are right by luck.
    assert!((200..300).contains(&told(Variant::RandomFeedback)));
}

#[test]
fn the_table_names_every_world_and_part_and_the_json_has_every_figure_beside_its_baselines() {
    let report = Scale { seeds: 2, people: 2, decisions: 5 }.simulate();
    let table = report.to_string();
    let names = ["as assumed", "drifting tastes", "without population", "beta_thompson", "bandit_accept20"];
    assert!(names.iter().all(|name| table.contains(name)), "{table}");
    let json = serde_json::to_value(&report).unwrap();
    assert!(json["figures"]["bandit_regret300"]["baselines"]["random"].is_f64());
    assert_eq!(json["variants"]["delayed_feedback"]["bandit_accept20"]["ci95"].as_array().unwrap().len(), 2);
}
