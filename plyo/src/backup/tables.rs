//! The tables of a service: a dump of its schemas at one moment, and its restore.

use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use plyo_nats::{backup, database};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Child,
    time::{interval, timeout},
};

use super::{TELLING, files::Writer, libpq::Tool, manifest::Tables};
use crate::{platform::Config, services::Entry};

/// Max silence of pg_dump.
const SILENCE: Duration = Duration::from_secs(60);
const READING: usize = 512 * 1024;
/// Of what a failed program complains of.
const COMPLAINT: usize = 8 * 1024;
/// Tables that a service fills by itself.
const BY_ITSELF: [&str; 3] = ["_sqlx_migrations", "lane", "signing_key"];

/// Dumps the tables of a service into a file of the backup.
pub(super) async fn dump(tool: &Tool, config: &Config, entry: &Entry, directory: &Path) -> Result<Tables> {
    let dsn = config.dsn(entry.name);
    let mut db = database::connect(&database::options(&dsn, &database::search_path(entry.name))?).await?;
    let version: i32 =
        sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&mut db).await?;
    tool.must_read("the server", version.unsigned_abs() / 10_000)?;
    // Lanes and tables at one moment: pg_dump joins this transaction's snapshot.
    let mut moment = db.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    sqlx::query("SET LOCAL idle_in_transaction_session_timeout = 0").execute(&mut *moment).await?;
    let snapshot: String = sqlx::query_scalar("SELECT pg_export_snapshot()").fetch_one(&mut *moment).await?;
    let lanes = backup::stands(&mut moment).await?;
    let mut migrations = BTreeMap::new();
    for (schema, _) in entry.schemas.versions(entry.name) {
        let newest = format!("SELECT max(version) FROM \"{schema}\"._sqlx_migrations");
        let newest: Option<i64> = sqlx::query_scalar(AssertSqlSafe(newest)).fetch_one(&mut *moment).await?;
        migrations.insert(schema, newest.unwrap_or(0));
    }
    let mut command = tool.command(&dsn)?;
    // Not compressed: that would take processor time from the platform.
    command.args(["--format=custom", "--compress=0", "--lock-wait-timeout=30s"]);
    command.arg(format!("--snapshot={snapshot}"));
    command.args(migrations.keys().map(|schema| format!("--schema={schema}")));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut dumping = command.spawn().context("start pg_dump")?;
    let mut writer = Writer::create(directory, &format!("{}.tables", entry.name))?;
    let mut output = dumping.stdout.take().context("stdout of pg_dump")?;
    let complaint = tokio::spawn(read_complaint(dumping.stderr.take().context("stderr of pg_dump")?));
    let mut buffer = vec![0; READING];
    loop {
        let read = timeout(SILENCE, output.read(&mut buffer)).await;
        match read.with_context(|| format!("no output from pg_dump for {} s", SILENCE.as_secs()))?? {
            0 => break,
            read => writer.write(&buffer[..read])?,
        }
    }
    succeeded("pg_dump", dumping, complaint.await?).await?;
    moment.rollback().await?;
    Ok(Tables { service: entry.name.to_owned(), migrations, lanes, kept: writer.finish().await? })
}

/// What the tables of a service hold that somebody asked for, a line each; nothing where there are none.
pub(super) async fn held(dsn: &str, entry: &Entry) -> Result<Vec<String>> {
    let mut db = connect(dsn).await?;
    let schemas: Vec<String> = entry.schemas.versions(entry.name).into_iter().map(|(schema, _)| schema).collect();
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT schemaname::text, tablename::text FROM pg_tables
         WHERE schemaname = ANY($1) AND tablename <> ALL($2) ORDER BY 1, 2",
    )
    .bind(schemas)
    .bind(BY_ITSELF.as_slice())
    .fetch_all(&mut db)
    .await?;
    let mut held = Vec::new();
    for (schema, table) in tables {
        let any = format!("SELECT EXISTS (SELECT FROM \"{schema}\".\"{table}\")");
        if sqlx::query_scalar(AssertSqlSafe(any)).fetch_one(&mut db).await? {
            held.push(format!("table {schema}.{table} has rows"));
        }
    }
    Ok(held)
}

