//! The tables of achievements and all statements on them.

use std::collections::BTreeMap;

use anyhow::Result;
use plyo_events::UserId;
use plyo_nats::unpack;
use sqlx::PgPool;

use crate::domain::rows::{ProgressRow, Unlocked};

/// A user's progress, and the codes of unlocked achievements.
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
