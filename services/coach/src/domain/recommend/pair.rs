//! A load and repetitions for what is aimed at. Load × repetitions count as one repetition (Epley): where plates are coarse
//! the repetitions rise until the step costs no more than it brings (double progression), where they are fine the load does.

use super::rack::Rack;
use crate::domain::models::strength::epley;

/// The most repetitions that strength is told from.
const MAX_REPS: u16 = 20;
/// What eight repetitions that are one off the usual ones weigh beside a repetition away from the aim; twice as far off
/// weighs four times as much.
const OFF_REPS: f64 = 0.12;
const OFF_OF: f64 = 8.0;
/// What staying with the load is worth, and what a load costs that was never used, though heavier ones were.
const SAME_LOAD: f64 = 0.6;
const UNUSED: f64 = 3.0;
/// What a load costs that is heavier than all before, and was not used on another lift either.
const NEW: f64 = 0.5;

/// What is looked for, on the logarithmic scale of one repetition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub aim: f64,
    /// Less is not asked.
    pub least: Option<f64>,
    /// The usual repetitions.
    pub reps: u16,
    /// Fewer are not asked: a set far from the usual ones is another exercise.
    pub fewest: u16,
    pub last_kg: f64,
    /// The most that safety lets the load be.
    pub max_kg: f64,
}

/// ln of load × repetitions as one repetition.
pub(super) fn as_one_rep(load_kg: f64, reps: u16) -> f64 {
    load_kg.ln() + epley(f64::from(reps))
}

/// What a repetition more is worth, on the same scale.
pub(super) fn a_rep(reps: u16) -> f64 {
    epley(f64::from(reps.max(2)) + 1.0) - epley(f64::from(reps.max(2)))
}

/// The pair that is nearest to the aim at about the usual repetitions; `None` where none reaches the least.
pub(super) fn choose(rack: &Rack, wanted: &Wanted) -> Option<(f64, u16)> {
    let unit = a_rep(wanted.reps);
    let low = (wanted.aim - epley(f64::from(MAX_REPS)) - unit).exp().max(wanted.last_kg * 0.5);
    let high = wanted.max_kg.min((wanted.aim + 2.0 * unit).exp());
    let mut best: Option<(f64, (f64, u16))> = None;
    for (load_kg, is_used) in rack.between(wanted.last_kg, low, high) {
        let is_same = (load_kg - wanted.last_kg).abs() < 1e-6;
        let strange = match is_used || is_same {
            true => 0.0,
            false if load_kg > rack.max_kg => NEW,
            false => UNUSED,
        };
        for reps in wanted.fewest.clamp(1, MAX_REPS)..=MAX_REPS {
            let value = as_one_rep(load_kg, reps);
            if wanted.least.is_some_and(|least| value < least - 1e-9) {
                continue;
            }
            let off_reps = f64::from(reps.abs_diff(wanted.reps)) * OFF_OF / f64::from(wanted.reps.max(4));
            let off = (value - wanted.aim).abs() / unit + OFF_REPS * off_reps * off_reps;
            let cost = off + strange - if is_same { SAME_LOAD } else { 0.0 };
            if best.is_none_or(|(least, _)| cost < least - 1e-12) {
                best = Some((cost, (load_kg, reps)));
            }
        }
    }
    best.map(|(_, pair)| pair)
}
