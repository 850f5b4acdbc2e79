//! Statements on sessions, access tokens and handles for administration.

use std::collections::HashMap;

use anyhow::Result;
use plyo_events::{SessionId, TextId, UserId, administration::Standing};
use sqlx::PgPool;
use uuid::Uuid;

use crate::changes;

pub(super) async fn has_recent_second_factor(pool: &PgPool, user: UserId, session: SessionId) -> Result<bool> {
    let sql = "SELECT EXISTS (
                   SELECT FROM session s
                   WHERE s.user_id = $1 AND s.session_id = $2 AND s.ended_by IS NULL
                     AND (EXISTS (SELECT FROM second_factor f WHERE f.user_id = $1 AND f.confirmed_at IS NOT NULL)
                          OR EXISTS (SELECT FROM passkey p WHERE p.user_id = $1))
                     AND s.second_factor_at > now() - make_interval(mins => $3))";
    let has = sqlx::query_scalar(sql).bind(user.uuid()).bind(session.uuid()).bind(Standing::RECENT_MINUTES);
    Ok(has.fetch_one(pool).await?)
}

/// False if the session has ended.
pub(super) async fn note_second_factor(pool: &PgPool, user: UserId, session: SessionId) -> Result<bool> {
    let sql = "UPDATE session SET second_factor_at = now()
               WHERE user_id = $1 AND session_id = $2 AND ended_by IS NULL";
    Ok(sqlx::query(sql).bind(user.uuid()).bind(session.uuid()).execute(pool).await?.rows_affected() == 1)
}

pub(super) async fn end_all(pool: &PgPool, user: UserId) -> Result<()> {
    let mut db = pool.begin().await?;
    changes::end_sessions_and_tokens(&mut db, user, "administration").await?;
    Ok(db.commit().await?)
}

/// The sessions and access tokens whose end waits to be told of.
pub(super) async fn untold_ends(pool: &PgPool, user: UserId) -> Result<Vec<SessionId>> {
    let sql = "SELECT cause FROM unsent_command WHERE user_id = $1 AND kind = 'user.revoke_session.v1'
               AND body->>'reason' = 'administration' ORDER BY cause";
    let found: Vec<Uuid> = sqlx::query_scalar(sql).bind(user.uuid()).fetch_all(pool).await?;
    Ok(found.into_iter().map(SessionId::new).collect())
}

/// Whoever has claimed it.
pub(super) async fn of_handle(pool: &PgPool, key: &str) -> Result<Option<UserId>> {
    let sql = "SELECT user_id FROM handle WHERE key = $1";
    let found: Option<Uuid> = sqlx::query_scalar(sql).bind(key).fetch_optional(pool).await?;
    Ok(found.map(UserId::new))
}

pub(super) async fn handles(
    pool: &PgPool,
    held: impl Iterator<Item = (UserId, TextId)>,
) -> Result<HashMap<UserId, String>> {
    let (users, texts): (Vec<Uuid>, Vec<Uuid>) = held.map(|(user, text)| (user.uuid(), text.uuid())).unzip();
    let sql = "SELECT t.user_id, t.content FROM personal_text t
               JOIN unnest($1::uuid[], $2::uuid[]) AS held(user_id, text_id) USING (user_id, text_id)";
    let found: Vec<(Uuid, String)> = sqlx::query_as(sql).bind(users).bind(texts).fetch_all(pool).await?;
    Ok(found.into_iter().map(|(user, handle)| (UserId::new(user), handle)).collect())
}
