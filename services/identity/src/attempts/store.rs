//! The table of log-ins that failed.

use anyhow::Result;
use plyo_events::{UserId, user::Device};
use sqlx::PgPool;
use uuid::Uuid;

/// So many may fail in a row before the next has to wait: one second, and then each time twice as long.
const FREE: i32 = 5;
const MAX_SECONDS: f64 = 900.0;

pub(super) async fn seconds_to_wait(pool: &PgPool, mailbox: &[u8; 32]) -> Result<i64> {
    let sql = "SELECT GREATEST(0, ceil(extract(epoch FROM next_at - now())))::bigint
               FROM sign_in_failure WHERE mailbox_sha256 = $1";
    Ok(sqlx::query_scalar(sql).bind(mailbox).fetch_optional(pool).await?.unwrap_or(0))
}

/// Counts one more. If the mailbox has an account, what tells of it waits to be sent: the first eight, and every doubling. One
/// statement, which takes as long where there is none.
pub(super) async fn count(
    pool: &PgPool,
    mailbox: &[u8; 32],
    user: Option<UserId>,
    device: Option<&Device>,
) -> Result<()> {
    sqlx::query(
        "WITH counted AS (
             INSERT INTO sign_in_failure AS f (mailbox_sha256, failures, last_at, next_at) VALUES ($1, 1, now(), now())
             ON CONFLICT (mailbox_sha256) DO UPDATE SET last_at = now(), failures = f.failures + 1,
                 next_at = now() + CASE WHEN f.failures < $2 THEN interval '0' ELSE
                     make_interval(secs => LEAST($3::float8, power(2, LEAST(f.failures, 30) - $2))) END
             RETURNING failures
         )
         INSERT INTO unsent_command (user_id, cause, kind, body)
         SELECT $4::uuid, $5::uuid, 'user.report_failed_sign_in.v1',
                jsonb_strip_nulls(jsonb_build_object('failures', failures, 'device', $6::text))
         FROM counted WHERE $4::uuid IS NOT NULL AND (failures <= 8 OR failures & (failures - 1) = 0)",
    )
    .bind(mailbox)
    .bind(FREE - 1)
    .bind(MAX_SECONDS)
    .bind(user.map(UserId::uuid))
    .bind(Uuid::now_v7())
    .bind(device.map(Device::as_str))
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets them unless the next has to wait, and says how many seconds that is.
pub(super) async fn forget(pool: &PgPool, mailbox: &[u8; 32]) -> Result<i64> {
    let sql = "WITH gone AS (DELETE FROM sign_in_failure WHERE mailbox_sha256 = $1 AND next_at <= now())
               SELECT GREATEST(0, ceil(extract(epoch FROM next_at - now())))::bigint
               FROM sign_in_failure WHERE mailbox_sha256 = $1";
    Ok(sqlx::query_scalar(sql).bind(mailbox).fetch_optional(pool).await?.unwrap_or(0))
}

pub(super) async fn forget_all(pool: &PgPool, mailbox: &[u8; 32]) -> Result<()> {
    sqlx::query("DELETE FROM sign_in_failure WHERE mailbox_sha256 = $1").bind(mailbox).execute(pool).await?;
    Ok(())
}

pub(super) async fn forget_old(pool: &PgPool) -> Result<()> {
    let sql = "DELETE FROM sign_in_failure WHERE last_at < now() - interval '1 day'";
    sqlx::query(sql).execute(pool).await?;
    Ok(())
}
