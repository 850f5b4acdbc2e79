//! The tables of the notifications and every statement on them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    NotificationId, UserId,
    notification::{Because, NotificationCounts, NotificationKind, NotificationView},
};
use plyo_nats::{Load, Part, Row};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgPool, types::Json};

pub(crate) const TABLES: &[&str] = &["mailbox", "notification", "preference"];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MailboxRow {
    pub user_id: UserId,
    pub last_number: u64,
    pub read_through: u64,
    pub unread: u64,
}

impl Row for MailboxRow {
    const TABLE: &'static str = "mailbox";
    const KEY: &'static [&'static str] = &["user_id"];
    type Key = (UserId,);
    fn key(&self) -> Self::Key {
        (self.user_id,)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NotificationRow {
    pub user_id: UserId,
    pub notification_id: NotificationId,
    pub number: u64,
    pub kind: NotificationKind,
    pub subject: String,
    pub read: bool,
    pub retracted: bool,
    pub created_at: Timestamp,
    pub because: Because,
    pub params: Value,
}

impl Row for NotificationRow {
    const TABLE: &'static str = "notification";
    const KEY: &'static [&'static str] = &["user_id", "notification_id"];
    type Key = (UserId, NotificationId);
    fn key(&self) -> Self::Key {
        (self.user_id, self.notification_id)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PreferenceRow {
    pub user_id: UserId,
    pub in_app: BTreeMap<NotificationKind, bool>,
}

impl Row for PreferenceRow {
    const TABLE: &'static str = "preference";
    const KEY: &'static [&'static str] = &["user_id"];
    type Key = (UserId,);
    fn key(&self) -> Self::Key {
        (self.user_id,)
    }
}

/// The notifications with these ids, and those that stand about these subjects.
pub(crate) fn notifications(
    load: &mut Load,
    ids: &BTreeSet<(UserId, NotificationId)>,
    subjects: &BTreeSet<(UserId, String)>,
) -> Part<NotificationRow> {
    let sql = "SELECT row_to_json(n) FROM json_array_elements($1::json->'ids') AS id
               JOIN notification n ON n.user_id = (id->>0)::uuid AND n.notification_id = (id->>1)::uuid
               UNION ALL
               SELECT row_to_json(n) FROM json_array_elements($1::json->'subjects') AS told
               JOIN notification n ON n.user_id = (told->>0)::uuid AND n.subject = told->>1 AND NOT n.retracted";
    load.by(sql, &serde_json::json!({ "ids": ids, "subjects": subjects }))
}

/// Notifications with numbers below `before`, newest first.
pub(crate) async fn list(
    pool: &PgPool,
    user: UserId,
    unread_only: bool,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<NotificationView>> {
    let rows: Vec<(Json<NotificationRow>, bool)> = sqlx::query_as(
        "SELECT row_to_json(n), n.read OR n.number <= m.read_through FROM notification n JOIN mailbox m USING (user_id)
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
    Ok(rows.into_iter().map(|(Json(row), read)| view(row, read)).collect())
}

pub(crate) async fn counts(pool: &PgPool, user: UserId) -> Result<NotificationCounts> {
    let sql = "SELECT last_number, unread FROM mailbox WHERE user_id = $1";
    let row: Option<(i64, i64)> = sqlx::query_as(sql).bind(user.uuid()).fetch_optional(pool).await?;
    let (total, unread) = row.unwrap_or_default();
    Ok(NotificationCounts { total: total.cast_unsigned(), unread: unread.cast_unsigned() })
}

pub(crate) async fn preferences(pool: &PgPool, user: UserId) -> Result<BTreeMap<NotificationKind, bool>> {
    let sql = "SELECT in_app FROM preference WHERE user_id = $1";
    let row: Option<Json<BTreeMap<NotificationKind, bool>>> =
        sqlx::query_scalar(sql).bind(user.uuid()).fetch_optional(pool).await?;
    Ok(row.map_or_else(BTreeMap::new, |Json(chosen)| chosen))
}

fn view(row: NotificationRow, read: bool) -> NotificationView {
    let NotificationRow { notification_id, number, kind, retracted, created_at, because, params, .. } = row;
    NotificationView { notification_id, number, kind, read, retracted, created_at, because, params }
}
