//! Epley's formula (1985), the only one for an estimated one-repetition maximum: load × (1 + repetitions / 30), and the load
//! itself for one repetition. How far it may be trusted is up to who asks.

/// Repetitions that double the load.
const DOUBLES: u32 = 30;

/// What a load is multiplied by, as a fraction.
pub const fn factor(reps: u32) -> (u32, u32) {
    if reps <= 1 { (1, 1) } else { (DOUBLES + reps, DOUBLES) }
}

/// The logarithm of the factor, also between whole repetitions.
pub fn ln_factor(reps: f64) -> f64 {
    if reps > 1.0 { (reps / f64::from(DOUBLES)).ln_1p() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_and_its_logarithm_are_one_formula() {
        assert_eq!([1, 5, 12].map(factor), [(1, 1), (35, 30), (42, 30)]);
        for reps in 0..=200 {
            let (part, whole) = factor(reps);
            let told = ln_factor(f64::from(reps)).exp();
            assert!((told - f64::from(part) / f64::from(whole)).abs() < 1e-12, "{reps}");
        }
    }
}
