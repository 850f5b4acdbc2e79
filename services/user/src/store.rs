//! The tables of accounts and all statements on them.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{UserId, user::Profile};
use sqlx::PgPool;

/// `None` if the user is not registered, or not yet.
pub(crate) async fn profile(pool: &PgPool, user: UserId) -> Result<Option<Profile>> {
    let sql = "SELECT locale, time_zone, (extract(epoch FROM registered_at) * 1000000)::bigint FROM profile WHERE user_id = $1";
    let found: Option<(String, String, i64)> = sqlx::query_as(sql).bind(user.uuid()).fetch_optional(pool).await?;
    let profile = |(locale, time_zone, registered_at): (String, String, i64)| {
        Ok(Profile {
            locale: locale.try_into().map_err(anyhow::Error::msg)?,
            time_zone: time_zone.try_into().map_err(anyhow::Error::msg)?,
            registered_at: Timestamp::from_microsecond(registered_at)?,
        })
    };
    found.map(profile).transpose()
}
