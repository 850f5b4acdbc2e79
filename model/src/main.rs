//! `make model`: explores the models as they are, in which nothing may be wrong, and then with each planted bug, which must
//! be found. It ends with 1 if any of that is otherwise.

use std::{fmt::Debug, process::ExitCode};

use plyo_model::{
    effect::{Effect, EffectBug},
    lane::{Bounds, Bug, Lane},
    trace::{Explored, explore},
};

fn main() -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut is_right = true;
    for bounds in [Bounds::BUSY, Bounds::HURT] {
        println!("The loop: {bounds}");
        is_right &= is_sound(&explore(Lane::sound(bounds), threads));
    }
    println!("The loop, if a batch commits while the last one is on the way: {}", Bounds::NARROW);
    is_right &= is_sound(&explore(Lane { overtakes: true, ..Lane::sound(Bounds::NARROW) }, threads));
    println!("An effect: {} requests, any {} faults", Effect::sound().requests, Effect::sound().faults);
    is_right &= is_sound(&explore(Effect::sound(), threads));

    println!("\nPlanted bugs, each with a way to what is wrong that has the fewest faults");
    for bug in Bug::ALL {
        is_right &= is_found(bug, bug.about(), &Lane::counterexample(bug));
    }
    for bug in EffectBug::ALL {
        is_right &= is_found(bug, bug.about(), &Effect::counterexample(bug));
    }
    if is_right {
        println!("\nNothing is wrong with the models as they are, and every planted bug was found.");
        ExitCode::SUCCESS
    } else {
        println!("\nNOT as it should be: see above.");
        ExitCode::FAILURE
    }
}

fn is_sound(explored: &Explored) -> bool {
    let Explored { states, depth, took, counterexample, missed } = explored;
    println!("    {states} different states, {depth} steps deep, {:.1} s", took.as_secs_f64());
    match counterexample {
        Some(trace) => println!("    WRONG:\n{trace}"),
        None => println!("    nothing is wrong in any of them"),
    }
    for possible in missed {
        println!("    MISSED, so that less was explored than is said: {possible}");
    }
    counterexample.is_none() && missed.is_empty()
}

fn is_found(bug: impl Debug, about: &str, explored: &Explored) -> bool {
    println!("\n{bug:?}: {about}");
    match &explored.counterexample {
        Some(trace) => println!("    found among {} states\n{trace}", explored.states),
        None => println!("    NOT FOUND among {} states", explored.states),
    }
    explored.counterexample.is_some()
}
