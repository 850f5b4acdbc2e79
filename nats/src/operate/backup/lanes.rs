//! Lanes, as a backup finds them and a restore leaves them.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::histories;
use crate::{
    broker::{Nats, subject::PARTITIONS},
    lane::{Lane, store},
    sql::database,
};

/// Where a lane stands, as its row says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Stands {
    pub lane: i16,
    /// The last places of `EVENTS` that it has applied, and knows its own event to be at.
    pub applied: i64,
    pub confirmed: i64,
    /// When that `EVENTS` was created; empty before the lane first ran.
    pub events_created: String,
}

/// Where the lanes of the service stand whose loop's tables this connection sees.
///
/// # Errors
/// When Postgres refuses.
pub async fn stands(db: &mut PgConnection) -> Result<Vec<Stands>> {
    let query = sqlx::query_as("SELECT lane, applied, confirmed, events_created FROM lane ORDER BY lane");
    query.fetch_all(db).await.context("read the lanes' positions")
}

/// Owns every lane that a service can have, as long as the connection lives: whoever starts meanwhile stands by.
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

/// Tells the lanes of a service that `EVENTS`, which the broker gave another time of creation when it was restored, is the
/// one that they knew. What stands at their places they compare themselves. Gives how many were told.
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
