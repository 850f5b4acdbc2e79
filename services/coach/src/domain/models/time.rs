//! Moments on a clock on the wall as numbers: minutes and days since 1970.

use jiff::{ToSpan as _, civil::DateTime};

const EPOCH: DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
const MINUTES_A_DAY: i64 = 24 * 60;

/// Whole minutes since 1970.
pub fn minutes_of(at: DateTime) -> i64 {
    at.duration_since(EPOCH).as_mins()
}

/// The moment so many minutes since 1970.
pub fn from_minutes(minutes: i64) -> DateTime {
    EPOCH.saturating_add(minutes.clamp(-1_000_000_000, 1_000_000_000).minutes())
}

/// Whole days since 1970.
pub fn day_of(minutes: i64) -> i32 {
    i32::try_from(minutes.div_euclid(MINUTES_A_DAY)).unwrap_or(i32::MAX)
}

/// 0 for Monday to 6; 1970 began on a Thursday.
pub fn weekday_of(minutes: i64) -> i64 {
    (minutes.div_euclid(MINUTES_A_DAY) + 3).rem_euclid(7)
}

/// Days from one minute to a later one; 0 when it is not later.
pub fn days_between(from: i64, to: i64) -> f64 {
    to.saturating_sub(from).max(0) as f64 / MINUTES_A_DAY as f64
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};

    use super::*;

    #[test]
    fn a_moment_goes_to_minutes_and_back() {
        for at in
            [date(2026, 11, 25).at(9, 56, 0, 0), date(1969, 12, 31).at(23, 59, 0, 0), date(2199, 1, 1).at(0, 0, 0, 0)]
        {
            assert_eq!(from_minutes(minutes_of(at)), at);
        }
    }

    #[test]
    fn the_weekday_is_that_of_the_calendar() {
        let wednesday = date(2026, 11, 25).at(9, 56, 0, 0);
        assert_eq!(wednesday.weekday(), Weekday::Wednesday);
        assert_eq!(weekday_of(minutes_of(wednesday)), 2);
        assert_eq!(weekday_of(minutes_of(date(1969, 12, 29).at(0, 0, 0, 0))), 0);
    }
}
