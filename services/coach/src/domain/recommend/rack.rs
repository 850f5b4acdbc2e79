//! Which loads there are: those that the person has used on the lift and, where weights are free, on other lifts with the
//! same; and the step between them.

use crate::domain::{
    exercise::{Equipment, Exercise, Exercises, FREE_WEIGHTS},
    profile::{POUND_KG, Profile},
    state::{self, TopSet, Training},
};

/// From so many different loads on a step can be told.
const MIN_LOADS: usize = 3;
/// The share of the loads that must lie on the grid of a step.
const ON_GRID: f64 = 0.9;
/// Loads this near, in kilograms, are the same: pounds are rounded to kilograms and back.
const SAME_KG: f64 = 0.06;
/// Steps of stacks, plates and dumbbells, the widest first: those of kilograms, and 20, 15, 10, 5 and 2.5 lb.
const STEPS_KG: [f64; 20] = [
    10.0,
    20.0 * POUND_KG,
    9.0,
    8.0,
    7.5,
    7.0,
    15.0 * POUND_KG,
    6.0,
    5.0,
    10.0 * POUND_KG,
    4.0,
    3.75,
    3.0,
    2.5,
    5.0 * POUND_KG,
    2.0,
    1.25,
    2.5 * POUND_KG,
    1.0,
    0.5,
];
/// A load down to this share of another may stand for it where the other was never used.
const HARDLY_LIGHTER: f64 = 0.94;
/// Two plates of the usual smallest sizes: a barbell has no wider step, whatever loads were used so far.
const BAR_STEP_KG: f64 = 5.0;

/// The loads of one lift.
#[derive(Debug)]
pub(super) struct Rack {
    /// Used before, ascending, in kilograms.
    used: Vec<f64>,
    /// The heaviest that was used on the lift itself.
    pub max_kg: f64,
    pub step_kg: f64,
    pub least_kg: f64,
}

impl Rack {
    pub fn of(
        exercises: &Exercises,
        profile: &Profile,
        training: &Training,
        exercise: &Exercise,
        lift: Option<&state::Lift>,
    ) -> Self {
        let mut used: Vec<f64> = lift.map(loads).unwrap_or_default();
        let own_max_kg = used.last().copied().unwrap_or(0.0);
        let anchor = lift.map(|lift| lift.last().load_kg).or_else(|| used.last().copied());
        let max_kg = if is_with(exercise, Equipment::Barbell) { BAR_STEP_KG } else { STEPS_KG[0] };
        let fit = |used: &[f64]| anchor.or(used.first().copied()).and_then(|anchor| fitted(used, anchor, max_kg));
        let own = (used.len() >= MIN_LOADS).then(|| fit(&used)).flatten();
        used.extend(free_loads(exercises, training, exercise));
        used.sort_by(f64::total_cmp);
        used.dedup_by(|one, other| (*one - *other).abs() <= SAME_KG);
        let pooled = || (used.len() >= MIN_LOADS).then(|| fit(&used)).flatten();
        let usual = profile.step_kg(exercise);
        let step_kg = match profile.has_said_step(exercise) {
            true => usual,
            false => own.or_else(pooled).or_else(|| frequent_gap(&used)).unwrap_or(usual),
        };
        let least = profile.least_kg(exercise).min(used.first().copied().unwrap_or(f64::INFINITY));
        Self { used, max_kg: own_max_kg, step_kg, least_kg: least }
    }

    /// How many steps make a difference, to the nearest.
    pub fn steps(&self, kg: f64) -> f64 {
        (kg / self.step_kg + 0.5).floor()
    }

    /// The heaviest load that was used and is hardly lighter than this one; this one where there is none.
    pub fn used_below(&self, kg: f64) -> f64 {
        let is_near = |used: &&f64| (HARDLY_LIGHTER * kg..=kg + SAME_KG).contains(*used);
        self.used.iter().rev().find(is_near).map_or(kg, |used| used.min(kg))
    }

