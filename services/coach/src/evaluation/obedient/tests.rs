//! A tenth of the obedient.

use super::*;

#[test]
fn whoever_obeys_the_coach_ends_where_two_repetitions_are_in_reserve() {
    let obedience = every(10);
    assert!(obedience.obedient_within_12pct >= 0.95, "{obedience}");
    assert!(obedience.obedient_failed_by_two <= 0.05, "{obedience}");
    assert_eq!(obedience.obedient_declines, 0, "{obedience}");
}
