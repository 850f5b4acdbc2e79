//! What is asked of accounts by the process that they run in.

use anyhow::Result;
use plyo_events::{UserId, user::Profile};
use sqlx::PgPool;

use crate::store;

/// Who somebody is, from the tables that `pool` sees. `None`: not registered, or not yet.
///
/// # Errors
/// When Postgres fails.
pub async fn profile(pool: PgPool, user: UserId) -> Result<Option<Profile>> {
    store::profile(&pool, user).await
}
