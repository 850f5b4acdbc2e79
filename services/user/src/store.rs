//! The tables of accounts and all statements on them.

use anyhow::{Context, Result};
use jiff::Timestamp;
use plyo_events::{
    EventId, ExportId, UserId,
    administration::{Account, AccountView, ActView, STAFF, SuspensionView, WhichAccounts},
    erasure::ErasureView,
    export::{ExportFile, ExportView},
    profile::About,
    user::Profile,
};
use plyo_nats::unpack;
use serde::de::{DeserializeOwned, IntoDeserializer, value};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

/// `None` if the user is not registered, or not yet.
pub(crate) async fn profile(pool: &PgPool, user: UserId) -> Result<Option<Profile>> {
    type Found = (String, String, i64, Option<i32>, Option<Vec<u8>>, Option<Vec<u8>>, Vec<String>, bool);
    let sql = "SELECT p.locale, p.time_zone, (extract(epoch FROM p.registered_at) * 1000000)::bigint,
                      d.revision, d.called, d.about,
                      ARRAY(SELECT role FROM granted_role r WHERE r.staff_id = $2 AND r.user_id = $1 ORDER BY role),
                      EXISTS (SELECT FROM suspension s WHERE s.staff_id = $2 AND s.user_id = $1)
               FROM profile p LEFT JOIN details d USING (user_id) WHERE p.user_id = $1";
    let found: Option<Found> = sqlx::query_as(sql).bind(user.uuid()).bind(STAFF.uuid()).fetch_optional(pool).await?;
    let profile = |(locale, time_zone, registered_at, revision, called, about, roles, is_suspended): Found| {
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
            roles: roles.iter().map(|role| named(role)).collect::<Result<_>>()?,
            is_suspended,
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

/// One more than the limit, if there are more.
pub(crate) async fn accounts(pool: &PgPool, find: &WhichAccounts) -> Result<Vec<Account>> {
    type Found = (Uuid, i64, Vec<String>, Option<String>, Option<i64>, Option<Vec<u8>>);
    // Where few are meant, only these are looked at.
    let chosen = match (find.only, find.role, find.suspended) {
        (Some(_), ..) => "SELECT $2 AS user_id",
        (None, Some(_), _) => "SELECT user_id FROM granted_role WHERE staff_id = $1 AND role = $3",
        (None, None, Some(true)) => "SELECT user_id FROM suspension WHERE staff_id = $1",
        _ => "SELECT user_id FROM profile",
    };
    let sql = format!(
        "SELECT p.user_id, (extract(epoch FROM p.registered_at) * 1000000)::bigint,
                ARRAY(SELECT role FROM granted_role r WHERE r.staff_id = $1 AND r.user_id = p.user_id ORDER BY role),
                s.reason, (extract(epoch FROM s.since) * 1000000)::bigint, d.called
         FROM ({chosen}) AS chosen JOIN profile p USING (user_id) LEFT JOIN details d USING (user_id)
         LEFT JOIN suspension s ON s.staff_id = $1 AND s.user_id = p.user_id
         WHERE ($3::text IS NULL OR EXISTS (
                   SELECT FROM granted_role r WHERE r.staff_id = $1 AND r.user_id = p.user_id AND r.role = $3))
           AND ($4::boolean IS NULL OR (s.user_id IS NOT NULL) = $4) AND p.user_id < $5
         ORDER BY p.user_id DESC LIMIT $6"
    );
    let rows: Vec<Found> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(STAFF.uuid())
        .bind(find.only.map(UserId::uuid))
        .bind(find.role.map(|role| role.name()))
        .bind(find.suspended)
        .bind(find.before.map_or(Uuid::max(), UserId::uuid))
        .bind(i64::from(find.limit) + 1)
        .fetch_all(pool)
        .await?;
    let account = |(user, registered_at, roles, reason, since, called): Found| {
        let suspension = match (reason, since) {
            (Some(reason), Some(since)) => {
                Some(SuspensionView { reason: named(&reason)?, since: Timestamp::from_microsecond(since)? })
            }
            _ => None,
        };
        let view = AccountView {
            user_id: UserId::new(user),
            handle: None,
            registered_at: Timestamp::from_microsecond(registered_at)?,
            roles: roles.iter().map(|role| named(role)).collect::<Result<_>>()?,
            suspension,
        };
        Ok(Account { view, called: called.as_deref().map(unpack).transpose()?.unwrap_or_default() })
    };
    rows.into_iter().map(account).collect()
}

/// Lines of the audit log with numbers below `before`, newest first, each with its number.
pub(crate) async fn acts(pool: &PgPool, before: u64, limit: u32) -> Result<Vec<(u64, ActView)>> {
    type Row = (i64, Uuid, i64, Option<Uuid>, Uuid, Vec<u8>, Option<i32>);
    let sql = "SELECT number, act_id, (extract(epoch FROM done_at) * 1000000)::bigint, done_by, user_id, what, ended
               FROM act WHERE staff_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
    let query = sqlx::query_as(sql).bind(STAFF.uuid()).bind(before.cast_signed()).bind(i64::from(limit));
    let rows: Vec<Row> = query.fetch_all(pool).await?;
    let act = |(number, act_id, at, by, user, what, ended): Row| {
        let view = ActView {
            act_id: EventId::new(act_id),
            at: Timestamp::from_microsecond(at)?,
            by: by.map(UserId::new),
            user_id: UserId::new(user),
            act: unpack(&what)?,
            ended: ended.map(i32::cast_unsigned),
        };
        Ok((number.cast_unsigned(), view))
    };
    rows.into_iter().map(act).collect()
}

/// What is stored by its name.
fn named<T: DeserializeOwned>(name: &str) -> Result<T> {
    let name: value::StrDeserializer<'_, value::Error> = name.into_deserializer();
    T::deserialize(name).context("decode a name")
}
