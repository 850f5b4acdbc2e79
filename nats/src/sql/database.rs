//! Connections to Postgres: the connection's `search_path`, not SQL, names the schema.

use std::{
    future::Future,
    io,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use sqlx::{
    Connection, PgConnection, PgPool,
    pool::PoolConnectionMetadata,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use crate::failure::{Failure, sql};

/// Timeout of connecting: a stale address silently drops packets.
const CONNECTING: Duration = Duration::from_secs(3);
/// Timeout of a lane's statement. A connection whose peer vanished silently would wait for a quarter of an hour.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// A pooled connection used this recently is assumed to be alive. No server restarts faster.
const FRESH: Duration = Duration::from_millis(100);
/// Timeout of a liveness check.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// The same for the session of a lane, which holds more than a query.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(2);

/// The schema of a service's folded tables, then that of its loop.
pub fn search_path(service: &str) -> [String; 2] {
    [service.to_owned(), format!("{service}_loop")]
}

/// Options for a connection with these schemas, in UTC.
///
/// # Errors
/// When `dsn` is not a Postgres URL.
pub fn options(dsn: &str, search_path: &[impl AsRef<str>]) -> Result<PgConnectOptions> {
    // The parse error may quote the URL, which may contain a password.
    let options = PgConnectOptions::from_str(dsn).ok().context("cannot parse the Postgres URL")?;
    let path = search_path.iter().map(|schema| format!("\"{}\"", schema.as_ref())).collect::<Vec<_>>().join(",");
    // JIT-compiling a plan takes longer than these queries.
    Ok(options.options([("search_path", path.as_str()), ("timezone", "UTC"), ("jit", "off")]))
}

/// For connections that only look up rows by key, as lanes and queries do: otherwise a plan made while a table was small
/// would scan it for as long as the connection lives. Not for statistics and exports.
pub fn by_key(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")])
}

/// Connects, or fails within a few seconds.
///
/// # Errors
/// When Postgres refuses or does not answer; names the address.
pub async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    let place = format!("connect to Postgres at {}:{}", options.get_host(), options.get_port());
    match timeout(CONNECTING, PgConnection::connect_with(options)).await {
        Ok(connected) => connected.context(place),
        Err(_) => Err(anyhow!("no response within {} s", CONNECTING.as_secs()).context(place)),
    }
}

/// The Postgres settings that are off and would let power loss lose committed data.
///
/// # Errors
/// When Postgres refuses or does not answer.
pub async fn broken_promises(dsn: &str) -> Result<Vec<String>> {
    let mut db = connect(&options(dsn, &["public"])?).await?;
    let query = "SELECT name FROM pg_settings WHERE name = ANY($1) AND setting = 'off' ORDER BY name";
    let off = sqlx::query_scalar(query).bind(["fsync", "full_page_writes", "synchronous_commit"].as_slice());
    timeout(CONNECTING, off.fetch_all(&mut db)).await.context("timed out")?.context("read its settings")
}

/// A pool for lookups by key that connects on first use, so that a service can start while Postgres is unavailable. It
/// never hands out a connection that was already dead.
///
/// # Errors
/// When `dsn` is not a Postgres URL.
pub fn pool(dsn: &str, search_path: &[impl AsRef<str>], max_connections: u32) -> Result<PgPool> {
    let options = by_key(options(dsn, search_path)?);
    let (taken, given_back) = (Arc::new(Vital::default()), Arc::new(Vital::default()));
    let vital = Arc::clone(&taken);
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(CONNECTING)
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            let vital = Arc::clone(&vital);
            Box::pin(async move { vital.check(connection, &meta, meta.idle_for).await })
        })
        .after_release(move |connection, meta| {
            // The pool pings on its own, without a timeout: if no connection was returned for a while, this one may be dead.
            let vital = Arc::clone(&given_back);
            Box::pin(async move { vital.check(connection, &meta, vital.silence()).await })
        })
        .connect_lazy_with(options))
}

/// What is known about the server behind a pool's connections.
#[derive(Default)]
struct Vital {
    alive: Mutex<Option<Instant>>,
    dead: Mutex<Option<Instant>>,
}

impl Vital {
    /// How long ago a connection was last found alive.
    fn silence(&self) -> Duration {
        let alive = *self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        alive.map_or(Duration::MAX, |alive| alive.elapsed())
    }

    /// Checks a connection that was idle for this long. If it is dead, all older ones are dropped with it: each would cost
    /// another timeout.
    async fn check(
        &self,
        connection: &mut PgConnection,
        meta: &PoolConnectionMetadata,
        silence: Duration,
    ) -> Result<bool, sqlx::Error> {
        let now = Instant::now();
        let died = *self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        if died.is_some_and(|died| now.checked_sub(meta.age).is_none_or(|made| made < died)) {
            return Err(gone());
        }
        if silence > FRESH && !matches!(timeout(SIGN_OF_LIFE, connection.ping()).await, Ok(Ok(()))) {
            *self.dead.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
            return Err(gone());
        }
        *self.alive.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(true)
    }
}

fn gone() -> sqlx::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the peer no longer responds").into()
}

/// A statement of a lane, with a timeout.
pub(crate) async fn statement<T>(
    doing: &'static str,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Failure> {
    in_time(doing, async { statement.await.map_err(sql(doing)) }).await
}

/// Keeps a lane's session, and thus the lane, alive; fails quickly if the peer is gone.
pub(crate) async fn ping(db: &mut PgConnection) -> Result<(), Failure> {
    let doing = "keep the session";
    match timeout(KEEP_ALIVE_TIMEOUT, db.ping()).await {
        Ok(answer) => answer.map_err(sql(doing)),
        Err(_) => Err(Failure::unavailable(format!(
            "{doing}: Postgres did not respond within {} s",
            KEEP_ALIVE_TIMEOUT.as_secs()
        ))),
    }
}

/// The same for more than a single statement.
pub(crate) async fn in_time<T>(
    doing: &'static str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late =
        |_| Failure::unavailable(format!("{doing}: Postgres did not respond within {} s", STATEMENT_TIMEOUT.as_secs()));
    timeout(STATEMENT_TIMEOUT, work).await.map_err(late)?
}

/// Whether an error says that Postgres is currently unreachable, rather than that it refuses.
pub(crate) fn is_unavailable(error: &anyhow::Error) -> bool {
    match error.chain().find_map(|cause| cause.downcast_ref::<sqlx::Error>()) {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed) => {
            true
        }
        // Class 57: it is shutting down or starting up.
        Some(sqlx::Error::Database(database)) => database.code().is_some_and(|code| code.starts_with("57")),
        _ => false,
    }
}
