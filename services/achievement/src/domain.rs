//! The rules, and how streaks are counted.

pub(crate) mod rows;
pub(crate) mod state;

use jiff::{ToSpan, civil::Date};
use plyo_events::achievement::Metric;

/// An achievement: its metric and threshold.
pub(crate) struct Rule {
    pub code: &'static str,
    pub metric: Metric,
    pub threshold: u64,
}

/// One tonne in the metric's unit.
const TONNE_G: u64 = 1_000_000;

/// All achievements. A new one is a new line: users who already meet it get it with their next workout.
pub(crate) const RULES: [Rule; 12] = [
    Rule { code: "workouts_1", metric: Metric::Workouts, threshold: 1 },
    Rule { code: "workouts_10", metric: Metric::Workouts, threshold: 10 },
    Rule { code: "workouts_50", metric: Metric::Workouts, threshold: 50 },
    Rule { code: "workouts_100", metric: Metric::Workouts, threshold: 100 },
    Rule { code: "streak_7_days", metric: Metric::SevenDayRuns, threshold: 1 },
    Rule { code: "streak_4_weeks", metric: Metric::FourWeekRuns, threshold: 1 },
    Rule { code: "records_1", metric: Metric::Records, threshold: 1 },
    Rule { code: "tonnage_1_t", metric: Metric::TonnageG, threshold: TONNE_G },
    Rule { code: "tonnage_10_t", metric: Metric::TonnageG, threshold: 10 * TONNE_G },
    Rule { code: "tonnage_100_t", metric: Metric::TonnageG, threshold: 100 * TONNE_G },
    Rule { code: "tonnage_500_t", metric: Metric::TonnageG, threshold: 500 * TONNE_G },
    Rule { code: "tonnage_1000_t", metric: Metric::TonnageG, threshold: 1_000 * TONNE_G },
];

/// Days in a streak of days.
const DAYS: i32 = 7;
/// Weeks in a streak of weeks.
const WEEKS: i32 = 4;

/// The Monday of a date's ISO week.
pub(crate) fn monday(date: Date) -> Date {
    shift(date, -i32::from(date.weekday().to_monday_zero_offset()))
}

/// The weekday of a date, Monday first.
pub(crate) fn weekday(date: Date) -> usize {
    date.weekday().to_monday_zero_offset().unsigned_abs().into()
}

/// The Mondays of the weeks that determine the streaks through the week of `monday`: streaks of days, which reach into the
/// adjacent weeks, and of weeks.
pub(crate) fn weeks_around(monday: Date) -> impl Iterator<Item = Date> {
    (1 - WEEKS..WEEKS).map(move |weeks| shift(monday, 7 * weeks))
}

/// How many runs of 7 consecutive days include `date` if it has a workout; `active` tells which other days have one.
pub(crate) fn day_runs(date: Date, active: impl Fn(Date) -> bool) -> u64 {
    runs_through(DAYS, |offset| active(shift(date, offset)))
}

/// How many runs of 4 consecutive weeks include the week of `monday` if it has a workout.
pub(crate) fn week_runs(monday: Date, active: impl Fn(Date) -> bool) -> u64 {
    runs_through(WEEKS, |offset| active(shift(monday, 7 * offset)))
}

/// How many windows of `length` that include offset 0 are fully active if offset 0 is. Offset 0 itself is not queried, so
/// it does not matter whether it is already, or still, counted.
fn runs_through(length: i32, active: impl Fn(i32) -> bool) -> u64 {
    let reach = |step: i32| (1..length).take_while(|distance| active(step * distance)).count();
    // With n consecutive active offsets around 0, at most length − 1 on each side, n − length + 1 windows fit.
    let in_a_row = reach(-1) + 1 + reach(1);
    (in_a_row + 1).saturating_sub(length.unsigned_abs() as usize) as u64
}

/// Some days before or after; at the ends of the calendar, which no workout reaches, the date itself.
fn shift(date: Date, days: i32) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn count_runs(length: usize, active: &BTreeSet<i32>) -> u64 {
        active.iter().filter(|start| (0..length as i32).all(|n| active.contains(&(*start + n)))).count() as u64
    }

    proptest! {
        #[test]
        fn runs_counted_one_by_one_are_the_runs_counted_at_once(days in proptest::collection::vec(0..40_i32, 0..60)) {
            let start = Date::constant(2026, 1, 1);
            let (mut active, mut runs) = (BTreeSet::new(), 0_u64);
            for day in days {
                // A day that occurs twice is toggled off.
                let date = shift(start, day);
                let is_active = |active: &BTreeSet<i32>, date: Date| active.contains(&(date - start).get_days());
                if active.insert(day) {
                    runs += day_runs(date, |date| is_active(&active, date));
                } else {
                    runs -= day_runs(date, |date| is_active(&active, date));
                    active.remove(&day);
                }
                prop_assert_eq!(runs, count_runs(7, &active));
            }
        }
    }

    #[test]
    fn a_week_begins_on_monday() {
        assert_eq!(monday(Date::constant(2026, 11, 29)).to_string(), "2026-11-23");
        assert_eq!(weekday(Date::constant(2026, 11, 29)), 6);
        let around: Vec<String> = weeks_around(Date::constant(2026, 11, 23)).map(|monday| monday.to_string()).collect();
        assert_eq!((around.len(), &*around[0], &*around[6]), (7, "2026-11-02", "2026-12-14"));
    }
}
