//! Lanes before a backup and after a restore.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::histories;
use crate::{
    broker::{Nats, subject::PARTITIONS},
    lane::{Lane, store},
    sql::database,
};

/// The position in a lane's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Stands {
    pub lane: i16,
    /// The last sequences of `EVENTS` that it has applied and confirmed.
    pub applied: i64,
    pub confirmed: i64,
    /// When that `EVENTS` was created; empty before the lane first ran.
    pub events_created: String,
}

/// The positions of the lanes in the loop's tables of this connection.
///
/// # Errors
/// When Postgres refuses.
pub async fn stands(db: &mut PgConnection) -> Result<Vec<Stands>> {
    let query = sqlx::query_as("SELECT lane, applied, confirmed, events_created FROM lane ORDER BY lane");
    query.fetch_all(db).await.context("read the lanes' positions")
}

/// Owns every possible lane of a service as long as the connection lives: a service that starts meanwhile stands by.
///
/// # Errors
/// When the service runs.
pub async fn hold(dsn: &str, service: &'static str) -> Result<PgConnection> {
    let mut db = database::connect(&database::options(dsn, &["public"])?).await?;
    sqlx::query("SET idle_session_timeout = 0").execute(&mut db).await?;
    for lane in Lane::all(service, PARTITIONS)? {
        if !store::try_lock(&mut db, lane).await? {
            bail!("{service} is running: stop it first (lane {} has an owner)", lane.index);
        }
    }
    Ok(db)
}

/// Records in a service's lanes that the restored `EVENTS`, which has a new creation time, is the one that they knew. They
/// check the messages at their positions themselves. Returns the number of lanes.
///
/// # Errors
/// When NATS or Postgres does not answer.
pub async fn adopt(nats: &Nats, dsn: &str, service: &str) -> Result<u64> {
    let histories = histories(nats).await?;
    let mut db = database::connect(&database::options(dsn, &database::search_path(service))?).await?;
    let adopted = sqlx::query("UPDATE lane SET events_created = $1 WHERE events_created = ANY($2)")
        .bind(&histories[0])
        .bind(&histories[1..])
        .execute(&mut db)
        .await
        .context("record the identity of EVENTS in the lanes")?;
    Ok(adopted.rows_affected())
}
