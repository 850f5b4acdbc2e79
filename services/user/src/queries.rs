//! Queries about accounts, some within their process.

use anyhow::Result;
use plyo_events::{
    UserId,
    export::{EXPORT_NOT_FOUND, ExportView, GetExport},
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
