//! What is left of a load after time away: Bosquet et al. 2013, McMaster et al. 2013, and medians of logs.

/// Days without the pattern and the main muscle of a lift that cost nothing.
pub const FREE_DAYS: u32 = 14;

/// The share of the load that is left after so many days away, 0.8 to 1.
pub fn after_days_away(days: u32) -> f64 {
    match days {
        0..=FREE_DAYS => 1.0,
        15..=28 => 0.95,
        29..=60 => 0.90,
        61..=120 => 0.85,
        _ => 0.80,
    }
}
