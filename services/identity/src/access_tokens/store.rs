//! The table of personal access tokens.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    SessionId, UserId,
    user::{AccessTokenView, CheckedAccessToken, CreateAccessToken, SecurityChange},
};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::changes;

/// Most that a user has.
const MAX_TOKENS: i64 = 50;

/// False if there are too many.
pub(super) async fn add(
    pool: &PgPool,
    query: &CreateAccessToken,
    token: SessionId,
    sha256: &[u8; 32],
    expires_at: Timestamp,
) -> Result<bool> {
    let mut db = pool.begin().await?;
    // One at a time for each user, so that of many at once none is too many.
    sqlx::query("SELECT FROM credential WHERE user_id = $1 FOR UPDATE")
        .bind(query.user.uuid())
        .execute(&mut *db)
        .await?;
    let over = "DELETE FROM access_token WHERE user_id = $1 AND expires_at <= now()";
    sqlx::query(over).bind(query.user.uuid()).execute(&mut *db).await?;
    let sql = "INSERT INTO access_token (user_id, token_id, sha256, name, scopes, expires_at)
               SELECT $1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000000)
               WHERE (SELECT count(*) FROM access_token WHERE user_id = $1) < $7";
    let add = sqlx::query(sql).bind(query.user.uuid()).bind(token.uuid()).bind(sha256).bind(&query.name);
    let add = add.bind(serde_json::to_value(&query.scopes)?).bind(expires_at.as_microsecond() as f64).bind(MAX_TOKENS);
    if add.execute(&mut *db).await?.rows_affected() == 0 {
        return Ok(false);
    }
    changes::tell(&mut db, query.user, SecurityChange::AccessTokenCreated).await?;
    db.commit().await?;
    Ok(true)
}

pub(crate) async fn list(pool: &PgPool, user: UserId) -> Result<Vec<AccessTokenView>> {
    let rows: Vec<(Uuid, String, Value, i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT token_id, name, scopes, (extract(epoch FROM created_at) * 1000000)::bigint,
                (extract(epoch FROM expires_at) * 1000000)::bigint, (extract(epoch FROM last_used_at) * 1000000)::bigint
         FROM access_token WHERE user_id = $1 AND expires_at > now() ORDER BY created_at DESC, token_id",
    )
    .bind(user.uuid())
    .fetch_all(pool)
    .await?;
    let view = |(token, name, scopes, created_at, expires_at, last_used_at): (_, _, _, _, _, Option<i64>)| {
        Ok(AccessTokenView {
            token_id: SessionId::new(token),
            name,
            scopes: serde_json::from_value(scopes)?,
            created_at: Timestamp::from_microsecond(created_at)?,
            expires_at: Timestamp::from_microsecond(expires_at)?,
            last_used_at: last_used_at.map(Timestamp::from_microsecond).transpose()?,
        })
    };
    rows.into_iter().map(view).collect()
}

/// False if there is none. What tells of it waits to be sent.
pub(super) async fn revoke(pool: &PgPool, user: UserId, token: SessionId) -> Result<bool> {
    let sql = "WITH gone AS (DELETE FROM access_token WHERE user_id = $1 AND token_id = $2 RETURNING user_id, token_id)
               INSERT INTO unsent_command (user_id, cause, kind, body)
               SELECT user_id, token_id, 'user.revoke_session.v1',
                      jsonb_build_object('session_id', token_id, 'reason', 'ended')
               FROM gone";
    Ok(sqlx::query(sql).bind(user.uuid()).bind(token.uuid()).execute(pool).await?.rows_affected() == 1)
}

/// What it may do, if it is good. When it was used is noted every ten minutes.
pub(super) async fn check(pool: &PgPool, user: UserId, sha256: &[u8; 32]) -> Result<Option<CheckedAccessToken>> {
    let found: Option<(Uuid, Value, i64)> = sqlx::query_as(
        "WITH found AS (
             SELECT user_id, token_id, scopes, expires_at, last_used_at FROM access_token
             WHERE user_id = $1 AND sha256 = $2 AND expires_at > now()
         ), used AS (
             UPDATE access_token t SET last_used_at = now() FROM found
             WHERE t.user_id = found.user_id AND t.token_id = found.token_id
               AND (found.last_used_at IS NULL OR found.last_used_at < now() - interval '10 minutes')
         )
         SELECT token_id, scopes, (extract(epoch FROM expires_at) * 1000000)::bigint FROM found",
    )
    .bind(user.uuid())
    .bind(sha256)
    .fetch_optional(pool)
    .await?;
    let checked = |(token, scopes, expires_at)| {
        Ok(CheckedAccessToken {
            token_id: SessionId::new(token),
            scopes: serde_json::from_value(scopes)?,
            expires_at: Timestamp::from_microsecond(expires_at)?,
        })
    };
    found.map(checked).transpose()
}
