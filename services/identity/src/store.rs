//! The tables of credentials and all statements on them.

use anyhow::Result;
use plyo_events::{EmailAddress, Mailbox, SessionId, UserId, user::Device};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{requests::Opening, tokens::RefreshToken};

/// The credential of a user. No `Debug`: the hash is a secret.
pub(crate) struct Credential {
    pub user: UserId,
    pub password_hash: String,
    /// It has been used to log in.
    pub in_use: bool,
}

/// The lifetime of a refresh token.
const REFRESH_DAYS: i32 = 30;
/// How long a replaced token gives its successor again: the answer may have been lost, or two requests were under way.
const GRACE_SECONDS: f64 = 10.0;

/// The account of that mailbox. One without a key is found as it was typed, and first: its owner types it that way.
pub(crate) async fn credential(pool: &PgPool, email: &EmailAddress) -> Result<Option<Credential>> {
    let sql = "SELECT user_id, password_hash, in_use FROM credential
               WHERE mailbox = $1 OR (mailbox IS NULL AND email = $2) ORDER BY mailbox NULLS FIRST LIMIT 1";
    let mailbox = email.mailbox().ok().map(Mailbox::key);
    let found: Option<(Uuid, String, bool)> =
        sqlx::query_as(sql).bind(mailbox).bind(email.typed()).fetch_optional(pool).await?;
    Ok(found.map(|(user, password_hash, in_use)| Credential { user: UserId::new(user), password_hash, in_use }))
}

/// The credential of a user, with the address.
pub(crate) async fn credential_of(pool: &PgPool, user: UserId) -> Result<Option<(Credential, EmailAddress)>> {
    let sql = "SELECT email, password_hash, in_use FROM credential WHERE user_id = $1";
    let found: Option<(String, String, bool)> = sqlx::query_as(sql).bind(user.uuid()).fetch_optional(pool).await?;
    Ok(found
        .map(|(email, password_hash, in_use)| (Credential { user, password_hash, in_use }, EmailAddress::read(&email))))
}

/// The address, whether it was proven to be its owner's, and whether there is a second factor.
pub(crate) async fn email(pool: &PgPool, user: UserId) -> Result<Option<(String, bool, bool)>> {
    let sql = "SELECT email, verified_at IS NOT NULL, f.confirmed_at IS NOT NULL
               FROM credential c LEFT JOIN second_factor f USING (user_id) WHERE user_id = $1";
    Ok(sqlx::query_as(sql).bind(user.uuid()).fetch_optional(pool).await?)
}

/// Whether it was added: not if somebody else took this mailbox first.
pub(crate) async fn add_credential(
    pool: &PgPool,
    user: UserId,
    mailbox: &Mailbox,
    password_hash: &str,
) -> Result<bool> {
    let sql = "INSERT INTO credential (user_id, email, mailbox, password_hash) VALUES ($1, $2, $3, $4)
               ON CONFLICT DO NOTHING";
    let add = sqlx::query(sql).bind(user.uuid()).bind(mailbox.shown()).bind(mailbox.key()).bind(password_hash);
    Ok(add.execute(pool).await?.rows_affected() == 1)
}

