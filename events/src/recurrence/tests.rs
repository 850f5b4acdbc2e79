//! Rules in zones whose clocks jump.

use std::ops::ControlFlow;

use jiff::{SignedDuration, ToSpan};
use proptest::{prelude::*, sample::select};

use super::*;

/// The next `count` times after the local midnight that begins `date`, as the local clock shows them.
fn times(rule: &str, zone: &str, date: &str, count: usize) -> Vec<String> {
    let recurrence = Recurrence::new(rule, zone).unwrap();
    let midnight: DateTime = date.parse().unwrap();
    let mut last = recurrence.zone.to_timestamp(midnight).unwrap() - 1.second();
    let mut times = Vec::new();
    for _ in 0..count {
        last = recurrence.next_after(last);
        let offset = recurrence.zone.to_offset(last);
        times.push(format!("{}{offset}", recurrence.zone.to_datetime(last)));
    }
    times
}

#[test]
fn half_past_two_is_due_once_when_the_clock_jumps_over_it_and_once_when_it_comes_twice() {
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2027-03-27", 3),
        ["2027-03-27T02:30:00+01", "2027-03-28T03:00:00+02", "2027-03-29T02:30:00+02"]
    );
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2027-10-30", 3),
        ["2027-10-30T02:30:00+02", "2027-10-31T02:30:00+02", "2027-11-01T02:30:00+01"]
    );
}

#[test]
fn a_midnight_that_does_not_exist_is_the_first_moment_of_its_day() {
    for (zone, date, moment) in [
        ("Africa/Cairo", "2027-04-30", "2027-04-30T01:00:00+03"),
        ("America/Santiago", "2027-09-05", "2027-09-05T01:00:00-03"),
        ("Asia/Beirut", "2027-03-28", "2027-03-28T01:00:00+03"),
        ("America/Havana", "2027-03-14", "2027-03-14T01:00:00-04"),
    ] {
        let date: jiff::civil::Date = date.parse().unwrap();
        let weekday = date.weekday().to_sunday_zero_offset();
        let the_day_before = date.yesterday().unwrap().to_string();
        let week_later = date.checked_add(1.week()).unwrap().to_string();
        let weekly = times(&format!("0 0 * * {weekday}"), zone, &the_day_before, 2);
        assert_eq!((weekly[0].as_str(), &weekly[1][..10]), (moment, &*week_later), "{zone}");
        let daily = times("0 0 * * *", zone, &the_day_before, 3);
        assert_eq!((&daily[0][..10], daily[1].as_str()), (&*the_day_before, moment), "{zone}");
        assert!(daily[2].contains("T00:00:00"), "{zone}: {daily:?}");
    }
}

#[test]
fn a_midnight_that_comes_twice_is_due_the_first_time() {
    assert_eq!(
        times("0 0 * * SUN", "America/Havana", "2027-11-06", 2),
        ["2027-11-07T00:00:00-04", "2027-11-14T00:00:00-05"]
    );
}

#[test]
fn what_the_clock_shows_again_was_due_before() {
    let recurrence = Recurrence::new("*/20 2 * * *", "Europe/Berlin").unwrap();
    let next = |last: &str| recurrence.next_after(last.parse().unwrap()).to_string();
    assert_eq!(next("2027-10-31T00:39:59.9Z"), "2027-10-31T00:40:00Z");
    assert_eq!(next("2027-10-31T00:40:00Z"), "2027-11-01T01:00:00Z");
    assert_eq!(next("2027-10-31T01:10:00Z"), "2027-11-01T01:00:00Z");
}

#[test]
fn several_times_that_one_jump_leaves_out_are_due_once() {
    assert_eq!(
        times("*/20 * * * *", "Europe/Berlin", "2027-03-28T01:30", 3),
        ["2027-03-28T01:40:00+01", "2027-03-28T03:00:00+02", "2027-03-28T03:20:00+02"]
    );
    // A whole day that was never there.
    assert_eq!(times("0 9 30 12 *", "Pacific/Apia", "2011-12-29", 1), ["2011-12-31T00:00:00+14"]);
}

#[test]
fn the_last_day_and_the_last_friday_of_december_are_not_forgotten() {
    assert_eq!(times("0 18 L 12 *", "UTC", "2026-11-29", 1), ["2026-12-31T18:00:00+00"]);
    assert_eq!(times("0 18 * 12 5L", "UTC", "2026-11-29", 1), ["2026-12-25T18:00:00+00"]);
    assert_eq!(times("0 0 29 2 *", "UTC", "2096-03-01", 1), ["2104-02-29T00:00:00+00"]);
    assert_eq!(times("0 0 29 2 +MON", "UTC", "2072-03-01", 1), ["2112-02-29T00:00:00+00"]);
}

