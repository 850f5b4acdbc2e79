//! Several ways to foresee a load, and the weighted median of them. Each is weighted by its exponentially forgotten relative
//! errors: of this person, and of this person on this lift. A median, because one wild expert must not move it.

use serde::{Deserialize, Serialize};

/// A way to foresee the load of the next top set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expert {
    RepeatLast,
    /// A step up when the last repetitions were at least the usual ones.
    StepWhenMet,
    /// The last load at the repetitions asked for, by Epley's formula.
    Epley,
    Strength,
    Regressor,
    MeanOfThree,
    /// The last load at about the same repetitions.
    SameReps,
}

impl Expert {
    pub const COUNT: usize = 7;
    pub const ALL: [Self; Self::COUNT] = [
        Self::RepeatLast,
        Self::StepWhenMet,
        Self::Epley,
        Self::Strength,
        Self::Regressor,
        Self::MeanOfThree,
        Self::SameReps,
    ];
}

/// What each expert foresees, in kilograms.
pub type Forecasts = [f64; Expert::COUNT];

/// Mean relative error of each expert.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errors([f32; Expert::COUNT]);

/// An error counts as this at most: whoever is as wrong as that is not the worse for being more so.
const WORST: f64 = 0.5;

/// How the experts are weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    /// Those that have a say.
    pub asked: Vec<Expert>,
    /// A weight falls to 1/e with this much more relative error.
    pub tolerance: f64,
    /// How much of the earlier errors a person's and a lift's mean keep, 0 to 1.
    pub memory: f64,
    pub memory_of_lift: f64,
    /// A change of fewer steps of the plates is none.
    pub least_change: f64,
}

impl Default for Mixture {
    fn default() -> Self {
        Self {
            asked: vec![Expert::RepeatLast, Expert::Regressor],
            tolerance: 0.005,
            memory: 0.97,
            memory_of_lift: 0.92,
            least_change: 0.6,
        }
    }
}

impl Errors {
    /// All experts are as good.
    pub const EQUAL: Self = Self([0.09; Expert::COUNT]);

    /// Learns what was lifted; what was learnt before counts `memory` (0 to 1) of it.
    pub fn observe(&mut self, forecasts: &Forecasts, lifted_kg: f64, memory: f64) {
        for (error, forecast) in self.0.iter_mut().zip(forecasts) {
            let now = ((forecast - lifted_kg).abs() / lifted_kg).min(WORST);
            *error = (memory * f64::from(*error) + (1.0 - memory) * now) as f32;
        }
    }
}

impl Mixture {
    /// The weighted median of the forecasts of those that are asked; of two, the one that was less wrong.
    pub fn mix(&self, forecasts: &Forecasts, person: &Errors, lift: &Errors) -> f64 {
        let error = |expert: Expert| f64::from(person.0[expert as usize] + lift.0[expert as usize]) / 2.0;
        let least = self.asked.iter().map(|expert| error(*expert)).fold(f64::INFINITY, f64::min);
        let weight = |expert: Expert| (-(error(expert) - least) / self.tolerance).exp();
        let mut weighed = [(0.0, 0.0); Expert::COUNT];
        let n = self.asked.len().min(Expert::COUNT);
        for (slot, expert) in weighed.iter_mut().zip(&self.asked) {
            *slot = (forecasts[*expert as usize], weight(*expert));
        }
        let weighed = &mut weighed[..n];
        weighed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let half = 0.5 * weighed.iter().map(|(_, weight)| weight).sum::<f64>();
        let mut sum = 0.0;
        let reaches = |(_, weight): &&(f64, f64)| {
            sum += weight;
            sum >= half
        };
        weighed.iter().find(reaches).map_or(forecasts[Expert::RepeatLast as usize], |(forecast, _)| *forecast)
    }

    /// The load on the grid of the plates that starts at the last load.
    pub fn on_grid(&self, kg: f64, last_kg: f64, step_kg: f64) -> f64 {
        let steps = (kg - last_kg) / step_kg;
        if steps.abs() < self.least_change { last_kg } else { last_kg + steps.round() * step_kg }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_right_is_believed() {
        let mut errors = Errors::EQUAL;
        let mut forecasts = [100.0; Expert::COUNT];
        forecasts[Expert::Regressor as usize] = 110.0;
        for _ in 0..50 {
            errors.observe(&forecasts, 110.0, 0.9);
        }
        assert_eq!(Mixture::default().mix(&forecasts, &errors, &errors), 110.0);
    }

    #[test]
    fn a_wild_expert_does_not_move_the_median() {
        let mut forecasts = [100.0; Expert::COUNT];
        forecasts[Expert::Regressor as usize] = 1e6;
        let all = Mixture { asked: Expert::ALL.to_vec(), ..Mixture::default() };
        assert_eq!(all.mix(&forecasts, &Errors::EQUAL, &Errors::EQUAL), 100.0);
    }

    #[test]
    fn a_change_of_less_than_most_of_a_step_is_none() {
        let mixture = Mixture::default();
        assert_eq!(mixture.on_grid(101.4, 100.0, 2.5), 100.0);
        assert_eq!(mixture.on_grid(101.6, 100.0, 2.5), 102.5);
        assert_eq!(mixture.on_grid(94.0, 100.0, 2.5), 95.0);
    }
}
