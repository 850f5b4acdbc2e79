//! Running a service: its write side and its answers together, until the future is dropped.

use anyhow::Result;

use crate::{Context, Nats, Service, database, health::Health, lane::Surroundings, questions};

/// Connections of one service for answering queries; the loop has one of its own.
const QUERY_CONNECTIONS: u32 = 8;

/// Runs a service; it never returns while the process is well. Stop it by dropping the future: whatever it was doing,
/// the next owner of the lane completes.
///
/// # Errors
/// When `dsn` cannot be read or the NATS connection is closed for good.
pub async fn run(service: Service, nats: Nats, dsn: &str, health: Health) -> Result<()> {
    let Service { name, write_side, answers, .. } = service;
    let pool = database::pool(dsn, &database::search_path(name), QUERY_CONNECTIONS)?;
    let context = Context { pool, nats: nats.clone() };
    let with = Surroundings { nats, dsn: dsn.to_owned(), health: health.clone() };
    let writing = tokio::spawn((write_side.run)(with));
    let _stop_writing_with_us = AbortOnDrop(writing.abort_handle());
    tokio::select! {
        answered = questions::answer_all(name, answers, context, health) => answered,
        ended = writing => anyhow::bail!("the write side of {name} ended: {ended:?}"),
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
