//! Strength on one exercise: a Kalman filter on the logarithm of the load, with the level and the personal repetition slope
//! as its state. The observation is ln(load) = level − slope · f(reps) + noise, with f(r) = ln(1 + r/30) (Epley 1985: slope 1).

use serde::{Deserialize, Serialize};

/// What is believed of the strength on one exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strength {
    /// ln of the load in kilograms for one repetition: its exponential is the estimate from logged effort, not a maximum.
    pub level: f64,
    /// How much a repetition costs, 0 to 1.6.
    pub slope: f64,
    /// Variances of level and slope, and their covariance.
    pub covariance: [f64; 3],
    /// Variance of a single observation.
    pub noise: f64,
}

/// f(r) = ln(1 + r/30), 0 for a single: the logarithm of Epley's factor.
pub fn epley(reps: f64) -> f64 {
    if reps > 1.0 { (reps / 30.0).ln_1p() } else { 0.0 }
}

impl Strength {
    /// The load for so many repetitions, in kilograms.
    pub fn load_kg(&self, reps: f64) -> f64 {
        (self.level - self.slope * epley(reps)).exp()
    }
}