/// Refuses tables that this binary does not know.
pub(super) fn must_know(entry: &Entry, tables: &Tables) -> Result<()> {
    let known: BTreeMap<String, i64> = entry.schemas.versions(entry.name).into_iter().collect();
    for (schema, version) in &tables.migrations {
        let newest = known.get(schema).copied().unwrap_or(0);
        ensure!(
            *version <= newest,
            "schema {schema} in the backup is at {version}, newer than this binary ({newest}): restore with a newer binary"
        );
    }
    Ok(())
}

/// Whether pg_restore can read a dump, before anything is changed.
pub(super) async fn must_be_readable(tool: &Tool, file: &Path) -> Result<()> {
    let mut command = tool.listing(file);
    let output = timeout(SILENCE, command.output()).await.context("pg_restore did not finish")??;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "pg_restore cannot read {}: {}", file.display(), complaint.trim());
    Ok(())
}

/// Replaces a service's tables with the dump, as a whole or not at all.
pub(super) async fn put_back(tool: &Tool, dsn: &str, entry: &Entry, file: &Path) -> Result<()> {
    plyo_migrations::create_role(dsn, entry.name).await?;
    let mut db = connect(dsn).await?;
    let mut clearing = db.begin().await?;
    sqlx::query("SET LOCAL lock_timeout = '30s'").execute(&mut *clearing).await?;
    for (schema, _) in entry.schemas.versions(entry.name) {
        let drop = format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE");
        let dropped = sqlx::query(AssertSqlSafe(drop)).execute(&mut *clearing).await;
        dropped.with_context(|| format!("remove schema {schema}"))?;
    }
    clearing.commit().await?;
    let mut command = tool.command(dsn)?;
    // Its database is named, or it would print SQL.
    let database = database::options(dsn, &["public"])?;
    let database = database.get_database().unwrap_or_else(|| database.get_username()).to_owned();
    command.args(["--exit-on-error", "--single-transaction"]).arg(format!("--dbname={database}")).arg(file);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut restoring = command.spawn().context("start pg_restore")?;
    let complaint = tokio::spawn(read_complaint(restoring.stderr.take().context("stderr of pg_restore")?));
    // It waits for nobody longer than for a lock, but may have much to do.
    let mut telling = interval(TELLING);
    telling.tick().await;
    let complaint = complaint_of(complaint, async || {
        telling.tick().await;
        eprintln!("pg_restore: the tables of {} …", entry.name);
    })
    .await?;
    succeeded("pg_restore", restoring, complaint).await
}

/// Waits for the end of a program's complaints, and tells from time to time.
async fn complaint_of(mut complaint: tokio::task::JoinHandle<String>, mut tell: impl AsyncFnMut()) -> Result<String> {
    loop {
        tokio::select! {
            complaint = &mut complaint => return Ok(complaint?),
            () = tell() => {}
        }
    }
}

async fn succeeded(name: &str, mut child: Child, complaint: String) -> Result<()> {
    let ended = timeout(SILENCE, child.wait()).await.with_context(|| format!("{name} did not finish"))??;
    if !ended.success() {
        bail!("{name} failed: {}", complaint.trim());
    }
    Ok(())
}

/// All that is said on stderr is read; the beginning is kept.
async fn read_complaint(mut from: impl AsyncRead + Unpin) -> String {
    let (mut said, mut buffer) = (Vec::new(), vec![0; COMPLAINT]);
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let room = COMPLAINT.saturating_sub(said.len()).min(read);
        said.extend_from_slice(&buffer[..room]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

async fn connect(dsn: &str) -> Result<PgConnection> {
    database::connect(&database::options(dsn, &["public"])?).await
}
