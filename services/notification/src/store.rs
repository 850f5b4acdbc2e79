//! The tables of notifications and all statements on them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::Timestamp;
use plyo_events::{
    NotificationId, UserId,
    notification::{NotificationCounts, NotificationKind, NotificationView},
};
use plyo_nats::unpack;
use serde::Deserialize;
use serde::de::{IntoDeserializer, value};
use sqlx::PgPool;

/// Notifications with numbers below `before`, newest first.
pub(crate) async fn list(
    pool: &PgPool,
    user: UserId,
    unread_only: bool,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<NotificationView>> {
    let rows: Vec<Stored> = sqlx::query_as(
        "SELECT n.notification_id, n.number, n.kind, n.read OR n.number <= m.read_through, n.retracted,
                (extract(epoch FROM n.created_at) * 1000000)::bigint, n.because, n.params
         FROM notification n JOIN mailbox m USING (user_id)
         WHERE n.user_id = $1 AND ($2::bigint IS NULL OR n.number < $2)
           AND (NOT $3 OR (n.number > m.read_through AND NOT n.read AND NOT n.retracted))
         ORDER BY n.number DESC LIMIT $4",
    )
    .bind(user.uuid())
    .bind(before.map(u64::cast_signed))
    .bind(unread_only)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(view).collect()
}

pub(crate) async fn counts(pool: &PgPool, user: UserId) -> Result<NotificationCounts> {
    let sql = "SELECT last_number, unread FROM mailbox WHERE user_id = $1";
    let row: Option<(i64, i64)> = sqlx::query_as(sql).bind(user.uuid()).fetch_optional(pool).await?;
    let (total, unread) = row.unwrap_or_default();
    Ok(NotificationCounts { total: total.cast_unsigned(), unread: unread.cast_unsigned() })
}

pub(crate) async fn preferences(pool: &PgPool, user: UserId) -> Result<BTreeMap<NotificationKind, bool>> {
    let sql = "SELECT in_app FROM preference WHERE user_id = $1";
    let row: Option<Vec<u8>> = sqlx::query_scalar(sql).bind(user.uuid()).fetch_optional(pool).await?;
    row.as_deref().map_or_else(|| Ok(BTreeMap::new()), unpack)
}

type Stored = (sqlx::types::Uuid, i64, String, bool, bool, i64, Vec<u8>, Vec<u8>);

fn view((id, number, kind, read, retracted, created_at, because, params): Stored) -> Result<NotificationView> {
    let kind: value::StrDeserializer<'_, value::Error> = kind.as_str().into_deserializer();
    Ok(NotificationView {
        notification_id: NotificationId::new(id),
        number: number.cast_unsigned(),
        kind: NotificationKind::deserialize(kind).context("decode a notification kind")?,
        read,
        retracted,
        created_at: Timestamp::from_microsecond(created_at)?,
        because: unpack(&because)?,
        params: unpack(&params)?,
    })
}
