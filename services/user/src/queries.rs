//! Queries about accounts, some within their process.

use anyhow::Result;
use plyo_events::{
    UserId,
    erasure::{ERASURE_NOT_FOUND, ErasureView, GetErasure},
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

pub(crate) async fn erasure(context: Context, query: GetErasure) -> Result<ErasureView, QueryError> {
    Ok(store::erasure(&context.pool, query.user).await?.ok_or(ERASURE_NOT_FOUND)?)
}
