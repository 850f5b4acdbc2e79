//! The tables of links to providers, and of people who are at one.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    LinkId, UserId,
    user::{LinkView, SecurityChange},
};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use super::client::{Begun, Identity};
use crate::changes;

/// How long somebody may be at a provider.
const MINUTES: i32 = 10;

/// What a client brings back: which flow it is of, and that it is the one that began it. No `Debug`: it is a secret.
pub(super) struct Token {
    state: [u8; 32],
    secret: [u8; 32],
}

/// What an answer is checked against.
pub(super) struct Flow {
    pub nonce: String,
    pub verifier: String,
}

impl Token {
    pub(super) fn of(state: &str, secret: &str) -> Self {
        Self { state: Sha256::digest(state).into(), secret: Sha256::digest(secret).into() }
    }
}

pub(super) async fn begin(
    pool: &PgPool,
    provider: &str,
    begun: &Begun,
    secret: &str,
    linking: Option<UserId>,
) -> Result<()> {
    let Token { state, secret } = Token::of(&begun.state, secret);
    let sql = "INSERT INTO provider_flow (state_sha256, secret_sha256, provider, nonce, verifier, linking, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(mins => $7))";
    let begin = sqlx::query(sql).bind(state).bind(secret).bind(provider).bind(&begun.nonce).bind(&begun.verifier);
    begin.bind(linking.map(UserId::uuid)).bind(MINUTES).execute(pool).await?;
    Ok(())
}

/// Takes the answer of a flow, once. `None` if there was one, or it is too late, or it is another's.
pub(super) async fn take(
    pool: &PgPool,
    token: &Token,
    provider: &str,
    linking: Option<UserId>,
) -> Result<Option<Flow>> {
    let sql = "UPDATE provider_flow SET answered = true
               WHERE state_sha256 = $1 AND secret_sha256 = $2 AND provider = $3 AND linking IS NOT DISTINCT FROM $4
                 AND NOT answered AND expires_at > now()
               RETURNING nonce, verifier";
    let take = sqlx::query_as(sql).bind(token.state).bind(token.secret).bind(provider);
    let taken: Option<(String, String)> = take.bind(linking.map(UserId::uuid)).fetch_optional(pool).await?;
    Ok(taken.map(|(nonce, verifier)| Flow { nonce, verifier }))
}

/// Notes whose account an answer was about.
pub(super) async fn prove(pool: &PgPool, token: &Token, user: UserId) -> Result<()> {
    let sql = "UPDATE provider_flow SET proven = $2 WHERE state_sha256 = $1";
    sqlx::query(sql).bind(token.state).bind(user.uuid()).execute(pool).await?;
    Ok(())
}

/// Whose account it was about, until that is used.
pub(super) async fn proven(pool: &PgPool, token: &Token) -> Result<Option<UserId>> {
    let sql = "SELECT proven FROM provider_flow
               WHERE state_sha256 = $1 AND secret_sha256 = $2 AND proven IS NOT NULL AND expires_at > now()";
    let proven = sqlx::query_scalar(sql).bind(token.state).bind(token.secret).fetch_optional(pool).await?;
    Ok(proven.map(UserId::new))
}

/// False if it was used already.
pub(super) async fn use_up(pool: &PgPool, token: &Token) -> Result<bool> {
    let sql = "DELETE FROM provider_flow WHERE state_sha256 = $1 AND proven IS NOT NULL";
    Ok(sqlx::query(sql).bind(token.state).execute(pool).await?.rows_affected() == 1)
}

pub(super) async fn forget_old(pool: &PgPool) -> Result<()> {
    sqlx::query("DELETE FROM provider_flow WHERE expires_at < now()").execute(pool).await?;
    Ok(())
}

/// Whose account this is linked to. Notes that it was used.
pub(super) async fn owner(pool: &PgPool, identity: &Identity) -> Result<Option<UserId>> {
    let sql = "UPDATE link SET last_used_at = now() WHERE issuer = $1 AND subject = $2 RETURNING user_id";
    let owner = sqlx::query_scalar(sql).bind(&identity.issuer).bind(&identity.subject).fetch_optional(pool).await?;
    Ok(owner.map(UserId::new))
}

/// `None` if it is linked already. What tells of it waits to be sent, if the account was there before.
pub(super) async fn add(
    pool: &PgPool,
    user: UserId,
    provider: &str,
    identity: &Identity,
    is_new: bool,
) -> Result<Option<LinkView>> {
    let mut db = pool.begin().await?;
    let sql = "INSERT INTO link (user_id, link_id, provider, issuer, subject, last_used_at)
               VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END)
               ON CONFLICT DO NOTHING RETURNING (extract(epoch FROM created_at) * 1000000)::bigint";
    let link_id = LinkId::mint();
    let add = sqlx::query_scalar(sql).bind(user.uuid()).bind(link_id.uuid()).bind(provider);
    let add = add.bind(&identity.issuer).bind(&identity.subject).bind(is_new);
    let Some(created_at) = add.fetch_optional(&mut *db).await? else { return Ok(None) };
    if !is_new {
        changes::tell(&mut db, user, SecurityChange::ProviderLinked).await?;
    }
    db.commit().await?;
    let created_at = Timestamp::from_microsecond(created_at)?;
    Ok(Some(LinkView { link_id, provider: provider.to_owned(), created_at, last_used_at: None }))
}

pub(crate) async fn list(pool: &PgPool, user: UserId) -> Result<Vec<LinkView>> {
    let rows: Vec<(Uuid, String, i64, Option<i64>)> = sqlx::query_as(
        "SELECT link_id, provider, (extract(epoch FROM created_at) * 1000000)::bigint,
                (extract(epoch FROM last_used_at) * 1000000)::bigint
         FROM link WHERE user_id = $1 ORDER BY created_at DESC, link_id",
    )
    .bind(user.uuid())
    .fetch_all(pool)
    .await?;
    let view = |(link, provider, created_at, last_used_at): (_, _, _, Option<i64>)| {
        Ok(LinkView {
            link_id: LinkId::new(link),
            provider,
            created_at: Timestamp::from_microsecond(created_at)?,
            last_used_at: last_used_at.map(Timestamp::from_microsecond).transpose()?,
        })
    };
    rows.into_iter().map(view).collect()
}

/// False if there is none.
pub(super) async fn remove(pool: &PgPool, user: UserId, link: LinkId) -> Result<bool> {
    let mut db = pool.begin().await?;
    let sql = "DELETE FROM link WHERE user_id = $1 AND link_id = $2";
    let removed = sqlx::query(sql).bind(user.uuid()).bind(link.uuid()).execute(&mut *db).await?;
    if removed.rows_affected() == 0 {
        return Ok(false);
    }
    changes::tell(&mut db, user, SecurityChange::ProviderUnlinked).await?;
    db.commit().await?;
    Ok(true)
}

/// Takes the address of an account that nobody has logged in to yet for proven: its provider says so.
pub(super) async fn verify_email(pool: &PgPool, user: UserId) -> Result<()> {
    let sql = "WITH verified AS (
                   UPDATE credential SET verified_at = now()
                   WHERE user_id = $1 AND NOT in_use AND verified_at IS NULL RETURNING user_id
               )
               INSERT INTO unsent_command (user_id, cause, kind, body)
               SELECT user_id, $2, 'user.report_verified_email.v1', '{}' FROM verified";
    sqlx::query(sql).bind(user.uuid()).bind(Uuid::now_v7()).execute(pool).await?;
    Ok(())
}
