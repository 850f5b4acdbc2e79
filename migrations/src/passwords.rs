//! Who may sign in to Postgres, and with what.

use anyhow::{Context, Result};
use sqlx::Connection;

use super::connect;

/// Has a role, or the account of `dsn` itself, sign in with this password.
///
/// # Errors
/// When Postgres refuses.
pub async fn set_password(dsn: &str, role: Option<&str>, password: &str) -> Result<()> {
    let mut admin = connect(dsn, "public").await?;
    let mut change = admin.begin().await?;
    // A statement may be logged, a parameter is not, and ALTER ROLE takes none.
    let told =
        "SELECT set_config('plyo.role', coalesce($1, current_user), true), set_config('plyo.password', $2, true)";
    sqlx::query(told).bind(role).bind(password).execute(&mut *change).await?;
    let alter = "DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', current_setting('plyo.role'), \
                 current_setting('plyo.password')); END $$";
    sqlx::query(alter).execute(&mut *change).await.context("set a password")?;
    change.commit().await.context("set a password")
}

/// Whether its rules let others in than processes of its own machine, without a password.
///
/// # Errors
/// When Postgres refuses.
pub async fn asks_for_no_password(dsn: &str) -> Result<bool> {
    let mut admin = connect(dsn, "public").await?;
    let rules = "SELECT EXISTS (SELECT FROM pg_hba_file_rules WHERE auth_method = 'trust' AND type LIKE 'host%' \
                 AND address NOT IN ('127.0.0.1', '::1', 'localhost'))";
    sqlx::query_scalar(rules).fetch_one(&mut admin).await.context("read pg_hba.conf")
}
