//! The models within narrow bounds: nothing is wrong with them as they are, and each planted bug is found.

use std::collections::HashMap;

use plyo_model::{
    effect::{Effect, EffectBug},
    lane::{Bounds, Bug, Lane, World},
    trace::{Explored, explore},
};
use stateright::Model;

/// One fault, wherever it happens: the rest is for `make model`.
const NARROWEST: Bounds = Bounds { faults: 1, ..Bounds::NARROW };

#[test]
fn the_loop_does_nothing_wrong() {
    is_sound(&explore(Lane::sound(NARROWEST), 1));
}

#[test]
fn a_batch_that_overtakes_its_confirmation_does_nothing_wrong() {
    is_sound(&explore(Lane { overtakes: true, ..Lane::sound(NARROWEST) }, 1));
}

#[test]
fn every_bug_of_the_loop_is_found() {
    for bug in Bug::ALL {
        let found = Lane::counterexample(bug);
        assert!(found.counterexample.is_some(), "{bug:?} was not found among {} states", found.states);
    }
}

#[test]
fn an_effect_does_nothing_wrong() {
    is_sound(&explore(Effect::sound(), 1));
}

#[test]
fn every_bug_of_an_effect_is_found() {
    for bug in EffectBug::ALL {
        let found = Effect::counterexample(bug);
        assert!(found.counterexample.is_some(), "{bug:?} was not found among {} states", found.states);
    }
}

/// So "where nothing is left to do, everything is done" means that everything is done at last.
#[test]
fn nothing_goes_round_in_a_circle() {
    let lane = Lane::sound(NARROWEST);
    // Whether every way on from a state was followed to its end.
    let mut seen: HashMap<World, bool> = HashMap::new();
    let mut way: Vec<(World, bool)> = lane.init_states().into_iter().map(|world| (world, false)).collect();
    while let Some((world, is_followed)) = way.pop() {
        if is_followed {
            seen.insert(world, true);
            continue;
        }
        match seen.get(&world) {
            Some(true) => continue,
            Some(false) => panic!("a way leads back to {world:?}"),
            None => seen.insert(world.clone(), false),
        };
        let next = lane.next_states(&world);
        way.push((world, true));
        way.extend(next.into_iter().map(|world| (world, false)));
    }
    assert!(seen.len() > 10_000, "only {} states were seen", seen.len());
}

fn is_sound(explored: &Explored) {
    if let Some(trace) = &explored.counterexample {
        panic!("{trace}");
    }
    assert_eq!(explored.missed, Vec::<&str>::new(), "less was explored than the properties say");
}
