//! How wide a range must be so that it holds the truth as often as it says: adaptive conformal inference (Gibbs and Candès,
//! 2021). After a miss the range widens, after a hit it narrows a little, in the ratio that balances at the wanted coverage,
//! whatever the errors are distributed like.

use serde::{Deserialize, Serialize};

const NARROWEST: f64 = 0.002;
const WIDEST: f64 = 1.5;

/// Half the width of a range on the logarithm of the load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conformal {
    pub half_width: f64,
    /// The share of truths that the range shall hold, between 0 and 1.
    coverage: f64,
}

impl Conformal {
    pub fn new(coverage: f64, half_width: f64) -> Self {
        Self { half_width: half_width.clamp(NARROWEST, WIDEST), coverage }
    }

    /// Learns from an absolute error. The `rate` says how fast: fast for a person, slow for what starts others.
    pub fn observe(&mut self, error: f64, rate: f64) {
        let missed = if error > self.half_width { 1.0 } else { 0.0 };
        let step = rate * (missed - (1.0 - self.coverage));
        self.half_width = (self.half_width * step.exp()).clamp(NARROWEST, WIDEST);
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _, rngs::ChaCha8Rng};

    use super::*;

    #[test]
    fn the_range_holds_what_it_promises_though_the_errors_change_their_size() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut range = Conformal::new(0.8, 0.1);
        let mut held = 0;
        for i in 0..4000 {
            let size = if (i / 1000) % 2 == 0 { 0.02 } else { 0.3 };
            let error = size * random.random::<f64>();
            held += u32::from(error <= range.half_width);
            range.observe(error, 0.15);
        }
        assert!((3140..3260).contains(&held), "{held}");
    }
}