    /// The loads from `low` to `high`, each with whether it was used before: on the grid through `anchor`, and off it where
    /// they were used.
    pub fn between(&self, anchor: f64, low: f64, high: f64) -> Vec<(f64, bool)> {
        let first = ((low - anchor) / self.step_kg).ceil();
        let count = ((high - low) / self.step_kg).clamp(0.0, 400.0) as u32 + 1;
        let on_grid = (0..count).map(|step| anchor + (first + f64::from(step)) * self.step_kg);
        let is_used = |kg: f64| self.used.iter().any(|used| (used - kg).abs() <= SAME_KG);
        let mut all: Vec<(f64, bool)> = on_grid.map(|kg| (kg, is_used(kg))).collect();
        let is_on_grid = |kg: f64| all.iter().any(|(one, _)| (one - kg).abs() <= SAME_KG);
        let off: Vec<(f64, bool)> = self.used.iter().filter(|kg| !is_on_grid(**kg)).map(|kg| (*kg, true)).collect();
        all.extend(off);
        all.retain(|(kg, _)| *kg >= low - 1e-9 && *kg <= high + 1e-9 && *kg >= self.least_kg - 1e-9);
        all
    }
}

/// The loads of a lift.
fn loads(lift: &state::Lift) -> Vec<f64> {
    let mut loads: Vec<f64> = lift.loads.iter().map(|kg| f64::from(*kg)).collect();
    loads.extend(lift.recent.iter().map(|top: &TopSet| top.load_kg));
    loads.sort_by(f64::total_cmp);
    loads.dedup_by(|one, other| (*one - *other).abs() <= SAME_KG);
    loads
}

/// The loads of all lifts with the same free weight. Every machine has a stack of its own.
fn free_loads(exercises: &Exercises, training: &Training, exercise: &Exercise) -> Vec<f64> {
    let Some(free) = FREE_WEIGHTS.into_iter().find(|free| is_with(exercise, *free)) else {
        return Vec::new();
    };
    let alike = |slug| exercises.get(slug).is_some_and(|other| other.slug != exercise.slug && is_with(other, free));
    let lifts = training.lifts.iter().filter(|(slug, _)| alike(slug));
    lifts.flat_map(|(_, lift)| lift.loads.iter().map(|kg| f64::from(*kg))).collect()
}

fn is_with(exercise: &Exercise, equipment: Equipment) -> bool {
    exercise.equipment.first() == Some(&equipment)
}

/// The widest step on whose grid through `anchor` nearly all of the loads lie.
fn fitted(loads: &[f64], anchor: f64, max_kg: f64) -> Option<f64> {
    let is_on = |step: f64| {
        let on = loads.iter().filter(|kg| {
            let steps = (*kg - anchor) / step;
            (steps - steps.round()).abs() * step <= SAME_KG
        });
        on.count() as f64 >= ON_GRID * loads.len() as f64
    };
    STEPS_KG.into_iter().filter(|step| *step <= max_kg + SAME_KG).find(|step| is_on(*step))
}

/// The gap between neighbours that is found most often, at least twice, of equals the wider: where two stacks or small
/// plates besides spoil the grid.
fn frequent_gap(used: &[f64]) -> Option<f64> {
    let gaps: Vec<f64> = used.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let times = |gap: f64| gaps.iter().filter(|other| (*other - gap).abs() <= SAME_KG).count();
    let most = gaps.iter().copied().max_by(|one, other| times(*one).cmp(&times(*other)).then(one.total_cmp(other)))?;
    (times(most) >= 2 && most >= STEPS_KG[STEPS_KG.len() - 1]).then_some(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_that_of_the_stack_the_dumbbells_or_the_pounds() {
        let near = |loads: &[f64], most, step: f64| {
            let fitted = fitted(loads, loads[loads.len() - 1], most).unwrap();
            assert!((fitted - step).abs() < 1e-6, "{loads:?}: {fitted}");
        };
        near(&[35.0, 42.0, 49.0, 63.0], 10.0, 7.0);
        near(&[12.0, 19.0, 26.0], 10.0, 7.0);
        near(&[8.0, 10.0, 14.0, 16.0], 10.0, 2.0);
        near(&[61.23, 65.77, 70.31], 5.0, 10.0 * POUND_KG);
        near(&[60.0, 62.5, 70.0], 5.0, 2.5);
        near(&[60.0, 70.0, 80.0], 5.0, 5.0);
        assert_eq!(fitted(&[60.0, 60.3, 61.1], 60.0, 5.0), None);
    }
}
