//! The SQL of every service schema: one folder and one migrator each, applied by `plyo migrate` alone.

mod passwords;

use std::{str::FromStr, time::Duration};

use anyhow::{Context, Result, anyhow, ensure};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection,
    migrate::{Migrate, Migrator},
    postgres::PgConnectOptions,
};
use tokio::time::timeout;

pub use passwords::{asks_for_no_password, set_password};

/// How long a connection may take to be made: an address that nobody has any more swallows what is sent to it.
const CONNECTING: Duration = Duration::from_secs(3);

pub static USER: Migrator = sqlx::migrate!("./user");
pub static USER_CREDENTIALS: Migrator = sqlx::migrate!("./user_credentials");
pub static WORKOUT: Migrator = sqlx::migrate!("./workout");
pub static ACHIEVEMENT: Migrator = sqlx::migrate!("./achievement");
pub static COACH: Migrator = sqlx::migrate!("./coach");
pub static NOTIFICATION: Migrator = sqlx::migrate!("./notification");
static LOOP: Migrator = sqlx::migrate!("./loop");

/// The schemas of a service beside the loop's own, `<service>_loop`, which every service has.
#[derive(Clone, Copy, Debug)]
pub struct Schemas {
    /// Makes the schema that bears the service's name: a fold of `EVENTS`.
    pub folded: &'static Migrator,
    /// Makes other schemas, by name, which a replay leaves alone.
    pub unfolded: &'static [(&'static str, &'static Migrator)],
}

/// The Postgres role of a service: rights on its own schemas only.
pub fn role(service: &str) -> String {
    format!("plyo_{service}")
}

/// Creates what is missing of a service's role and schemas, and applies its migrations; says what it did, a line each.
/// `dsn` is of an account that may create roles and schemas.
///
/// # Errors
/// When Postgres refuses, or a migration that was applied has another text here.
pub async fn apply(dsn: &str, service: &str, schemas: &Schemas) -> Result<Vec<String>> {
    create_role(dsn, service).await?;
    let role = role(service);
    let mut admin = connect(dsn, "public").await?;
    let mut done = Vec::new();
    for (schema, migrator) in schemas.of(service) {
        create_schema(&mut admin, &schema, &role).await?;
        let mut owner = connect(dsn, &schema).await?;
        sqlx::query(AssertSqlSafe(format!("SET ROLE \"{role}\""))).execute(&mut owner).await?;
        migrator.run(&mut owner).await.with_context(|| {
            format!(
                "migrate schema {schema} (if its tables are others by now, `plyo rebuild {service}` folds them anew)"
            )
        })?;
        done.push(format!("schema {schema}: at {}", newest(migrator)));
    }
    Ok(done)
}

/// Creates the role of a service, if it is missing.
///
/// # Errors
/// When Postgres refuses.
pub async fn create_role(dsn: &str, service: &str) -> Result<()> {
    let role = role(service);
    let create_role = format!(
        "DO $$ BEGIN CREATE ROLE \"{role}\" LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    let mut admin = connect(dsn, "public").await?;
    sqlx::query(AssertSqlSafe(create_role)).execute(&mut admin).await.context("create the service's role")?;
    Ok(())
}

/// Makes an empty schema with the tables of `service`, for a replay. One that is left over goes.
///
/// # Errors
/// When Postgres refuses.
pub async fn create_shadow(dsn: &str, service: &str, schemas: &Schemas, shadow: &str) -> Result<()> {
    let role = role(service);
    let mut admin = connect(dsn, "public").await?;
    let is_migrated: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(format!("\"{service}_loop\".lane"))
        .fetch_one(&mut admin)
        .await?;
    ensure!(is_migrated, "{service} has no tables yet; run `plyo migrate` first");
    sqlx::query(AssertSqlSafe(format!("DROP SCHEMA IF EXISTS \"{shadow}\" CASCADE"))).execute(&mut admin).await?;
    create_schema(&mut admin, shadow, &role).await?;
    let mut owner = connect(dsn, shadow).await?;
    sqlx::query(AssertSqlSafe(format!("SET ROLE \"{role}\""))).execute(&mut owner).await?;
    schemas.folded.run(&mut owner).await.with_context(|| format!("migrate schema {shadow}"))?;
    Ok(())
}

/// Compares what is applied with what this binary has.
///
/// # Errors
/// When a migration is missing, or one is there that this binary does not know.
pub async fn check(dsn: &str, service: &str, schemas: &Schemas) -> Result<()> {
    for (schema, migrator) in schemas.of(service) {
        let mut db = connect(dsn, &schema).await?;
        let applied = db.list_applied_migrations(&migrator.table_name).await;
        let applied = applied.with_context(|| format!("schema {schema} has no migrations; run `plyo migrate`"))?;
        let newest = newest(migrator);
        let there = applied.iter().map(|migration| migration.version).max().unwrap_or(0);
        ensure!(
            there <= newest,
            "schema {schema} is at {there}, newer than this binary ({newest}); run a newer binary"
        );
        ensure!(there == newest, "schema {schema} is at {there}, this binary needs {newest}; run `plyo migrate`");
        for migration in migrator.iter() {
            let same = applied.iter().any(|a| a.version == migration.version && a.checksum == migration.checksum);
            ensure!(same, "schema {schema}: migration {} was applied with another text", migration.version);
        }
    }
    Ok(())
}

impl Schemas {
    /// Every schema of the service, by name, with the newest of its migrations.
    pub fn versions(&self, service: &str) -> Vec<(String, i64)> {
        self.of(service).into_iter().map(|(schema, migrator)| (schema, newest(migrator))).collect()
    }

    /// Every schema of the service, by name.
    fn of(&self, service: &str) -> Vec<(String, &'static Migrator)> {
        let mut schemas = vec![(format!("{service}_loop"), &LOOP), (service.to_owned(), self.folded)];
        schemas.extend(self.unfolded.iter().map(|(name, migrator)| ((*name).to_owned(), *migrator)));
        schemas
    }
}

fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or(0)
}

async fn create_schema(admin: &mut PgConnection, schema: &str, role: &str) -> Result<()> {
    let sql = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\" AUTHORIZATION \"{role}\"");
    sqlx::query(AssertSqlSafe(sql)).execute(admin).await.with_context(|| format!("create schema {schema}"))?;
    Ok(())
}

async fn connect(dsn: &str, schema: &str) -> Result<PgConnection> {
    // The parse error may quote the URL, which may hold a password.
    let options = PgConnectOptions::from_str(dsn).ok().context("cannot parse the Postgres URL")?;
    let options = options.options([("search_path", schema)]);
    let place = format!("connect to Postgres at {}:{}", options.get_host(), options.get_port());
    match timeout(CONNECTING, PgConnection::connect_with(&options)).await {
        Ok(connected) => connected.context(place),
        Err(_) => Err(anyhow!("no response within {} s", CONNECTING.as_secs()).context(place)),
    }
}
