//! The tables of accounts and all statements on them.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{UserId, erasure::ErasureView, profile::About, user::Profile};
use plyo_nats::unpack;
use sqlx::PgPool;

/// `None` if the user is not registered, or not yet.
pub(crate) async fn profile(pool: &PgPool, user: UserId) -> Result<Option<Profile>> {
    type Found = (String, String, i64, Option<i32>, Option<Vec<u8>>, Option<Vec<u8>>);
    let sql = "SELECT p.locale, p.time_zone, (extract(epoch FROM p.registered_at) * 1000000)::bigint,
                      d.revision, d.called, d.about
               FROM profile p LEFT JOIN details d USING (user_id) WHERE p.user_id = $1";
    let found: Option<Found> = sqlx::query_as(sql).bind(user.uuid()).fetch_optional(pool).await?;
    let profile = |(locale, time_zone, registered_at, revision, called, about): Found| {
        let about = match about {
            Some(about) => unpack(&about)?,
            None => About {
                locale: locale.try_into().map_err(anyhow::Error::msg)?,
                time_zone: time_zone.try_into().map_err(anyhow::Error::msg)?,
                ..About::default()
            },
        };
        Ok(Profile {
            registered_at: Timestamp::from_microsecond(registered_at)?,
            revision: revision.map_or(1, i32::cast_unsigned),
            called: called.as_deref().map(unpack).transpose()?.unwrap_or_default(),
            about,
        })
    };
    found.map(profile).transpose()
}

/// `None` where nobody of this id ever wanted one.
pub(crate) async fn erasure(pool: &PgPool, user_id: UserId) -> Result<Option<ErasureView>> {
    let sql = "SELECT stage, (extract(epoch FROM erased_at) * 1000000)::bigint,
                      (extract(epoch FROM completed_at) * 1000000)::bigint, events
               FROM erasure WHERE user_id = $1";
    let found: Option<(String, i64, Option<i64>, Option<i64>)> =
        sqlx::query_as(sql).bind(user_id.uuid()).fetch_optional(pool).await?;
    let view = |(stage, erased_at, completed_at, events): (String, i64, Option<i64>, Option<i64>)| {
        Ok(ErasureView {
            user_id,
            stage: serde_json::from_value(stage.into())?,
            erased_at: Timestamp::from_microsecond(erased_at)?,
            completed_at: completed_at.map(Timestamp::from_microsecond).transpose()?,
            events: events.map_or(0, i64::cast_unsigned),
        })
    };
    found.map(view).transpose()
}
