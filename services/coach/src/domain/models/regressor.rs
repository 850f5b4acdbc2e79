//! How much the load of a lift changes to its next session: recursive least squares on ln(next / last), from 18 numbers about
//! the last sessions. It starts from the weights that other people's logs gave and learns on from this person's lifts.

use nalgebra::SVector;
use serde::{Deserialize, Serialize};

use super::gaussian::Gaussian;

pub const FEATURES: usize = 18;
pub type Features = SVector<f64, FEATURES>;

/// The largest change that is foreseen or learnt from. An error counts as the largest one at most: so the regressor seeks the
/// usual change rather than the mean of all, which a few big ones would rule.
const LARGEST_CHANGE: f64 = 0.5;
const LARGEST_ERROR: f64 = 0.07;

/// The regressor of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regressor(Gaussian<FEATURES>);

impl Regressor {
    /// Knows nothing: foresees no change.
    pub fn blank() -> Self {
        Self(Gaussian::new([0.0; FEATURES], [10.0; FEATURES]))
    }

    /// Starts from what others' logs gave, of which a person's own sessions count `own` times as much.
    pub fn starting_from(others: &Self, own: f64) -> Self {
        let mut belief = others.0.clone();
        belief.covariance *= own;
        Self(belief)
    }

    /// ln of the expected ratio of the next load to the last, within ±0.5.
    pub fn expected(&self, features: &Features) -> f64 {
        self.0.expected(features).clamp(-LARGEST_CHANGE, LARGEST_CHANGE)
    }

    /// Learns the change that followed.
    pub fn observe(&mut self, features: &Features, change: f64) {
        let change = change.clamp(-LARGEST_CHANGE, LARGEST_CHANGE);
        let residual = (change - self.0.expected(features)).clamp(-LARGEST_ERROR, LARGEST_ERROR);
        self.0.learn(features, residual, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_what_a_feature_tells_and_starts_others_with_it() {
        let mut features = Features::zeros();
        features[0] = 1.0;
        let mut regressor = Regressor::blank();
        for i in 0..400 {
            features[3] = f64::from(i % 5) / 5.0;
            regressor.observe(&features, 0.05 * features[3]);
        }
        features[3] = 1.0;
        assert!((regressor.expected(&features) - 0.05).abs() < 0.005);
        let mut other = Regressor::starting_from(&regressor, 30.0);
        assert_eq!(other.expected(&features), regressor.expected(&features));
        for _ in 0..20 {
            other.observe(&features, 0.0);
        }
        assert!(other.expected(&features) < 0.03, "a person's own sessions count more");
    }
}
