//! The rows of achievements.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use plyo_events::{UserId, achievement::Metric, training::ExerciseSlug, workout::RecordKind};
use plyo_nats::row;
use serde::{Deserialize, Serialize};

row! {
    /// How far a person is.
    pub(crate) struct ProgressRow: "progress" {
        [user_id: UserId]
        workouts: u64,
        tonnage_g: u64,
        records: u64,
        seven_day_runs: u64,
        four_week_runs: u64,
    }
}

impl ProgressRow {
    pub(crate) const fn none(user_id: UserId) -> Self {
        Self { user_id, workouts: 0, tonnage_g: 0, records: 0, seven_day_runs: 0, four_week_runs: 0 }
    }

    pub(crate) const fn metric(&self, metric: Metric) -> u64 {
        match metric {
            Metric::Workouts => self.workouts,
            Metric::TonnageG => self.tonnage_g,
            Metric::Records => self.records,
            Metric::SevenDayRuns => self.seven_day_runs,
            Metric::FourWeekRuns => self.four_week_runs,
        }
    }
}

row! {
    /// An ISO week of a user: workouts per day, Monday first. A week without any has no row.
    pub(crate) struct WeekRow: "week" {
        [user_id: UserId, monday: Date]
        days: [u32; 7] as packed,
    }
}

impl WeekRow {
    pub(crate) const fn none(user_id: UserId, monday: Date) -> Self {
        Self { user_id, monday, days: [0; 7] }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.days == [0; 7]
    }

    /// The number of workouts on a date of this week.
    pub(crate) fn day(&mut self, date: Date) -> &mut u32 {
        &mut self.days[super::weekday(date)]
    }
}

/// The key of a record: an exercise of a user, and the kind of record.
pub(crate) type Lift = (UserId, ExerciseSlug, RecordKind);

row! {
    /// A lift that has a record.
    pub(crate) struct StandingRow: "standing" {
        [user_id: UserId, exercise: ExerciseSlug as text, kind: RecordKind as text]
    }
}

row! {
    /// A user's unlocked achievement, by the code of the rule.
    pub(crate) struct UnlockedRow: "unlocked" {
        [user_id: UserId]
        codes: BTreeMap<String, Unlocked> as packed,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unlocked {
    /// What the metric was.
    pub value: u64,
    pub at: Timestamp,
}
