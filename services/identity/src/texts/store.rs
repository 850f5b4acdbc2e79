//! The texts that name somebody.

use anyhow::Result;
use plyo_events::{TextId, UserId};
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) const DISPLAY_NAME: &str = "display_name";
pub(crate) const HANDLE: &str = "handle";

/// Who has a handle once it was asked for.
pub(crate) enum Claim {
    Own,
    /// Somebody else has claimed it within a day.
    Fresh,
    /// Somebody else claimed it before that, at this time.
    Old {
        of: UserId,
        claimed_at: i64,
    },
}

/// The id of a text, which it gets when it is new. One that is not the current one is kept as long as commands are.
pub(crate) async fn keep(pool: &PgPool, user: UserId, field: &str, content: &str) -> Result<TextId> {
    let sql = "INSERT INTO personal_text (user_id, text_id, field, content) VALUES ($1, $2, $3, $4)
               ON CONFLICT (user_id, field, content) DO UPDATE SET sent_at = now() RETURNING text_id";
    let keep = sqlx::query_scalar(sql).bind(user.uuid()).bind(TextId::mint().uuid()).bind(field).bind(content);
    Ok(TextId::new(keep.fetch_one(pool).await?))
}

pub(crate) async fn text(pool: &PgPool, user: UserId, text: TextId) -> Result<Option<String>> {
    let sql = "SELECT content FROM personal_text WHERE user_id = $1 AND text_id = $2";
    Ok(sqlx::query_scalar(sql).bind(user.uuid()).bind(text.uuid()).fetch_optional(pool).await?)
}

/// Deletes texts that the profile does not have, once no command that has them can come again.
pub(crate) async fn forget_unheld(pool: &PgPool, user: UserId, held: &[TextId]) -> Result<()> {
    let held: Vec<Uuid> = held.iter().map(|text| text.uuid()).collect();
    let sql = "DELETE FROM personal_text
               WHERE user_id = $1 AND text_id <> ALL($2) AND sent_at < now() - interval '30 days'";
    sqlx::query(sql).bind(user.uuid()).bind(held).execute(pool).await?;
    Ok(())
}

/// Claims a handle that nobody has, or that the same person has.
pub(crate) async fn claim(pool: &PgPool, user: UserId, key: &str) -> Result<Claim> {
    let sql = "WITH claimed AS (
                   INSERT INTO handle (key, user_id) VALUES ($1, $2)
                   ON CONFLICT (key) DO UPDATE SET claimed_at = now() WHERE handle.user_id = $2 RETURNING user_id
               )
               SELECT user_id, true, 0::bigint FROM claimed UNION ALL
               SELECT user_id, claimed_at > now() - interval '1 day', (extract(epoch FROM claimed_at) * 1000000)::bigint
               FROM handle WHERE key = $1 AND user_id <> $2";
    let found: Option<(Uuid, bool, i64)> = sqlx::query_as(sql).bind(key).bind(user.uuid()).fetch_optional(pool).await?;
    Ok(match found {
        Some((of, ..)) if of == user.uuid() => Claim::Own,
        Some((of, false, claimed_at)) => Claim::Old { of: UserId::new(of), claimed_at },
        // The other claim is so fresh that this statement did not see it.
        Some(_) | None => Claim::Fresh,
    })
}

/// Whether the claim was still the one that was found.
pub(crate) async fn take_over(pool: &PgPool, user: UserId, key: &str, of: UserId, claimed_at: i64) -> Result<bool> {
    let sql = "UPDATE handle SET user_id = $2, claimed_at = now()
               WHERE key = $1 AND user_id = $3 AND (extract(epoch FROM claimed_at) * 1000000)::bigint = $4";
    let take = sqlx::query(sql).bind(key).bind(user.uuid()).bind(of.uuid()).bind(claimed_at);
    Ok(take.execute(pool).await?.rows_affected() == 1)
}
