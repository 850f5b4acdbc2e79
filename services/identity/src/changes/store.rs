//! Changes of credentials, each in one transaction with all that follows from it.

use anyhow::Result;
use plyo_events::{
    MailId, Mailbox, UserId,
    user::{MailKind, SecurityChange},
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::mail::{self, MailCode};

/// The credential of a user. No `Debug`: the hash is a secret.
pub(crate) struct Proven {
    pub user: UserId,
    pub email: String,
    pub password_hash: String,
}

/// What a code is good for.
pub(super) struct Code {
    pub user: UserId,
    pub kind: String,
    pub address: String,
}

pub(super) enum EmailChange {
    /// With the mail that tells the old address.
    Done {
        notice: MailId,
    },
    /// Another account has it by now.
    Taken,
    InvalidCode,
}

pub(crate) async fn credential(pool: &PgPool, user: UserId) -> Result<Option<Proven>> {
    let sql = "SELECT email, password_hash FROM credential WHERE user_id = $1";
    let found: Option<(String, String)> = sqlx::query_as(sql).bind(user.uuid()).fetch_optional(pool).await?;
    Ok(found.map(|(email, password_hash)| Proven { user, email, password_hash }))
}

pub(super) async fn code(pool: &PgPool, code: &MailCode) -> Result<Option<Code>> {
    let sql = "SELECT user_id, kind, address FROM mail_code WHERE sha256 = $1 AND expires_at > now()";
    let found: Option<(Uuid, String, String)> = sqlx::query_as(sql).bind(code.sha256()).fetch_optional(pool).await?;
    Ok(found.map(|(user, kind, address)| Code { user: UserId::new(user), kind, address }))
}

/// False if the code is no longer good.
pub(super) async fn reset_password(pool: &PgPool, code: &MailCode, password_hash: &str) -> Result<bool> {
    let mut db = pool.begin().await?;
    let Some((user, _)) = take(&mut db, code).await? else { return Ok(false) };
    let sql = "UPDATE credential SET password_hash = $2, in_use = true WHERE user_id = $1";
    sqlx::query(sql).bind(user.uuid()).bind(password_hash).execute(&mut *db).await?;
    close(&mut db, user, SecurityChange::PasswordReset).await?;
    db.commit().await?;
    Ok(true)
}

/// False if the password is another one by now.
pub(super) async fn change_password(pool: &PgPool, proven: &Proven, password_hash: &str) -> Result<bool> {
    let mut db = pool.begin().await?;
    let sql = "UPDATE credential SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2";
    let change = sqlx::query(sql).bind(proven.user.uuid()).bind(&proven.password_hash).bind(password_hash);
    if change.execute(&mut *db).await?.rows_affected() == 0 {
        return Ok(false);
    }
    close(&mut db, proven.user, SecurityChange::PasswordChanged).await?;
    db.commit().await?;
    Ok(true)
}

/// False if the code is no longer good, or the account has another address by now.
pub(super) async fn verify_email(pool: &PgPool, code: &MailCode, mailbox: &Mailbox) -> Result<bool> {
    let mut db = pool.begin().await?;
    let Some((user, mail)) = take(&mut db, code).await? else { return Ok(false) };
    let sql = "UPDATE credential SET verified_at = now() WHERE user_id = $1 AND mailbox = $2";
    let verify = sqlx::query(sql).bind(user.uuid()).bind(mailbox.key()).execute(&mut *db).await?;
    if verify.rows_affected() == 0 {
        return Ok(false);
    }
    tell_verified(&mut db, user, mail).await?;
    db.commit().await?;
    Ok(true)
}

pub(super) async fn change_email(pool: &PgPool, code: &MailCode, mailbox: &Mailbox) -> Result<EmailChange> {
    let mut db = pool.begin().await?;
    let Some((user, mail)) = take(&mut db, code).await? else { return Ok(EmailChange::InvalidCode) };
    let old = "SELECT email FROM credential WHERE user_id = $1 FOR UPDATE";
    let old: String = sqlx::query_scalar(old).bind(user.uuid()).fetch_one(&mut *db).await?;
    let sql = "UPDATE credential SET email = $2, mailbox = $3, verified_at = now() WHERE user_id = $1";
    let change = sqlx::query(sql).bind(user.uuid()).bind(mailbox.shown()).bind(mailbox.key()).execute(&mut *db).await;
    match change {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(EmailChange::Taken),
        changed => changed?,
    };
    let notice = MailId::mint();
    mail::notice(&mut db, notice, MailKind::EmailChanged, &old, user).await?;
    tell_verified(&mut db, user, mail).await?;
    close(&mut db, user, SecurityChange::EmailChanged).await?;
    db.commit().await?;
    Ok(EmailChange::Done { notice })
}

/// Uses a code up, with all others that were made for the same mail.
async fn take(db: &mut PgConnection, code: &MailCode) -> Result<Option<(UserId, Uuid)>> {
    let sql = "DELETE FROM mail_code WHERE sha256 = $1 AND expires_at > now() RETURNING user_id, mail_id";
    let taken: Option<(Uuid, Uuid)> = sqlx::query_as(sql).bind(code.sha256()).fetch_optional(&mut *db).await?;
    let Some((user, mail)) = taken else { return Ok(None) };
    sqlx::query("DELETE FROM mail_code WHERE user_id = $1 AND mail_id = $2").bind(user).bind(mail).execute(db).await?;
    Ok(Some((UserId::new(user), mail)))
}

async fn tell_verified(db: &mut PgConnection, user: UserId, mail: Uuid) -> Result<()> {
    let sql = "INSERT INTO unsent_command (user_id, cause, kind, body)
               VALUES ($1, $2, 'user.report_verified_email.v1', '{}')";
    sqlx::query(sql).bind(user.uuid()).bind(mail).execute(db).await?;
    Ok(())
}

/// Ends every session and access token, makes every code useless that was sent before, and tells of the change.
async fn close(db: &mut PgConnection, user: UserId, change: SecurityChange) -> Result<()> {
    sqlx::query("DELETE FROM mail_code WHERE user_id = $1").bind(user.uuid()).execute(&mut *db).await?;
    end_sessions_and_tokens(db, user, "credentials_changed").await?;
    tell(db, user, change).await
}

/// Ends every session and access token. What tells of it waits to be sent.
pub(crate) async fn end_sessions_and_tokens(db: &mut PgConnection, user: UserId, ended_by: &str) -> Result<()> {
    let sql = "WITH ended AS (
                   UPDATE session SET ended_by = $2 WHERE user_id = $1 AND ended_by IS NULL
                   RETURNING user_id, session_id, ended_by
               ), gone AS (
                   DELETE FROM access_token WHERE user_id = $1
                   RETURNING user_id, token_id AS session_id, $2 AS ended_by
               )
               INSERT INTO unsent_command (user_id, cause, kind, body)
               SELECT user_id, session_id, 'user.revoke_session.v1',
                      jsonb_build_object('session_id', session_id, 'reason', ended_by)
               FROM (TABLE ended UNION ALL TABLE gone) AS both_kinds";
    sqlx::query(sql).bind(user.uuid()).bind(ended_by).execute(db).await?;
    Ok(())
}

/// Has a change told of.
pub(crate) async fn tell(db: &mut PgConnection, user: UserId, change: SecurityChange) -> Result<()> {
    let sql = "INSERT INTO unsent_command (user_id, cause, kind, body)
               VALUES ($1, $2, 'user.report_security_change.v1', jsonb_build_object('change', $3::jsonb))";
    let change = serde_json::to_value(change)?;
    sqlx::query(sql).bind(user.uuid()).bind(Uuid::now_v7()).bind(change).execute(db).await?;
    Ok(())
}
