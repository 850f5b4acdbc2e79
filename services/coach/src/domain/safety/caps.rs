//! Every bound of a load.

use super::{Known, Lift, Person, Rule};
use crate::domain::{
    exercise::Mechanic,
    models::{layoff::after_days_away, strength},
};

/// Loads are compared to a milligram: sums of steps are not exact.
pub(super) const TOLERANCE: f64 = 1e-6;

/// Every bound of the load, in kilograms.
pub(super) fn caps(lift: &Lift, person: &Person, known: &Known) -> Vec<(f64, Rule)> {
    let mut caps = Vec::with_capacity(8);
    if let Some(last) = usable_last(known) {
        let halved = if is_older(person) { 0.5 } else { 1.0 };
        caps.push((last.load_kg + known.step_kg.max(max_rise(known.mechanic) * halved * last.load_kg), Rule::Jump));
        if last.missed {
            caps.push((last.load_kg, Rule::AfterMiss));
        }
        if known.hurts {
            caps.push((last.load_kg, Rule::AfterPain));
        }
        if last.rpe.is_some_and(|rpe| rpe >= 9.5) {
            caps.push((last.load_kg, Rule::AfterHardSet));
        }
        if known.days_away.max(known.days_rested) >= 14 {
            caps.push((last.load_kg - steps_off(&last, known) * known.step_kg, Rule::LayOff));
        }
    } else {
        caps.push((first_kg(known, lift.reps), Rule::FirstTime));
    }
    if let Some((share, before_kg)) = reentry_share(known) {
        // To the nearest plate: what is remembered of before fades a little with each session.
        caps.push((share * before_kg + known.step_kg / 2.0, Rule::Reentry));
    }
    let completed = usable_last(known).filter(|last| !last.missed);
    // A model that gives no number bounds nothing.
    let level = known.level.filter(|level| level.ln_kg.is_finite() && level.slope.is_finite());
    if let Some(forecast) = known.forecast.filter(|forecast| forecast.upper80_kg.is_finite()) {
        let slope = level.map_or(0.8, |level| level.slope).clamp(0.0, 1.6);
        let more_reps = (epley(lift.reps) - epley(forecast.reps)).max(0.0);
        let a_step_more = completed.map_or(0.0, |last| last.load_kg + known.step_kg);
        caps.push(((forecast.upper80_kg * (-slope * more_reps).exp()).max(a_step_more), Rule::UpperBound));
    }
    if let Some(level) = level {
        let in_reserve = (10.0 - lift.max_rpe).ceil().max(1.0) as u16;
        let implied = (level.ln_kg - level.slope.clamp(0.0, 1.6) * epley(lift.reps.saturating_add(in_reserve))).exp();
        // Whoever is to stop early and did is taken at their word: a level learnt from such sets tells of less than was possible.
        let has_stopped = |last: &super::Last| in_reserve == 1 || last.rpe.is_none_or(|rpe| rpe <= lift.max_rpe);
        let repeated = usable_last(known).filter(has_stopped).map_or(0.0, |last| {
            let more = if last.missed { 0 } else { 2 };
            last.load_kg * (epley(last.reps.saturating_add(more)) - epley(lift.reps)).exp()
        });
        // The nearest plate: a level is known to a few percent only.
        caps.push((implied.max(repeated) + known.step_kg / 2.0, Rule::InReserve));
    }
    caps
}

/// How many steps lighter it is after time away: to the nearest, of two the lighter.
fn steps_off(last: &super::Last, known: &Known) -> f64 {
    let less = last.load_kg * (1.0 - after_days_away(known.days_away));
    if less > 0.0 { (less / known.step_kg + 0.5).floor() } else { 0.0 }
}

/// The most of a first time, in kilograms: the least load there is, or a share of what other lifts let expect.
fn first_kg(known: &Known, reps: u16) -> f64 {
    let estimate = known.first.and_then(|first| {
        let factor = first.factor.filter(|factor| factor.is_finite())?.clamp(0.3, 3.0);
        let share = if first.is_novice { NOVICE_SHARE } else { FIRST_SHARE };
        Some(first.one_rep_max_kg * factor * share * (-0.8 * epley(reps)).exp())
    });
    estimate.filter(|kg| kg.is_finite()).unwrap_or(0.0).max(if known.first.is_some() { known.least_kg } else { 0.0 })
}

/// Of what is estimated, for a novice and for others.
const NOVICE_SHARE: f64 = 0.65;
const FIRST_SHARE: f64 = 0.75;

/// Every bound of help, in kilograms: a step less at once, and no less where a load would not rise.
pub(super) fn least_help(known: &Known) -> Vec<(f64, Rule)> {
    let Some(last) = usable_last(known) else { return Vec::new() };
    let holds = [
        (last.missed, Rule::AfterMiss),
        (known.hurts, Rule::AfterPain),
        (last.rpe.is_some_and(|rpe| rpe >= 9.5), Rule::AfterHardSet),
        (known.days_away.max(known.days_rested) >= 14, Rule::LayOff),
    ];
    let held = holds.into_iter().filter(|(applies, _)| *applies).map(|(_, rule)| (last.load_kg, rule));
    std::iter::once((last.load_kg - known.step_kg, Rule::Jump)).chain(held).collect()
}

/// The most that a load rises at once where steps are fine, as a share.
pub fn max_rise(mechanic: Mechanic) -> f64 {
    match mechanic {
        Mechanic::Compound => 0.05,
        Mechanic::Isolation => 0.10,
    }
}

/// The last time, if its numbers are numbers.
pub(super) fn usable_last(known: &Known) -> Option<super::Last> {
    known.last.filter(|last| last.load_kg.is_finite() && last.load_kg > 0.0)
}

/// The part of the load from before an injury that is open now, with that load; `None` when all of it is.
pub(super) fn reentry_share(known: &Known) -> Option<(f64, f64)> {
    let reentry = known.reentry.filter(|reentry| reentry.weeks < 5)?;
    let before_kg = if reentry.before_kg.is_finite() { reentry.before_kg.max(0.0) } else { 0.0 };
    Some((0.5 + 0.1 * f64::from(reentry.weeks), before_kg))
}

fn epley(reps: u16) -> f64 {
    strength::epley(f64::from(reps))
}

pub(super) fn is_under(person: &Person, years: u8) -> bool {
    person.age.is_some_and(|age| age.youngest < years)
}

pub(super) fn is_older(person: &Person) -> bool {
    person.age.is_some_and(|age| age.oldest >= 65)
}
