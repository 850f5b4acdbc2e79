//! Queries about accounts, some of them within their process.

use anyhow::Result;
use plyo_events::{
    Rejection, UserId,
    administration::{Account, ActView, ListActs, WhichAccounts},
    erasure::{ERASURE_NOT_FOUND, ErasureView, GetErasure},
    export::{EXPORT_NOT_FOUND, ExportView, GetExport},
    query::Page,
    rejection::INVALID_CURSOR,
    user::Profile,
};
use plyo_nats::{Context, QueryError};
use sqlx::PgPool;

use crate::store;

/// A user, from the tables of `pool`. `None` if not registered, or not yet.
///
/// # Errors
/// When Postgres fails.
pub async fn profile(pool: PgPool, user: UserId) -> Result<Option<Profile>> {
    store::profile(&pool, user).await
}

pub(crate) async fn export(context: Context, query: GetExport) -> Result<ExportView, QueryError> {
    Ok(store::export(&context.pool, query.user).await?.ok_or(EXPORT_NOT_FOUND)?)
}

pub(crate) async fn erasure(context: Context, query: GetErasure) -> Result<ErasureView, QueryError> {
    Ok(store::erasure(&context.pool, query.user).await?.ok_or(ERASURE_NOT_FOUND)?)
}

/// Accounts, from the tables of `pool`: one more than the limit, if there are more.
///
/// # Errors
/// When Postgres fails.
pub async fn accounts(pool: PgPool, find: WhichAccounts) -> Result<Vec<Account>> {
    store::accounts(&pool, &find).await
}

pub(crate) async fn acts(context: Context, query: ListActs) -> Result<Page<ActView>, QueryError> {
    let before = query.cursor.as_deref().map_or(Ok(i64::MAX.cast_unsigned()), read_cursor)?;
    let limit = query.limit.clamp(1, 100);
    let mut items = store::acts(&context.pool, before, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|(number, _)| number.to_string());
    Ok(Page { items: items.into_iter().map(|(_, act)| act).collect(), next_cursor })
}

/// The start of the next page: the number of the last act shown.
fn read_cursor(text: &str) -> Result<u64, Rejection> {
    let number = text.parse().ok().filter(|number: &u64| number.to_string() == text && i64::try_from(*number).is_ok());
    number.ok_or_else(|| INVALID_CURSOR.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_cursor_is_refused() {
        assert_eq!(read_cursor("42"), Ok(42));
        for forged in ["", "x", "+1", "01", "-1", "18446744073709551615"] {
            assert_eq!(read_cursor(forged).unwrap_err().code, "invalid_cursor", "{forged}");
        }
    }
}