#[test]
fn what_is_no_recurrence_says_why() {
    let refused = |rule: &str, zone: &str| Recurrence::new(rule, zone).unwrap_err().to_string();
    for zone in ["", "Europe/Atlantis", "../../etc/passwd", "+02:00", "Etc/Unknown", "Europe/Berlin\0"] {
        assert!(refused("0 7 * * *", zone).contains("unknown time zone"), "{zone:?}");
    }
    for rule in
        ["", "0 7 * *", "0 7 * * * *", "@daily", "60 7 * * *", "0 24 * * *", "0 7 0 * *", "0 7 * * 8", "a b c d e"]
    {
        assert!(refused(rule, "UTC").contains("not a cron rule of five fields"), "{rule:?}: {}", refused(rule, "UTC"));
    }
    for rule in ["0 7 30 2 *", "0 7 31 4,6,9,11 *", "0 7 30 2 +MON", "0 7 30W 2 *"] {
        assert!(refused(rule, "UTC").contains("never fires"), "{rule:?}");
    }
}

#[test]
fn the_end_of_time_is_never_due() {
    let recurrence = Recurrence::new("0 7 * * MON", "Europe/Berlin").unwrap();
    assert_eq!(recurrence.next_after(Timestamp::MAX), Timestamp::MAX);
    assert!(recurrence.next_after(Timestamp::MIN) > Timestamp::MIN);
}

/// Whether the rule matches what the clock shows at this minute for the first time, or what it jumps over just before it.
fn is_due(recurrence: &Recurrence, moment: Timestamp) -> bool {
    let Recurrence { rule, zone } = recurrence;
    let shown = zone.to_datetime(moment);
    let matches = |shown: DateTime| rule.is_time_matching(&Clock(shown)).unwrap();
    if zone.to_ambiguous_timestamp(shown).earlier().unwrap() != moment {
        return false;
    }
    let mut expected = zone.to_datetime(moment - 1.minute()) + 1.minute();
    while expected < shown {
        if matches(expected) {
            return true;
        }
        expected += 1.minute();
    }
    matches(shown)
}

/// `*` so many times to each of the others.
fn field(any: u32, values: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = String> {
    let list = prop::collection::vec(values.clone(), 1..4)
        .prop_map(|values| values.iter().map(u8::to_string).collect::<Vec<_>>().join(","));
    let range = (values.clone(), values).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
    let step = (2..6_u8).prop_map(|step| format!("*/{step}"));
    prop_oneof![any => Just("*".to_owned()), 1 => step, 1 => list, 1 => range]
}

/// Most of them are due on every day, and many in the hours in which clocks jump.
fn rules() -> impl Strategy<Value = String> {
    let hours = prop_oneof![Just("0".to_owned()), Just("0-3".to_owned()), Just("2".to_owned()), field(3, 0..=23)];
    (field(1, 0..=59), hours, field(12, 1..=28), field(20, 1..=12), field(12, 0..=7))
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

/// Zones with jumps at midnight, at other hours, by half an hour, and over most of a day.
const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Berlin",
    "Africa/Cairo",
    "America/Santiago",
    "Asia/Beirut",
    "America/Havana",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
    "America/New_York",
];

/// A zone and a moment within two days of one of its jumps, or within two hours.
fn moments() -> impl Strategy<Value = (&'static str, Timestamp)> {
    let off = prop_oneof![-172_800_000..172_800_000_i64, -7_200_000..7_200_000_i64];
    (select(&ZONES[..]), 0..60_usize, off).prop_map(|(zone, jump, off)| {
        let start: Timestamp = "2011-01-01T00:00:00Z".parse().unwrap();
        let near = TimeZone::get(zone).unwrap().following(start).nth(jump).map_or(start, |jump| jump.timestamp());
        (zone, near + SignedDuration::from_millis(off))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Against every minute of the days that follow, each looked at alone.
    #[test]
    fn nothing_that_is_due_is_left_out_and_nothing_else_is_due(rule in rules(), (zone, last) in moments()) {
        let recurrence = Recurrence::new(&rule, zone).unwrap();
        let next = recurrence.next_after(last);
        prop_assert!(next > last);
        let minute = last.as_second().div_euclid(60);
        let found = (minute + 1..minute + 1 + 4 * 1_440).try_for_each(|minute| {
            let moment = Timestamp::from_second(minute * 60).unwrap();
            if is_due(&recurrence, moment) { ControlFlow::Break(moment) } else { ControlFlow::Continue(()) }
        });
        match found {
            ControlFlow::Break(moment) => prop_assert_eq!(next, moment),
            ControlFlow::Continue(()) => {
                prop_assert!(next >= Timestamp::from_second((minute + 4 * 1_440) * 60).unwrap());
                prop_assert!(is_due(&recurrence, next));
            }
        }
    }

    #[test]
    fn who_asks_later_is_not_answered_earlier(rule in rules(), (zone, last) in moments(), later in 0..400_000_i64) {
        let recurrence = Recurrence::new(&rule, zone).unwrap();
        let (next, after) = (recurrence.next_after(last), recurrence.next_after(last + SignedDuration::from_secs(later)));
        prop_assert!(next <= after);
        // Until it is due the answer stays the same.
        let between = last + SignedDuration::from_millis((next.as_millisecond() - last.as_millisecond()).saturating_sub(1) / 2);
        prop_assert_eq!(recurrence.next_after(between), next);
    }
}
