//! One ridge regression, learnt one event at a time.

use serde::{Deserialize, Serialize};

use super::{Features, Square, Welcome};

/// The regression of rewards on features, held to a prior mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Arm {
    /// The coefficients.
    pub(crate) mean: Features,
    /// (λI + Σ f fᵀ)⁻¹
    inverse: Square,
}

impl Arm {
    pub(crate) fn new(mean: Features, ridge: f64) -> Self {
        Self { mean, inverse: Square::identity() / ridge }
    }

    pub(crate) fn welcome(&self, features: &Features) -> Welcome {
        // Rounding may leave a variance of about 0 below it.
        let variance = features.dot(&(self.inverse * features)).max(0.0);
        Welcome { mean: self.mean.dot(features), deviation: variance.sqrt() }
    }

    /// One step of recursive least squares: the formula of Sherman and Morrison (1950) for the inverse.
    pub(crate) fn learn(&mut self, features: &Features, target: f64) {
        let direction = self.inverse * features;
        let gain = 1.0 / (1.0 + features.dot(&direction).max(0.0));
        self.mean += direction * (gain * (target - self.mean.dot(features)));
        self.inverse -= direction * direction.transpose() * gain;
    }

    /// Changes the target of an event that was learnt: the coefficients are linear in the targets, so this is exact.
    pub(crate) fn revise(&mut self, features: &Features, change: f64) {
        self.mean += self.inverse * features * change;
    }
}
