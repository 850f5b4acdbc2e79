//! The tables of second factors.

use anyhow::Result;
use plyo_events::{UserId, user::SecurityChange};
use sqlx::{PgConnection, PgPool};

use crate::changes;

/// An authenticator app. No `Debug`: it is a secret.
pub(super) struct App {
    pub secret: [u8; 20],
    pub is_confirmed: bool,
}

/// False if there is one that is confirmed.
pub(super) async fn enrol(pool: &PgPool, user: UserId, secret: &[u8; 20]) -> Result<bool> {
    let sql = "INSERT INTO second_factor AS f (user_id, secret) VALUES ($1, $2)
               ON CONFLICT (user_id) DO UPDATE SET secret = $2 WHERE f.confirmed_at IS NULL";
    Ok(sqlx::query(sql).bind(user.uuid()).bind(secret).execute(pool).await?.rows_affected() == 1)
}

pub(super) async fn of_user(pool: &PgPool, user: UserId) -> Result<Option<App>> {
    let sql = "SELECT secret, confirmed_at IS NOT NULL FROM second_factor WHERE user_id = $1";
    let found: Option<([u8; 20], bool)> = sqlx::query_as(sql).bind(user.uuid()).fetch_optional(pool).await?;
    Ok(found.map(|(secret, is_confirmed)| App { secret, is_confirmed }))
}

/// False if it is another app by now, or confirmed.
pub(super) async fn confirm(
    pool: &PgPool,
    user: UserId,
    secret: &[u8; 20],
    step: i64,
    recovery_codes: &[[u8; 32]],
) -> Result<bool> {
    let mut db = pool.begin().await?;
    let sql = "UPDATE second_factor SET confirmed_at = now(), last_step = $3
               WHERE user_id = $1 AND secret = $2 AND confirmed_at IS NULL";
    let confirmed = sqlx::query(sql).bind(user.uuid()).bind(secret).bind(step).execute(&mut *db).await?;
    if confirmed.rows_affected() == 0 {
        return Ok(false);
    }
    let codes: Vec<&[u8]> = recovery_codes.iter().map(|code| &code[..]).collect();
    let sql = "INSERT INTO recovery_code (user_id, sha256) SELECT $1, unnest($2::bytea[])";
    sqlx::query(sql).bind(user.uuid()).bind(codes).execute(&mut *db).await?;
    changes::tell(&mut db, user, SecurityChange::SecondFactorAdded).await?;
    db.commit().await?;
    Ok(true)
}

/// False if there is none.
pub(super) async fn remove(pool: &PgPool, user: UserId) -> Result<bool> {
    let mut db = pool.begin().await?;
    let sql = "DELETE FROM second_factor WHERE user_id = $1 RETURNING confirmed_at IS NOT NULL";
    let was_confirmed: Option<bool> = sqlx::query_scalar(sql).bind(user.uuid()).fetch_optional(&mut *db).await?;
    if was_confirmed == Some(true) {
        changes::tell(&mut db, user, SecurityChange::SecondFactorRemoved).await?;
    }
    db.commit().await?;
    Ok(was_confirmed.is_some())
}

/// False if it, or a later one, was used.
pub(super) async fn use_step(pool: &PgPool, user: UserId, step: i64) -> Result<bool> {
    let sql = "UPDATE second_factor SET last_step = $2 WHERE user_id = $1 AND last_step < $2";
    Ok(sqlx::query(sql).bind(user.uuid()).bind(step).execute(pool).await?.rows_affected() == 1)
}

/// False if there is no such code, or it was used.
pub(super) async fn use_recovery_code(pool: &PgPool, user: UserId, sha256: &[u8; 32]) -> Result<bool> {
    let mut db = pool.begin().await?;
    let is_used = forget_code(&mut db, user, sha256).await?;
    if is_used {
        changes::tell(&mut db, user, SecurityChange::RecoveryCodeUsed).await?;
    }
    db.commit().await?;
    Ok(is_used)
}

async fn forget_code(db: &mut PgConnection, user: UserId, sha256: &[u8; 32]) -> Result<bool> {
    let sql = "DELETE FROM recovery_code WHERE user_id = $1 AND sha256 = $2";
    Ok(sqlx::query(sql).bind(user.uuid()).bind(sha256).execute(db).await?.rows_affected() == 1)
}
