//! The table of links, and what an account has that is not in the history.

use anyhow::Result;
use plyo_events::{
    ExportId, Mailbox, TextId, UserId,
    export::{MintExportLink, PersonalText},
    profile::Handle,
};
use sqlx::PgPool;
use uuid::Uuid;

/// False if there is no such account.
pub(super) async fn add(pool: &PgPool, query: &MintExportLink, sha256: &[u8; 32]) -> Result<bool> {
    let sql = "INSERT INTO export_link (user_id, sha256, export_id, expires_at)
               SELECT user_id, $2, $3, to_timestamp($4::float8 / 1000000) FROM credential WHERE user_id = $1
               ON CONFLICT (user_id) DO UPDATE
               SET sha256 = $2, export_id = $3, expires_at = excluded.expires_at, used = false";
    let add = sqlx::query(sql).bind(query.user.uuid()).bind(sha256).bind(query.export_id.uuid());
    let add = add.bind(query.expires_at.as_microsecond() as f64).execute(pool).await?;
    Ok(add.rows_affected() == 1)
}

/// The export that a link leads to, which is used up by that; `None` if it was, or is over, or is none. Of several at once, one
/// gets it.
pub(super) async fn redeem(pool: &PgPool, user: UserId, sha256: &[u8; 32]) -> Result<Option<ExportId>> {
    let sql = "UPDATE export_link SET used = true
               WHERE user_id = $1 AND sha256 = $2 AND NOT used AND expires_at > now() RETURNING export_id";
    let found: Option<Uuid> = sqlx::query_scalar(sql).bind(user.uuid()).bind(sha256).fetch_optional(pool).await?;
    Ok(found.map(ExportId::new))
}

pub(super) async fn exists(pool: &PgPool, user: UserId, sha256: &[u8; 32]) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM export_link WHERE user_id = $1 AND sha256 = $2)";
    Ok(sqlx::query_scalar(sql).bind(user.uuid()).bind(sha256).fetch_one(pool).await?)
}

pub(super) async fn texts(pool: &PgPool, user: UserId) -> Result<Vec<PersonalText>> {
    let sql = "SELECT text_id, field, content FROM personal_text WHERE user_id = $1 ORDER BY sent_at, text_id";
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(sql).bind(user.uuid()).fetch_all(pool).await?;
    let text = |(id, field, content): (_, String, _)| {
        Ok(PersonalText { text_id: TextId::new(id), field: serde_json::from_value(field.into())?, content })
    };
    rows.into_iter().map(text).collect()
}

/// The handle that a person has claimed last.
pub(super) async fn handle(pool: &PgPool, user: UserId) -> Result<Option<Handle>> {
    let sql = "SELECT key FROM handle WHERE user_id = $1 ORDER BY claimed_at DESC LIMIT 1";
    let found: Option<String> = sqlx::query_scalar(sql).bind(user.uuid()).fetch_optional(pool).await?;
    Ok(found.and_then(|key| key.try_into().ok()))
}

/// Whether a user's account has this mailbox.
pub(super) async fn is_of(pool: &PgPool, user: UserId, mailbox: &Mailbox) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM credential WHERE user_id = $1 AND mailbox = $2)";
    Ok(sqlx::query_scalar(sql).bind(user.uuid()).bind(mailbox.key()).fetch_one(pool).await?)
}

/// Adds texts under the ids that they had.
pub(super) async fn add_texts(pool: &PgPool, user: UserId, texts: &[PersonalText]) -> Result<()> {
    let ids: Vec<Uuid> = texts.iter().map(|text| text.text_id.uuid()).collect();
    let fields: Vec<&str> = texts.iter().map(|text| text.field.name()).collect();
    let contents: Vec<&str> = texts.iter().map(|text| text.content.as_str()).collect();
    let sql = "INSERT INTO personal_text (user_id, text_id, field, content)
               SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING";
    sqlx::query(sql).bind(user.uuid()).bind(ids).bind(fields).bind(contents).execute(pool).await?;
    Ok(())
}

/// Whether a handle was free, or this user's already.
pub(super) async fn claim(pool: &PgPool, user: UserId, handle: &Handle) -> Result<bool> {
    let sql = "INSERT INTO handle (key, user_id) VALUES ($1, $2)
               ON CONFLICT (key) DO UPDATE SET claimed_at = now() WHERE handle.user_id = $2";
    Ok(sqlx::query(sql).bind(handle.key()).bind(user.uuid()).execute(pool).await?.rows_affected() == 1)
}
