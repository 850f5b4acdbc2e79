//! The tables of mails and their codes.

use anyhow::Result;
use plyo_events::{EmailAddress, MailId, UserId, user::MailKind};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::MailCode;

/// Most mails to one mailbox in an hour.
const AN_HOUR: i64 = 3;
/// How long a code is good.
const CODE_MINUTES: i32 = 10;

/// A mail of which nobody knows yet whose it is.
pub(super) struct Asked {
    pub kind: String,
    pub address: String,
    pub user: Option<UserId>,
}

/// Whether there was room for it.
pub(super) async fn ask(
    pool: &PgPool,
    mail: MailId,
    kind: MailKind,
    address: &EmailAddress,
    user: Option<UserId>,
) -> Result<bool> {
    let mailbox: [u8; 32] = Sha256::digest(address.key()).into();
    let mut db = pool.begin().await?;
    // One at a time for each mailbox, so that of many at once three are counted.
    let lock = "SELECT pg_advisory_xact_lock(('x' || encode(substring($1::bytea FOR 8), 'hex'))::bit(64)::bigint)";
    sqlx::query(lock).bind(mailbox).execute(&mut *db).await?;
    let sql = "INSERT INTO mail (mail_id, kind, mailbox_sha256, address, user_id)
               SELECT $1, $2, $3, $4, $5
               WHERE (SELECT count(*) FROM mail WHERE mailbox_sha256 = $3 AND asked_at > now() - interval '1 hour') < $6";
    let asked = sqlx::query(sql).bind(mail.uuid()).bind(name(kind)?).bind(mailbox).bind(address.shown());
    let asked = asked.bind(user.map(UserId::uuid)).bind(AN_HOUR).execute(&mut *db).await?;
    db.commit().await?;
    Ok(asked.rows_affected() == 1)
}

/// One that is not counted: what was done has to be told.
pub(crate) async fn notice(
    db: &mut PgConnection,
    mail: MailId,
    kind: MailKind,
    address: &str,
    user: UserId,
) -> Result<()> {
    let sql = "INSERT INTO mail (mail_id, kind, mailbox_sha256, address, user_id) VALUES ($1, $2, $3, $4, $5)";
    let mailbox: [u8; 32] = Sha256::digest(EmailAddress::read(address).key()).into();
    let insert = sqlx::query(sql).bind(mail.uuid()).bind(name(kind)?).bind(mailbox).bind(address).bind(user.uuid());
    insert.execute(db).await?;
    Ok(())
}

pub(super) async fn asked(pool: &PgPool, mail: MailId) -> Result<Option<Asked>> {
    let sql = "SELECT kind, address, user_id FROM mail WHERE mail_id = $1 AND NOT looked_up AND address IS NOT NULL";
    let found: Option<(String, String, Option<Uuid>)> =
        sqlx::query_as(sql).bind(mail.uuid()).fetch_optional(pool).await?;
    Ok(found.map(|(kind, address, user)| Asked { kind, address, user: user.map(UserId::new) }))
}

/// It goes to this user, where their account says, unless it is to prove another address. What tells of it waits to be sent.
pub(super) async fn grant(pool: &PgPool, mail: MailId, user: UserId) -> Result<()> {
    let sql = "WITH granted AS (
                   UPDATE mail m SET user_id = $2, looked_up = true,
                       address = CASE WHEN m.kind IN ('change_email', 'email_changed') THEN m.address ELSE c.email END
                   FROM credential c WHERE m.mail_id = $1 AND NOT m.looked_up AND c.user_id = $2
                   RETURNING m.user_id, m.mail_id, m.kind
               )
               INSERT INTO unsent_command (user_id, cause, kind, body)
               SELECT user_id, mail_id, 'user.request_mail.v1',
                      jsonb_build_object('request_id', mail_id, 'kind', kind)
               FROM granted";
    sqlx::query(sql).bind(mail.uuid()).bind(user.uuid()).execute(pool).await?;
    Ok(())
}

/// It goes to nobody.
pub(super) async fn deny(pool: &PgPool, mail: MailId) -> Result<()> {
    let sql = "UPDATE mail SET looked_up = true, address = NULL WHERE mail_id = $1";
    sqlx::query(sql).bind(mail.uuid()).execute(pool).await?;
    Ok(())
}

/// Those that were not looked up when they were asked for.
pub(super) async fn late(pool: &PgPool) -> Result<Vec<MailId>> {
    let sql = "SELECT mail_id FROM mail WHERE NOT looked_up AND asked_at < now() - interval '5 seconds' LIMIT 1000";
    let found: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(pool).await?;
    Ok(found.into_iter().map(MailId::new).collect())
}

pub(super) async fn forget_old(pool: &PgPool) -> Result<()> {
    sqlx::query("DELETE FROM mail WHERE asked_at < now() - interval '1 day'").execute(pool).await?;
    sqlx::query("DELETE FROM mail_code WHERE expires_at < now()").execute(pool).await?;
    Ok(())
}

/// Where a mail goes; `None` if it was sent, or nobody waits for it any more.
pub(super) async fn address(pool: &PgPool, mail: MailId) -> Result<Option<String>> {
    let sql = "SELECT address FROM mail WHERE mail_id = $1 AND asked_at > now() - interval '1 hour'";
    Ok(sqlx::query_scalar(sql).bind(mail.uuid()).fetch_optional(pool).await?.flatten())
}

pub(super) async fn add_code(
    pool: &PgPool,
    code: &MailCode,
    mail: MailId,
    kind: MailKind,
    user: UserId,
    address: &str,
) -> Result<()> {
    let sql = "INSERT INTO mail_code (sha256, mail_id, user_id, kind, address, expires_at)
               VALUES ($1, $2, $3, $4, $5, now() + make_interval(mins => $6))";
    let insert = sqlx::query(sql).bind(code.sha256()).bind(mail.uuid()).bind(user.uuid()).bind(name(kind)?);
    insert.bind(address).bind(CODE_MINUTES).execute(pool).await?;
    Ok(())
}

/// Its address is needed no longer.
pub(super) async fn sent(pool: &PgPool, mail: MailId) -> Result<()> {
    sqlx::query("UPDATE mail SET address = NULL WHERE mail_id = $1").bind(mail.uuid()).execute(pool).await?;
    Ok(())
}

/// As messages have it.
fn name(kind: MailKind) -> Result<String> {
    match serde_json::to_value(kind)? {
        Value::String(name) => Ok(name),
        other => anyhow::bail!("a kind of mail has no name: {other}"),
    }
}
