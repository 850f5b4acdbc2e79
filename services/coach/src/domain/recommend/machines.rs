//! Two machines under one name: the last loads lie in two groups, between which the person goes to and fro.

use crate::domain::{
    exercise::{Equipment, Exercise},
    state::{Lift, TopSet},
};

/// The groups lie at least so far apart, as a ratio.
const APART: f64 = 1.4;
/// Each has been seen so often, and the person changed so often between them: a lift that grows changes once.
const MIN_TIMES: usize = 2;
const MIN_CHANGES: usize = 3;
/// With about the same repetitions: heavy and light days are one machine.
const ALIKE_REPS: i32 = 3;

/// The last loads of the lighter and of the heavier one, in kilograms, with the lift as it is on the lighter.
pub(super) struct TwoMachines {
    pub lighter_kg: f64,
    pub heavier_kg: f64,
    pub on_lighter: Lift,
}

/// Whether the last loads are of two machines; of free weights there is one kind.
pub(super) fn two(exercise: &Exercise, lift: &Lift) -> Option<TwoMachines> {
    if !exercise
        .equipment
        .iter()
        .any(|one| [Equipment::Machine, Equipment::Cable, Equipment::SmithMachine].contains(one))
    {
        return None;
    }
    let mut loads: Vec<f64> = lift.recent.iter().map(|top| top.load_kg).collect();
    loads.sort_by(f64::total_cmp);
    let widest = loads.windows(2).max_by(|a, b| (a[1] / a[0]).total_cmp(&(b[1] / b[0])))?;
    if widest[1] / widest[0] < APART {
        return None;
    }
    let is_heavier = |top: &&TopSet| top.load_kg >= widest[1];
    let (heavier, lighter): (Vec<&TopSet>, Vec<&TopSet>) = lift.recent.iter().partition(is_heavier);
    let changes = lift.recent.windows(2).filter(|pair| is_heavier(&&pair[0]) != is_heavier(&&pair[1])).count();
    let reps = |tops: &[&TopSet]| tops.iter().map(|top| i32::from(top.reps)).sum::<i32>() / tops.len().max(1) as i32;
    let is_two = heavier.len() >= MIN_TIMES
        && lighter.len() >= MIN_TIMES
        && changes >= MIN_CHANGES
        && (reps(&heavier) - reps(&lighter)).abs() <= ALIKE_REPS;
    if !is_two {
        return None;
    }
    let last = |tops: &[&TopSet]| tops.last().map(|top| top.load_kg);
    let mut on_lighter = lift.clone();
    on_lighter.recent = lighter.iter().map(|top| **top).collect();
    Some(TwoMachines { lighter_kg: last(&lighter)?, heavier_kg: last(&heavier)?, on_lighter })
}
