//! The tables of accounts and credentials and every statement on them. The credential statements run on the pool that
//! sees `user_credentials`, the others on the service's own.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    SessionId, UserId,
    user::{Locale, TimeZoneName},
};
use plyo_nats::Row;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use crate::tokens::StoredKey;

pub(crate) const TABLES: &[&str] = &["profile"];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProfileRow {
    pub user_id: UserId,
    pub locale: Locale,
    pub time_zone: TimeZoneName,
    pub registered_at: Timestamp,
}

impl Row for ProfileRow {
    const TABLE: &'static str = "profile";
    const KEY: &'static [&'static str] = &["user_id"];
    type Key = (UserId,);
    fn key(&self) -> Self::Key {
        (self.user_id,)
    }
}

pub(crate) async fn profile(pool: &PgPool, user: UserId) -> Result<Option<ProfileRow>> {
    let row: Option<Json<ProfileRow>> =
        sqlx::query_scalar("SELECT to_jsonb(profile) FROM profile WHERE user_id = $1").bind(user.uuid()).fetch_optional(pool).await?;
    Ok(row.map(|Json(row)| row))
}

/// A stored credential.
pub(crate) struct Credential {
    pub user: UserId,
    pub password_hash: String,
}

/// Stores a credential under its e-mail, for `user` if the e-mail is new; gives whose it is. One that is there gets the
/// new password.
pub(crate) async fn put_credential(pool: &PgPool, user: UserId, email: &str, password_hash: &str) -> Result<UserId> {
    let owner: Uuid = sqlx::query_scalar(
        "INSERT INTO credential (user_id, email, password_hash) VALUES ($1, $2, $3)
         ON CONFLICT (email) DO UPDATE SET password_hash = EXCLUDED.password_hash RETURNING user_id",
    )
    .bind(user.uuid())
    .bind(email)
    .bind(password_hash)
    .fetch_one(pool)
    .await?;
    Ok(UserId::new(owner))
}

pub(crate) async fn credential(pool: &PgPool, email: &str) -> Result<Option<Credential>> {
    let row: Option<(Uuid, String)> =
        sqlx::query_as("SELECT user_id, password_hash FROM credential WHERE email = $1").bind(email).fetch_optional(pool).await?;
    Ok(row.map(|(user, password_hash)| Credential { user: UserId::new(user), password_hash }))
}

pub(crate) async fn email(pool: &PgPool, user: UserId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("SELECT email FROM credential WHERE user_id = $1").bind(user.uuid()).fetch_optional(pool).await?)
}

/// Begins a session with its first refresh token.
pub(crate) async fn begin_session(pool: &PgPool, user: UserId, session: SessionId, token_hash: &[u8]) -> Result<()> {
    sqlx::query(
        "WITH begun AS (INSERT INTO session (session_id, user_id) VALUES ($1, $2) RETURNING session_id)
         INSERT INTO refresh_token (token_hash, session_id, expires_at) SELECT $3, session_id, now() + interval '30 days' FROM begun",
    )
    .bind(session.uuid())
    .bind(user.uuid())
    .bind(token_hash)
    .execute(pool)
    .await?;
    Ok(())
}

/// Exchanges a refresh token for the next, in one statement: of two at the same time one wins.
pub(crate) async fn rotate(pool: &PgPool, token_hash: &[u8], next_hash: &[u8]) -> Result<Option<(UserId, SessionId)>> {
    let row: Option<(Uuid, Uuid)> = sqlx::query_as(
        "WITH used AS (
             UPDATE refresh_token t SET used_at = now() FROM session s
             WHERE t.token_hash = $1 AND t.used_at IS NULL AND t.expires_at > now() AND s.session_id = t.session_id AND s.revoked_at IS NULL
             RETURNING s.user_id, s.session_id),
         next AS (INSERT INTO refresh_token (token_hash, session_id, expires_at) SELECT $2, session_id, now() + interval '30 days' FROM used)
         SELECT user_id, session_id FROM used",
    )
    .bind(token_hash)
    .bind(next_hash)
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|(user, session)| (UserId::new(user), SessionId::new(session))))
}

/// Revokes the session of a refresh token, with `only_used` only if the token was used before. Gives whose session it
/// is, also when it was revoked already: its event may not have been sent then.
pub(crate) async fn revoke_session(pool: &PgPool, token_hash: &[u8], only_used: bool) -> Result<Option<(UserId, SessionId)>> {
    let row: Option<(Uuid, Uuid)> = sqlx::query_as(
        "UPDATE session s SET revoked_at = coalesce(s.revoked_at, now()) FROM refresh_token t
         WHERE t.token_hash = $1 AND s.session_id = t.session_id AND (NOT $2 OR t.used_at IS NOT NULL)
         RETURNING s.user_id, s.session_id",
    )
    .bind(token_hash)
    .bind(only_used)
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|(user, session)| (UserId::new(user), SessionId::new(session))))
}

/// The signing keys, newest first; `first` becomes one if there is none. Two that start at once agree on one.
pub(crate) async fn signing_keys(pool: &PgPool, first: &StoredKey) -> Result<Vec<StoredKey>> {
    let mut transaction = pool.begin().await?;
    sqlx::query("LOCK TABLE signing_key IN EXCLUSIVE MODE").execute(&mut *transaction).await?;
    sqlx::query("INSERT INTO signing_key (key_id, seed) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM signing_key)")
        .bind(&first.key_id)
        .bind(&first.seed)
        .execute(&mut *transaction)
        .await?;
    let keys: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT key_id, seed FROM signing_key ORDER BY created_at DESC, key_id").fetch_all(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(keys.into_iter().map(|(key_id, seed)| StoredKey { key_id, seed }).collect())
}