/// Gives the accounts of earlier versions their keys. One whose address names no mailbox, or one that has an account
/// already, stays without, and is found as it is typed.
pub(crate) async fn add_mailboxes(pool: &PgPool) -> Result<()> {
    let sql = "SELECT user_id, email FROM credential WHERE mailbox IS NULL ORDER BY created_at, user_id";
    let without: Vec<(Uuid, String)> = sqlx::query_as(sql).fetch_all(pool).await?;
    for (user, email) in without {
        let email = EmailAddress::read(&email);
        let Ok(mailbox) = email.mailbox() else { continue };
        let sql = "UPDATE credential SET mailbox = $2 WHERE user_id = $1
                   AND NOT EXISTS (SELECT FROM credential WHERE mailbox = $2)";
        match sqlx::query(sql).bind(user).bind(mailbox.key()).execute(pool).await {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {}
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Whether there is this account. Until the transaction ends nobody else holds it, and nobody erases it.
pub(crate) async fn hold_credential(db: &mut PgConnection, user: UserId) -> Result<bool> {
    let sql = "SELECT true FROM credential WHERE user_id = $1 FOR NO KEY UPDATE";
    Ok(sqlx::query_scalar(sql).bind(user.uuid()).fetch_optional(db).await?.unwrap_or(false))
}

/// Deletes everything there is about a user: most goes with the credential. Of a mailbox there is more than of its user: what
/// is counted, and mails that nobody has been looked up for yet.
pub(crate) async fn erase(pool: &PgPool, user: UserId) -> Result<()> {
    let Some((email, ..)) = email(pool, user).await? else { return Ok(()) };
    let mailbox = Sha256::digest(EmailAddress::read(&email).key());
    sqlx::query(
        "WITH failures AS (DELETE FROM sign_in_failure WHERE mailbox_sha256 = $2),
              mails AS (DELETE FROM mail WHERE mailbox_sha256 = $2)
         DELETE FROM credential WHERE user_id = $1",
    )
    .bind(user.uuid())
    .bind(&mailbox[..])
    .execute(pool)
    .await?;
    Ok(())
}

/// Whether it was replaced: not if it is in use by now, or is no longer the one that was found.
pub(crate) async fn replace_password(pool: &PgPool, found: &Credential, password_hash: &str) -> Result<bool> {
    let sql = "UPDATE credential SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2 AND NOT in_use";
    let update = sqlx::query(sql).bind(found.user.uuid()).bind(&found.password_hash).bind(password_hash);
    Ok(update.execute(pool).await?.rows_affected() == 1)
}

/// Opens a session after somebody has proven whose they are, and renews the password's hash if needed. `false` if the password
/// has changed meanwhile.
pub(crate) async fn open_session(
    pool: &PgPool,
    proven: &Credential,
    session: SessionId,
    token: &RefreshToken,
    opening: &Opening<'_>,
) -> Result<bool> {
    let done = sqlx::query(
        "WITH proven AS (
             UPDATE credential SET in_use = true, password_hash = COALESCE($3, password_hash)
             WHERE user_id = $1 AND password_hash = $2
             RETURNING user_id
         ), opened AS (
             INSERT INTO session (user_id, session_id, device, second_factor_at)
             SELECT user_id, $4, $7, CASE WHEN $8 THEN now() END FROM proven
             RETURNING user_id, session_id
         ), seen AS (
             INSERT INTO known_device (user_id, device) SELECT user_id, COALESCE($7, '') FROM proven
             ON CONFLICT DO NOTHING
         ), told AS (
             INSERT INTO unsent_command (user_id, cause, kind, body)
             SELECT user_id, session_id, 'user.report_sign_in.v1',
                    jsonb_strip_nulls(jsonb_build_object('session_id', session_id, 'device', $7::text, 'is_new_device',
                        EXISTS (SELECT FROM known_device WHERE user_id = $1)
                        AND NOT EXISTS (SELECT FROM known_device WHERE user_id = $1 AND device = COALESCE($7, ''))))
             FROM opened
         )
         INSERT INTO refresh_token (user_id, sha256, session_id, expires_at)
         SELECT user_id, $5, session_id, now() + make_interval(days => $6) FROM opened",
    )
    .bind(proven.user.uuid())
    .bind(&proven.password_hash)
    .bind(opening.renewed_hash)
    .bind(session.uuid())
    .bind(token.sha256())
    .bind(REFRESH_DAYS)
    .bind(opening.device.map(Device::as_str))
    .bind(opening.with_second_factor)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes a user's sessions that no refresh token can prolong.
pub(crate) async fn forget_expired_sessions(pool: &PgPool, user: UserId) -> Result<()> {
    let sql = "DELETE FROM session s WHERE user_id = $1 AND NOT EXISTS (
                   SELECT FROM refresh_token t
                   WHERE t.user_id = s.user_id AND t.session_id = s.session_id AND t.expires_at > now())";
    sqlx::query(sql).bind(user.uuid()).execute(pool).await?;
    Ok(())
}

/// The result of presenting a refresh token.
pub(crate) enum Rotation {
    /// The token that replaces it, which is the same for all who present it within [`GRACE_SECONDS`].
    Renewed(SessionId, RefreshToken),
    /// It was replaced too long ago, or its successor was too, or its session has ended: in any case the session is over.
    Ended,
    Unknown,
}

/// Replaces a refresh token by the next one, or answers as it was answered a moment ago.
pub(crate) async fn rotate(pool: &PgPool, presented: &RefreshToken) -> Result<Rotation> {
    let salt = rand::random();
    let next = presented.successor(&salt);
    match replace(pool, presented, &salt, &next).await? {
        Some(session) => Ok(Rotation::Renewed(session, next)),
        None => repeat(pool, presented).await,
    }
}

/// Replaces a token that was not. One statement, so that of several concurrent uses exactly one replaces it; the others
/// find it used once they get the row lock.
async fn replace(
    pool: &PgPool,
    presented: &RefreshToken,
    salt: &[u8; 32],
    next: &RefreshToken,
) -> Result<Option<SessionId>> {
    let session: Option<Uuid> = sqlx::query_scalar(
        "WITH taken AS (
             UPDATE refresh_token t SET used = true, used_at = now(), successor_salt = $3, successor_sha256 = $4
             FROM session s
             WHERE t.user_id = $1 AND t.sha256 = $2 AND NOT t.used AND t.expires_at > now()
               AND s.user_id = t.user_id AND s.session_id = t.session_id AND s.ended_by IS NULL
             RETURNING t.user_id, t.session_id
         ), renewed AS (
             INSERT INTO refresh_token (user_id, sha256, session_id, expires_at)
             SELECT user_id, $4, session_id, now() + make_interval(days => $5) FROM taken
         ), used AS (
             UPDATE session s SET last_used_at = now() FROM taken
             WHERE s.user_id = taken.user_id AND s.session_id = taken.session_id
         ), forgotten AS (
             DELETE FROM refresh_token t USING taken
             WHERE t.user_id = taken.user_id AND t.session_id = taken.session_id AND t.expires_at <= now()
         )
         SELECT session_id FROM taken",
    )
    .bind(presented.user.uuid())
    .bind(presented.sha256())
    .bind(salt)
    .bind(next.sha256())
    .bind(REFRESH_DAYS)
    .fetch_optional(pool)
    .await?;
    Ok(session.map(SessionId::new))
}

/// What becomes of a token that cannot be replaced. Its own statement, so that it sees what a concurrent use has done.
async fn repeat(pool: &PgPool, presented: &RefreshToken) -> Result<Rotation> {
    let found: Option<(Uuid, Option<[u8; 32]>, Option<bool>)> = sqlx::query_as(
        "WITH found AS (
             SELECT t.user_id, t.session_id, t.successor_salt,
                    COALESCE(t.used_at > now() - make_interval(secs => $3) AND NOT successor.used, false) AS is_fresh
             FROM refresh_token t
             LEFT JOIN refresh_token successor
               ON successor.user_id = t.user_id AND successor.sha256 = t.successor_sha256
             WHERE t.user_id = $1 AND t.sha256 = $2 AND t.used AND t.expires_at > now()
         ), ended AS (
             UPDATE session s SET ended_by = 'token_reuse'
             FROM found
             WHERE s.user_id = found.user_id AND s.session_id = found.session_id AND s.ended_by IS NULL
               AND NOT found.is_fresh
             RETURNING s.user_id, s.session_id, s.ended_by
         ), unsent AS (
             INSERT INTO unsent_command (user_id, cause, kind, body)
             SELECT user_id, session_id, 'user.revoke_session.v1',
                    jsonb_build_object('session_id', session_id, 'reason', ended_by)
             FROM ended ON CONFLICT DO NOTHING
         )
         SELECT t.session_id, found.successor_salt, s.ended_by IS NOT NULL OR NOT found.is_fresh
         FROM refresh_token t JOIN session s ON s.user_id = t.user_id AND s.session_id = t.session_id
         LEFT JOIN found ON true
         WHERE t.user_id = $1 AND t.sha256 = $2 AND t.expires_at > now()",
    )
    .bind(presented.user.uuid())
    .bind(presented.sha256())
    .bind(GRACE_SECONDS)
    .fetch_optional(pool)
    .await?;
    Ok(match found {
        Some((_, _, Some(true))) => Rotation::Ended,
        Some((session, Some(salt), Some(false))) => {
            Rotation::Renewed(SessionId::new(session), presented.successor(&salt))
        }
        // There is none of it, or none yet.
        _ => Rotation::Unknown,
    })
}

/// Ends the session of a refresh token, if it has not ended yet.
pub(crate) async fn end_session(pool: &PgPool, token: &RefreshToken) -> Result<()> {
    let sql = "WITH ended AS (
                   UPDATE session s SET ended_by = 'log_out' FROM refresh_token t
                   WHERE t.user_id = $1 AND t.sha256 = $2 AND s.user_id = t.user_id AND s.session_id = t.session_id
                     AND s.ended_by IS NULL
                   RETURNING s.user_id, s.session_id, s.ended_by
               )
               INSERT INTO unsent_command (user_id, cause, kind, body)
               SELECT user_id, session_id, 'user.revoke_session.v1',
                      jsonb_build_object('session_id', session_id, 'reason', ended_by)
               FROM ended ON CONFLICT DO NOTHING";
    sqlx::query(sql).bind(token.user.uuid()).bind(token.sha256()).execute(pool).await?;
    Ok(())
}
