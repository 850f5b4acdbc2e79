//! The tables of accounts and all statements on them.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    ExportId, UserId,
    export::{ExportFile, ExportView},
    profile::About,
    user::Profile,
};
use plyo_nats::unpack;
use sqlx::PgPool;
use uuid::Uuid;

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

/// `None` if the user never asked for one.
pub(crate) async fn export(pool: &PgPool, user: UserId) -> Result<Option<ExportView>> {
    type Found = (Uuid, String, i64, Option<i64>, Option<i64>, Option<i64>);
    let sql = "SELECT export_id, stage, (extract(epoch FROM requested_at) * 1000000)::bigint, events, bytes,
                      (extract(epoch FROM expires_at) * 1000000)::bigint
               FROM export WHERE user_id = $1";
    let found: Option<Found> = sqlx::query_as(sql).bind(user.uuid()).fetch_optional(pool).await?;
    let view = |(export_id, stage, requested_at, events, bytes, expires_at): Found| {
        let file = |(events, bytes, expires_at): (i64, i64, i64)| {
            anyhow::Ok(ExportFile {
                events: events.cast_unsigned(),
                bytes: bytes.cast_unsigned(),
                expires_at: Timestamp::from_microsecond(expires_at)?,
            })
        };
        Ok(ExportView {
            export_id: ExportId::new(export_id),
            stage: serde_json::from_value(stage.into())?,
            requested_at: Timestamp::from_microsecond(requested_at)?,
            file: events.zip(bytes).zip(expires_at).map(|((e, b), at)| file((e, b, at))).transpose()?,
        })
    };
    found.map(view).transpose()
}
