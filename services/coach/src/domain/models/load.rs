//! Training load as a whole: acute and chronic exponentially weighted means of the daily load.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// Days over which the acute and the chronic mean forget (Banister's fatigue and fitness).
pub const ACUTE_DAYS: f64 = 7.0;
pub const CHRONIC_DAYS: f64 = 42.0;

/// The load of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingLoad {
    /// Load per day, in session-RPE units (RPE × minutes) or what stands for them.
    acute: f64,
    chronic: f64,
    /// Minutes since 1970 of the last update.
    at: i64,
}

impl TrainingLoad {
    /// Acute and chronic load per day at a moment.
    pub fn at(&self, _on: DateTime) -> (f64, f64) {
        (self.acute, self.chronic)
    }
}
