//! How hard a set of one exercise will feel: a Kalman filter on the RPE with an intercept, the load, the repetitions, the sets
//! done before it and how hard the set before felt. People rate in their own way, so that each lift has weights of its own; a
//! chart of RPE against repetitions foresees worse than the person's mean.

use nalgebra::SVector;
use serde::{Deserialize, Serialize};

use super::gaussian::Gaussian;

const WEIGHTS: usize = 5;
const FIRST_NOISE: f64 = 0.4;
const NOISE: (f64, f64) = (0.05, 2.0);

/// What is believed of the effort on one exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    belief: Gaussian<WEIGHTS>,
    noise: f64,
    /// Of the first set: load and repetitions count from there.
    ln_kg: f64,
    reps: f64,
}

/// A set before it is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Try {
    pub ln_kg: f64,
    pub reps: f64,
    /// Work sets of the exercise done before it in the session.
    pub before: f64,
    /// The RPE of the set before in the session, where there was one.
    pub last_rpe: Option<f64>,
}

/// What is believed before anything but the first RPE is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// RPE per unit of ln(load), per 5 repetitions, per set before, per RPE that the set before lay above the usual.
    pub weights: [f64; WEIGHTS - 1],
    /// Variances of the intercept and these weights, and what is added to them from set to set. All 0 switches one off.
    pub variances: [f64; WEIGHTS],
    pub wander: [f64; WEIGHTS],
}

impl Default for Start {
    fn default() -> Self {
        Self {
            weights: [6.0, 2.0, 0.2, 0.0],
            variances: [0.5, 9.0, 1.0, 0.2, 0.3],
            wander: [0.03, 0.02, 0.003, 0.001, 0.001],
        }
    }
}

impl Effort {
    /// After the first set with an RPE.
    pub fn new(start: &Start, set: &Try, rpe: f64) -> Self {
        let [load, reps, before, last] = start.weights;
        let belief = Gaussian::new([rpe - before * set.before, load, reps, before, last], start.variances);
        Self { belief, noise: FIRST_NOISE, ln_kg: set.ln_kg, reps: set.reps }
    }

    /// The RPE to expect, 5 to 10: what is easier is seldom logged.
    pub fn expected(&self, set: &Try) -> f64 {
        self.belief.expected(&self.features(set)).clamp(5.0, 10.0)
    }

    /// Learns how hard the set felt.
    pub fn observe(&mut self, start: &Start, set: &Try, rpe: f64) {
        let features = self.features(set);
        self.belief.wander(start.wander);
        let residual = rpe - self.belief.expected(&features);
        self.belief.learn(&features, residual, self.noise);
        self.noise = (0.95 * self.noise + 0.05 * residual * residual).clamp(NOISE.0, NOISE.1);
    }

    fn features(&self, set: &Try) -> SVector<f64, WEIGHTS> {
        let last = set.last_rpe.map_or(0.0, |last| last - self.belief.mean[0]);
        [1.0, set.ln_kg - self.ln_kg, (set.reps - self.reps) / 5.0, set.before.min(10.0), last].into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heavier_set_is_expected_to_feel_harder_and_a_later_one_too() {
        let set = |kg: f64, reps: f64, before: f64| Try { ln_kg: kg.ln(), reps, before, last_rpe: None };
        let start = Start::default();
        let mut effort = Effort::new(&start, &set(100.0, 5.0, 0.0), 7.0);
        for _ in 0..10 {
            effort.observe(&start, &set(100.0, 5.0, 0.0), 7.0);
            effort.observe(&start, &set(100.0, 5.0, 1.0), 7.5);
            effort.observe(&start, &set(105.0, 5.0, 2.0), 8.5);
        }
        assert!((effort.expected(&set(100.0, 5.0, 0.0)) - 7.0).abs() < 0.3);
        assert!(effort.expected(&set(105.0, 5.0, 0.0)) > effort.expected(&set(100.0, 5.0, 0.0)) + 0.2);
        assert!(effort.expected(&set(100.0, 5.0, 2.0)) > effort.expected(&set(100.0, 5.0, 0.0)) + 0.2);
        assert_eq!(effort.expected(&set(300.0, 20.0, 3.0)), 10.0);
    }
}
