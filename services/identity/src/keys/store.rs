//! The table of signing keys.

use anyhow::Result;
use plyo_events::user::AccessClaims;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use crate::tokens::SigningKey;

/// A key signs for so long before the next one does.
const DAYS: i32 = 30;
/// It is published for so long before that. Edges ask every minute.
const PUBLISHED_SECONDS: f64 = 300.0;
/// It stays for so long after the next one signs: a token's life, and a minute for clocks that differ, and as long as an instance
/// may take to notice.
const KEPT_SECONDS: f64 = AccessClaims::LIFETIME as f64 + 300.0;

/// Makes what is missing, deletes what is over, and gives the key that signs now.
pub(super) async fn turn(pool: &PgPool) -> Result<SigningKey> {
    let mut db = pool.begin().await?;
    // One at a time, so that instances agree. To who had to wait, `now()` is before there was the key that it finds.
    sqlx::query("LOCK TABLE signing_key IN EXCLUSIVE MODE").execute(&mut *db).await?;
    let newest = "SELECT max(signs_from) < clock_timestamp() - make_interval(days => $1) FROM signing_key";
    let is_old: Option<bool> = sqlx::query_scalar(newest).bind(DAYS).fetch_one(&mut *db).await?;
    match is_old {
        None => add(&mut db, 0.0).await?,
        Some(true) => add(&mut db, PUBLISHED_SECONDS).await?,
        Some(false) => {}
    }
    let over = "DELETE FROM signing_key k WHERE EXISTS (
                    SELECT FROM signing_key next
                    WHERE next.signs_from > k.signs_from AND next.signs_from < clock_timestamp() - make_interval(secs => $1))";
    sqlx::query(over).bind(KEPT_SECONDS).execute(&mut *db).await?;
    let current =
        "SELECT seed FROM signing_key WHERE signs_from <= clock_timestamp() ORDER BY signs_from DESC, key_id LIMIT 1";
    let seed: [u8; 32] = sqlx::query_scalar(current).fetch_one(&mut *db).await?;
    db.commit().await?;
    SigningKey::from_seed(&seed)
}

async fn add(db: &mut PgConnection, signs_in: f64) -> Result<()> {
    let seed = rand::random();
    let key = SigningKey::from_seed(&seed)?;
    let sql = "INSERT INTO signing_key (key_id, seed, public_key, signs_from)
               VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))";
    sqlx::query(sql).bind(key.id()).bind(seed).bind(key.public()).bind(signs_in).execute(db).await?;
    Ok(())
}

/// Newest first.
pub(super) async fn published(pool: &PgPool) -> Result<Vec<Value>> {
    let sql = "SELECT public_key FROM signing_key ORDER BY signs_from DESC, key_id";
    Ok(sqlx::query_scalar(sql).fetch_all(pool).await?)
}
