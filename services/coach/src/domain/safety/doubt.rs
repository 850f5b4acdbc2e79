//! What is probably a slip in a log: the coach asks before it believes it, and proposes no load meanwhile.

use serde::{Deserialize, Serialize};

/// Why a logged set is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Doubt {
    /// Pounds were meant, or kilograms: the load that fits, in kilograms.
    UnitSlip { probably_kg: f64 },
    /// More than anybody lifts, or no repetition, or no number.
    Impossible,
    /// Far from everything that this person did.
    FarOff,
}

/// The logarithm of pounds per kilogram.
const LN_POUNDS: f64 = 0.790_576;
/// A load within this of the slip, on the logarithmic scale, is one: 12 %.
const SLIP_WITHIN: f64 = 0.12;

/// Whether a set is doubted, given the load that was expected of the person for these repetitions.
pub fn doubt(load_kg: f64, reps: u32, expected_kg: Option<f64>) -> Option<Doubt> {
    if !(0.0..=500.0).contains(&load_kg) || !(1..=100).contains(&reps) {
        return Some(Doubt::Impossible);
    }
    let expected_kg = expected_kg.filter(|kg| kg.is_finite() && *kg > 0.0)?;
    if load_kg == 0.0 {
        return None;
    }
    let off = (load_kg / expected_kg).ln();
    if (off.abs() - LN_POUNDS).abs() < SLIP_WITHIN {
        return Some(Doubt::UnitSlip { probably_kg: load_kg * (-LN_POUNDS.copysign(off)).exp() });
    }
    (off.abs() > 1.0).then_some(Doubt::FarOff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pounds_logged_as_kilograms_are_asked_about() {
        let Some(Doubt::UnitSlip { probably_kg }) = doubt(220.0, 5, Some(100.0)) else { panic!("no doubt") };
        assert!((probably_kg - 99.8).abs() < 0.1, "{probably_kg}");
        let Some(Doubt::UnitSlip { probably_kg }) = doubt(45.0, 5, Some(100.0)) else { panic!("no doubt") };
        assert!((probably_kg - 99.2).abs() < 0.1, "{probably_kg}");
    }

    #[test]
    fn two_tonnes_and_no_repetition_are_not_believed() {
        for (load, reps) in [(2_000.0, 5), (f64::NAN, 5), (-1.0, 5), (100.0, 0)] {
            assert_eq!(doubt(load, reps, Some(100.0)), Some(Doubt::Impossible));
        }
    }

    #[test]
    fn a_good_day_is_not_doubted() {
        for load in [70.0, 100.0, 130.0, 0.0] {
            assert_eq!(doubt(load, 5, Some(100.0)), None);
        }
        assert_eq!(doubt(150.0, 5, None), None);
        assert_eq!(doubt(300.0, 5, Some(100.0)), Some(Doubt::FarOff));
    }
}
