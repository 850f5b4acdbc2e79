//! Connections to Postgres: SQL names no schema, the connection's `search_path` does.

use std::{str::FromStr, time::Duration};

use anyhow::{Context, Result};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// The schema of a service's folded tables, then that of its loop's own.
pub fn search_path(service: &str) -> [String; 2] {
    [service.to_owned(), format!("{service}_loop")]
}

/// Options for a connection that sees these schemas, in UTC.
///
/// # Errors
/// When `dsn` is no Postgres URL.
pub fn options(dsn: &str, search_path: &[impl AsRef<str>]) -> Result<PgConnectOptions> {
    // The parse error may quote the URL, which may hold a password.
    let options = PgConnectOptions::from_str(dsn).ok().context("the Postgres URL cannot be read")?;
    let path = search_path.iter().map(|schema| format!("\"{}\"", schema.as_ref())).collect::<Vec<_>>().join(",");
    // Compiling a plan takes longer than what is asked here.
    Ok(options.options([("search_path", path.as_str()), ("timezone", "UTC"), ("jit", "off")]))
}

/// For a connection that only ever looks rows up by their keys, as lanes and queries do: a plan that was made while a table
/// was small would otherwise read all of it for as long as the connection lives. Statistics and exports want none of it.
pub fn by_key(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")])
}

/// A pool for looking rows up by their keys, that connects when it is first used, so that a service starts while Postgres is away.
///
/// # Errors
/// When `dsn` is no Postgres URL.
pub fn pool(dsn: &str, search_path: &[impl AsRef<str>], max_connections: u32) -> Result<PgPool> {
    let options = by_key(options(dsn, search_path)?);
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        .connect_lazy_with(options))
}

/// Whether an error says that Postgres cannot be reached just now, rather than that it refuses.
pub(crate) fn is_away(error: &anyhow::Error) -> bool {
    match error.chain().find_map(|cause| cause.downcast_ref::<sqlx::Error>()) {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed) => {
            true
        }
        // Class 57: it is shutting down or starting up.
        Some(sqlx::Error::Database(database)) => database.code().is_some_and(|code| code.starts_with("57")),
        _ => false,
    }
}
