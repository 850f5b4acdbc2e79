//! Epley's formula (1985), the only one for an estimated one-repetition maximum: load × (1 + repetitions / 30), and the load
//! itself for one repetition. How far it may be trusted is up to who asks.

/// Repetitions that double the load.
const DOUBLES: u32 = 30;

/// The one-repetition maximum of a set, to the nearest gram.
pub const fn one_rep_max(grams: u64, reps: u32) -> u64 {
    if reps <= 1 {
        return grams;
    }
    let whole = DOUBLES as u64;
    (grams * (whole + reps as u64) + whole / 2) / whole
}

/// The logarithm of the factor, also between whole repetitions.
pub fn ln_factor(reps: f64) -> f64 {
    if reps > 1.0 { (reps / f64::from(DOUBLES)).ln_1p() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_grams_and_logarithms_are_one_formula() {
        assert_eq!(
            (one_rep_max(100_000, 1), one_rep_max(100_000, 5), one_rep_max(100_000, 12)),
            (100_000, 116_667, 140_000)
        );
        for reps in 0..=200 {
            let told = (100_000.0 * ln_factor(f64::from(reps)).exp()).round();
            assert_eq!(told, one_rep_max(100_000, reps) as f64, "{reps}");
        }
    }
}
