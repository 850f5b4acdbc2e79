//! The tables of the achievements and every statement on them.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use plyo_events::{UserId, achievement::Metric, training::ExerciseSlug, workout::RecordKind};
use plyo_nats::{Load, Part, Row};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgPool, types::Json};

use crate::domain;

pub(crate) const TABLES: &[&str] = &["progress", "week", "standing", "unlocked"];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProgressRow {
    pub user_id: UserId,
    pub workouts: u64,
    pub tonnage_g: u64,
    pub records: u64,
    pub seven_day_runs: u64,
    pub four_week_runs: u64,
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

impl Row for ProgressRow {
    const TABLE: &'static str = "progress";
    const KEY: &'static [&'static str] = &["user_id"];
    type Key = (UserId,);
    fn key(&self) -> Self::Key {
        (self.user_id,)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WeekRow {
    pub user_id: UserId,
    pub monday: Date,
    /// Workouts per day, Monday first. A week without any has no row.
    pub days: [u32; 7],
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

impl Row for WeekRow {
    const TABLE: &'static str = "week";
    const KEY: &'static [&'static str] = &["user_id", "monday"];
    type Key = (UserId, Date);
    fn key(&self) -> Self::Key {
        (self.user_id, self.monday)
    }
}

/// What a record is of: one exercise of one person, and what is measured of it.
pub(crate) type Lift = (UserId, ExerciseSlug, RecordKind);

/// A lift of which a record stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StandingRow {
    pub user_id: UserId,
    pub exercise: ExerciseSlug,
    pub kind: RecordKind,
}

impl Row for StandingRow {
    const TABLE: &'static str = "standing";
    const KEY: &'static [&'static str] = &["user_id", "exercise", "kind"];
    type Key = Lift;
    fn key(&self) -> Self::Key {
        (self.user_id, self.exercise.clone(), self.kind)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnlockedRow {
    pub user_id: UserId,
    pub code: String,
    pub value: u64,
    pub unlocked_at: Timestamp,
}

impl Row for UnlockedRow {
    const TABLE: &'static str = "unlocked";
    const KEY: &'static [&'static str] = &["user_id", "code"];
    type Key = (UserId, String);
    fn key(&self) -> Self::Key {
        (self.user_id, self.code.clone())
    }
}

/// The codes that people have unlocked.
pub(crate) type Codes = HashMap<UserId, HashSet<String>>;

/// The weeks that decide which streaks go through these: from 3 before to 3 after each, as far as there are any.
pub(crate) fn weeks_around(load: &mut Load, mondays: &BTreeSet<(UserId, Date)>) -> Part<WeekRow> {
    let around = |(user_id, monday): &(UserId, Date)| {
        let (first, last) = domain::weeks_around(*monday);
        json!({ "user_id": user_id, "first": first, "last": last })
    };
    let sql = "SELECT row_to_json(week) FROM json_to_recordset($1::json) AS around(user_id uuid, first date, last date)
               JOIN week ON week.user_id = around.user_id AND monday BETWEEN first AND last";
    load.by(sql, &mondays.iter().map(around).collect())
}

/// The codes that these people have unlocked: one row each, where the rows of `unlocked` would be a dozen.
pub(crate) fn codes(load: &mut Load, users: &BTreeSet<UserId>) -> Part<(UserId, HashSet<String>)> {
    let sql = "SELECT json_build_array(user_id, json_agg(code)) FROM unlocked
               WHERE user_id IN (SELECT value::uuid FROM json_array_elements_text($1::json)) GROUP BY user_id";
    load.by(sql, &json!(users))
}

/// How far a person is, and the codes of what is unlocked.
pub(crate) async fn achievements(pool: &PgPool, user: UserId) -> Result<(ProgressRow, Vec<String>)> {
    let (progress, codes): (Option<Json<ProgressRow>>, Vec<String>) = sqlx::query_as(
        "SELECT (SELECT row_to_json(progress) FROM progress WHERE user_id = $1),
                ARRAY(SELECT code FROM unlocked WHERE user_id = $1)",
    )
    .bind(user.uuid())
    .fetch_one(pool)
    .await?;
    Ok((progress.map_or(ProgressRow::none(user), |Json(row)| row), codes))
}
