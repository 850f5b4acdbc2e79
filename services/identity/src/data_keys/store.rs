//! The table of wrapped keys.

use anyhow::Result;
use plyo_events::UserId;
use sqlx::PgPool;
use uuid::Uuid;

pub(super) async fn wrapped(pool: &PgPool, user: UserId) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT wrapped FROM data_key WHERE user_id = $1";
    Ok(sqlx::query_scalar(sql).bind(user.uuid()).fetch_optional(pool).await?)
}

/// Adds the key of an account, unless it has one.
pub(super) async fn add(pool: &PgPool, user: UserId, wrapped: &[u8]) -> Result<()> {
    let sql = "INSERT INTO data_key SELECT user_id, $2 FROM credential WHERE user_id = $1 ON CONFLICT DO NOTHING";
    sqlx::query(sql).bind(user.uuid()).bind(wrapped).execute(pool).await?;
    Ok(())
}

/// Keys whose wrapping does not begin so.
pub(super) async fn wrapped_by_others(pool: &PgPool, current: &[u8], limit: i64) -> Result<Vec<(UserId, Vec<u8>)>> {
    let sql = "SELECT user_id, wrapped FROM data_key WHERE substring(wrapped FOR octet_length($1)) <> $1 LIMIT $2";
    let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(sql).bind(current).bind(limit).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|(user, wrapped)| (UserId::new(user), wrapped)).collect())
}

/// Replaces wrappings that are still what they were. Says how many.
pub(super) async fn replace(pool: &PgPool, again: &[(UserId, &[u8], Vec<u8>)]) -> Result<u64> {
    let users: Vec<Uuid> = again.iter().map(|(user, ..)| user.uuid()).collect();
    let before: Vec<&[u8]> = again.iter().map(|(_, before, _)| *before).collect();
    let after: Vec<&[u8]> = again.iter().map(|(.., after)| after.as_slice()).collect();
    let sql = "UPDATE data_key SET wrapped = new.after
               FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS new (user_id, before, after)
               WHERE data_key.user_id = new.user_id AND wrapped = new.before";
    Ok(sqlx::query(sql).bind(users).bind(before).bind(after).execute(pool).await?.rows_affected())
}
