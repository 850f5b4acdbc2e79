//! The tables of the achievements and every statement on them.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use plyo_events::{UserId, achievement::Metric, training::ExerciseSlug, workout::RecordKind};
use plyo_nats::{row, unpack};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::domain;

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
    /// An ISO week of a person: workouts per day, Monday first. A week without any has no row.
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

    /// How many workouts there are on a date of this week.
    pub(crate) fn day(&mut self, date: Date) -> &mut u32 {
        &mut self.days[domain::weekday(date)]
    }
}

/// What a record is of: one exercise of one person, and what is measured of it.
pub(crate) type Lift = (UserId, ExerciseSlug, RecordKind);

row! {
    /// A lift of which a record stands.
    pub(crate) struct StandingRow: "standing" {
        [user_id: UserId, exercise: ExerciseSlug as text, kind: RecordKind as text]
    }
}

row! {
    /// What a person has unlocked, by the code of the rule.
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

/// How far a person is, and the codes of what is unlocked.
pub(crate) async fn achievements(pool: &PgPool, user: UserId) -> Result<(ProgressRow, Vec<String>)> {
    type Found = (Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<Vec<u8>>);
    let (workouts, tonnage_g, records, seven_day_runs, four_week_runs, codes): Found = sqlx::query_as(
        "SELECT workouts, tonnage_g, records, seven_day_runs, four_week_runs, codes
         FROM (VALUES ($1::uuid)) AS person(user_id) LEFT JOIN progress USING (user_id) LEFT JOIN unlocked USING (user_id)",
    )
    .bind(user.uuid())
    .fetch_one(pool)
    .await?;
    let count = |number: Option<i64>| number.map_or(0, i64::cast_unsigned);
    let progress = ProgressRow {
        user_id: user,
        workouts: count(workouts),
        tonnage_g: count(tonnage_g),
        records: count(records),
        seven_day_runs: count(seven_day_runs),
        four_week_runs: count(four_week_runs),
    };
    let codes: BTreeMap<String, Unlocked> = codes.as_deref().map(unpack).transpose()?.unwrap_or_default();
    Ok((progress, codes.into_keys().collect()))
}
