//! Queries about accounts within their process.

use anyhow::Result;
use plyo_events::{UserId, user::Profile};
use sqlx::PgPool;

use crate::store;

/// A user, from the tables of `pool`. `None` if not registered, or not yet.
///
/// # Errors
/// When Postgres fails.
pub async fn profile(pool: PgPool, user: UserId) -> Result<Option<Profile>> {
    store::profile(&pool, user).await
}
