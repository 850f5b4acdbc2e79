//! Strength on one exercise: a Kalman filter on the logarithm of the load, with the level and the personal repetition slope
//! as its state. The observation is ln(load) = level − slope · f(reps) + noise, with f(r) = ln(1 + r/30): Epley's factor
//! (1985) at a slope of 1. The noise is learnt, and an outlier cannot raise it at once.

use nalgebra::SVector;
/// f(r).
pub use plyo_exercises::epley::ln_factor as epley;
use serde::{Deserialize, Serialize};

use super::gaussian::Gaussian;

/// Steps of the level's random walk: variance per session, and per day up to 30 of them.
const WANDER_SESSION: f64 = 1e-2;
const WANDER_DAY: f64 = 1e-4;
const WANDER_SLOPE: f64 = 1e-5;
const FIRST_SLOPE: f64 = 0.8;
const FIRST_NOISE: f64 = 0.003;
const NOISE: (f64, f64) = (2e-4, 0.02);

/// What is believed of the strength on one exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strength {
    belief: Gaussian<2>,
    /// Variance of a single observation.
    noise: f64,
}

impl Strength {
    /// After the first top set.
    pub fn new(ln_kg: f64, reps: f64) -> Self {
        let level = ln_kg + FIRST_SLOPE * epley(reps);
        Self { belief: Gaussian::new([level, FIRST_SLOPE], [0.02, 0.2]), noise: FIRST_NOISE }
    }

    /// ln of the load in kilograms for one repetition. Its exponential is an estimate from the logged effort, not a maximum.
    pub fn level(&self) -> f64 {
        self.belief.mean[0]
    }

    /// How much repetitions cost beside Epley's formula: 1 the same, 0 to 1.6.
    pub fn slope(&self) -> f64 {
        self.belief.mean[1]
    }

    /// The load for so many repetitions, in kilograms.
    pub fn load_kg(&self, reps: f64) -> f64 {
        self.ln_load(reps).exp()
    }

    /// The standard deviation of ln(load) of a top set, so many days after the last one.
    pub fn deviation(&self, reps: f64, days: f64) -> f64 {
        let mut later = self.belief.clone();
        later.wander(wander(days));
        (later.variance(&features(reps)) + self.noise).sqrt()
    }

    /// Learns from a top set, so many days after the last one. Returns how surprising it was, in standard deviations:
    /// positive when more was lifted than expected.
    pub fn observe(&mut self, ln_kg: f64, reps: f64, days: f64) -> f64 {
        let features = features(reps);
        self.belief.wander(wander(days));
        let of_belief = self.belief.variance(&features);
        let total = of_belief + self.noise;
        let residual = ln_kg - self.belief.expected(&features);
        self.belief.learn(&features, residual, self.noise);
        self.belief.mean[1] = self.belief.mean[1].clamp(0.0, 1.6);
        let seen = ((residual * residual).min(6.0 * total) - of_belief).max(0.0);
        self.noise = (0.9 * self.noise + 0.1 * seen).clamp(NOISE.0, NOISE.1);
        residual / total.sqrt()
    }

    fn ln_load(&self, reps: f64) -> f64 {
        self.belief.expected(&features(reps))
    }
}

fn features(reps: f64) -> SVector<f64, 2> {
    [1.0, -epley(reps)].into()
}

fn wander(days: f64) -> [f64; 2] {
    [WANDER_SESSION + WANDER_DAY * days.clamp(0.0, 30.0), WANDER_SLOPE]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_lifter_becomes_well_known() {
        let mut strength = Strength::new(80_f64.ln(), 8.0);
        let unsure = strength.deviation(8.0, 3.0);
        for session in 0..30 {
            let (load, reps) = if session % 2 == 0 { (90.0_f64, 5.0) } else { (80.0, 8.0) };
            strength.observe(load.ln(), reps, 3.0);
        }
        assert!((strength.load_kg(5.0) - 90.0).abs() < 2.0, "{}", strength.load_kg(5.0));
        assert!((strength.load_kg(8.0) - 80.0).abs() < 2.0, "{}", strength.load_kg(8.0));
        assert!(strength.deviation(8.0, 3.0) < unsure);
    }

    #[test]
    fn a_mistyped_load_does_not_teach_wild_noise() {
        let mut strength = Strength::new(80_f64.ln(), 8.0);
        for _ in 0..10 {
            strength.observe(80_f64.ln(), 8.0, 3.0);
        }
        assert!(strength.observe(600_f64.ln(), 8.0, 3.0) > 10.0);
        assert!(strength.noise <= NOISE.1);
    }
}
