//! Whether a service declares all its tables: a forgotten one would never be compared with its fold.

use anyhow::{Context, Result, ensure};
use sqlx::PgConnection;

/// Compares the tables of a migrated schema with those in the service's state (`Reactor::State`).
///
/// # Errors
/// When the state lacks one.
pub(crate) async fn refuse_forgotten(db: &mut PgConnection, service: &str, schema: &str, named: &[&str]) -> Result<()> {
    let there: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables
         WHERE table_schema = $1 AND table_type = 'BASE TABLE' AND table_name <> '_sqlx_migrations' ORDER BY table_name",
    )
    .bind(schema)
    .fetch_all(db)
    .await
    .with_context(|| format!("list the tables of {schema}"))?;
    let forgotten: Vec<&str> = there.iter().map(String::as_str).filter(|table| !named.contains(table)).collect();
    ensure!(
        forgotten.is_empty(),
        "the {service} service has tables that are not part of its state and would not be compared: {}",
        forgotten.join(", ")
    );
    Ok(())
}
