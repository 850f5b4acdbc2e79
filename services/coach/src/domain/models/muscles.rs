//! Work per muscle: fractional sets, and fatigue that fades exponentially.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::domain::exercise::Muscle;

/// The muscles of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Muscles {
    /// Fractional sets of each of the last 28 days that had any: day since 1970, sets per muscle.
    days: Vec<(i32, [f32; Muscle::COUNT])>,
    fatigue: [f32; Muscle::COUNT],
    at: i64,
}

impl Muscles {
    /// Fractional sets in the `days` (at most 28) before and on the day of `on`.
    pub fn sets(&self, _muscle: Muscle, _on: DateTime, _days: u8) -> f64 {
        0.0
    }

    /// 1 rested to 0 exhausted.
    pub fn readiness(&self, _muscle: Muscle, _on: DateTime) -> f64 {
        1.0
    }

    /// When the muscle was last a target or a helper.
    pub fn last(&self, _muscle: Muscle) -> Option<DateTime> {
        None
    }
}
