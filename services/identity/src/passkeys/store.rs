//! The tables of passkeys, and of what they were asked to sign.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    PasskeyId, UserId,
    user::{MAX_PASSKEYS, PasskeyView, SecurityChange},
};
use sqlx::PgPool;
use uuid::Uuid;

use super::relying_party::{Key, Prepared};
use crate::{changes, store::Credential};

/// How long an answer is waited for.
const MINUTES: i32 = 5;

pub(super) enum Added {
    Done(PasskeyView),
    TooMany,
    Exists,
}

/// A passkey that somebody shows, and the account that it is of.
pub(super) struct Found {
    pub credential: Credential,
    pub email: String,
    pub key: Key,
}

pub(super) async fn keep(pool: &PgPool, prepared: &Prepared, user: Option<UserId>) -> Result<()> {
    let sql = "INSERT INTO passkey_challenge (challenge, user_id, options, expires_at)
               VALUES ($1, $2, $3, now() + make_interval(mins => $4))";
    let keep = sqlx::query(sql).bind(prepared.challenge).bind(user.map(UserId::uuid)).bind(&prepared.kept);
    keep.bind(MINUTES).execute(pool).await?;
    Ok(())
}

/// Uses up what was kept of the options with this challenge. `None` if there are none, or they were for somebody else.
pub(super) async fn take(pool: &PgPool, challenge: [u8; 16], user: Option<UserId>) -> Result<Option<Vec<u8>>> {
    let sql = "DELETE FROM passkey_challenge
               WHERE challenge = $1 AND user_id IS NOT DISTINCT FROM $2 AND expires_at > now() RETURNING options";
    Ok(sqlx::query_scalar(sql).bind(challenge).bind(user.map(UserId::uuid)).fetch_optional(pool).await?)
}

pub(super) async fn forget_old(pool: &PgPool) -> Result<()> {
    sqlx::query("DELETE FROM passkey_challenge WHERE expires_at < now()").execute(pool).await?;
    Ok(())
}

pub(super) async fn keys(pool: &PgPool, user: UserId) -> Result<Vec<Key>> {
    let sql = "SELECT credential_id, transports, public_key, state FROM passkey WHERE user_id = $1";
    let rows: Vec<(Vec<u8>, i16, Vec<u8>, [u8; 7])> = sqlx::query_as(sql).bind(user.uuid()).fetch_all(pool).await?;
    rows.into_iter().map(|(id, transports, public_key, state)| key(id, transports, public_key, state)).collect()
}

pub(super) async fn add(pool: &PgPool, user: UserId, name: &str, key: &Key) -> Result<Added> {
    let mut db = pool.begin().await?;
    // One at a time for each user, so that of many at once none is too many.
    sqlx::query("SELECT FROM credential WHERE user_id = $1 FOR UPDATE").bind(user.uuid()).execute(&mut *db).await?;
    let count = "SELECT count(*) FROM passkey WHERE user_id = $1";
    let count: i64 = sqlx::query_scalar(count).bind(user.uuid()).fetch_one(&mut *db).await?;
    if count >= i64::from(MAX_PASSKEYS) {
        return Ok(Added::TooMany);
    }
    let sql = "INSERT INTO passkey (user_id, passkey_id, credential_id, name, transports, public_key, state)
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
               RETURNING (extract(epoch FROM created_at) * 1000000)::bigint";
    let passkey_id = PasskeyId::mint();
    let add = sqlx::query_scalar(sql).bind(user.uuid()).bind(passkey_id.uuid()).bind(&key.credential_id).bind(name);
    let add = add.bind(i16::from(key.transports)).bind(&key.public_key).bind(key.state);
    let Some(created_at) = add.fetch_optional(&mut *db).await? else { return Ok(Added::Exists) };
    changes::tell(&mut db, user, SecurityChange::PasskeyAdded).await?;
    db.commit().await?;
    let created_at = Timestamp::from_microsecond(created_at)?;
    Ok(Added::Done(PasskeyView { passkey_id, name: name.to_owned(), created_at, last_used_at: None }))
}

pub(crate) async fn list(pool: &PgPool, user: UserId) -> Result<Vec<PasskeyView>> {
    let rows: Vec<(Uuid, String, i64, Option<i64>)> = sqlx::query_as(
        "SELECT passkey_id, name, (extract(epoch FROM created_at) * 1000000)::bigint,
                (extract(epoch FROM last_used_at) * 1000000)::bigint
         FROM passkey WHERE user_id = $1 ORDER BY created_at DESC, passkey_id",
    )
    .bind(user.uuid())
    .fetch_all(pool)
    .await?;
    let view = |(passkey, name, created_at, last_used_at): (_, _, _, Option<i64>)| {
        Ok(PasskeyView {
            passkey_id: PasskeyId::new(passkey),
            name,
            created_at: Timestamp::from_microsecond(created_at)?,
            last_used_at: last_used_at.map(Timestamp::from_microsecond).transpose()?,
        })
    };
    rows.into_iter().map(view).collect()
}

/// False if there is none.
pub(super) async fn remove(pool: &PgPool, user: UserId, passkey: PasskeyId) -> Result<bool> {
    let mut db = pool.begin().await?;
    let sql = "DELETE FROM passkey WHERE user_id = $1 AND passkey_id = $2";
    let removed = sqlx::query(sql).bind(user.uuid()).bind(passkey.uuid()).execute(&mut *db).await?;
    if removed.rows_affected() == 0 {
        return Ok(false);
    }
    changes::tell(&mut db, user, SecurityChange::PasskeyRemoved).await?;
    db.commit().await?;
    Ok(true)
}

pub(super) async fn find(pool: &PgPool, user: UserId, credential_id: &[u8]) -> Result<Option<Found>> {
    type Row = (String, String, bool, i16, Vec<u8>, [u8; 7]);
    let sql = "SELECT c.email, c.password_hash, c.in_use, p.transports, p.public_key, p.state
               FROM passkey p JOIN credential c USING (user_id) WHERE p.user_id = $1 AND p.credential_id = $2";
    let found: Option<Row> = sqlx::query_as(sql).bind(user.uuid()).bind(credential_id).fetch_optional(pool).await?;
    let Some((email, password_hash, in_use, transports, public_key, state)) = found else { return Ok(None) };
    let key = key(credential_id.to_vec(), transports, public_key, state)?;
    Ok(Some(Found { credential: Credential { user, password_hash, in_use }, email, key }))
}

/// Notes that it was used. False if it was removed, or used somewhere else at that moment.
pub(super) async fn note_use(pool: &PgPool, user: UserId, key: &Key, state: [u8; 7]) -> Result<bool> {
    let sql = "UPDATE passkey SET state = $4, last_used_at = now()
               WHERE user_id = $1 AND credential_id = $2 AND state = $3";
    let note = sqlx::query(sql).bind(user.uuid()).bind(&key.credential_id).bind(key.state).bind(state);
    Ok(note.execute(pool).await?.rows_affected() == 1)
}

fn key(credential_id: Vec<u8>, transports: i16, public_key: Vec<u8>, state: [u8; 7]) -> Result<Key> {
    Ok(Key { credential_id, transports: transports.try_into()?, public_key, state })
}
