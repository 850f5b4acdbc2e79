//! Running a service: its write side, its effects and its answers together, until the future is dropped.

use anyhow::Result;
use tokio::task::JoinSet;

use crate::{
    broker::Nats,
    health::Health,
    lane::{self, lag},
    service::{Context, Service, effect::Performing, questions},
    sql::database,
};

/// Connections of one service for answering queries; each lane has one of its own.
const QUERY_CONNECTIONS: u32 = 8;

/// How a service is run.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// How many lanes it is to have; `None` for as many as it has, one at first.
    pub lanes: Option<u8>,
    /// Bytes of rows that its lanes may remember together.
    pub memory: usize,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self { lanes: None, memory: 64 * 1024 * 1024 }
    }
}

/// Runs a service; it never returns while the process is well. Stop it by dropping the future: whatever it was doing,
/// the next owner of the lane completes.
///
/// # Errors
/// When `dsn` cannot be read or the NATS connection is closed for good.
pub async fn run(service: Service, nats: Nats, dsn: &str, health: Health, settings: RunSettings) -> Result<()> {
    let Service { name, reads, write_side, effects, answers, .. } = service;
    let pool = database::pool(dsn, &database::search_path(name), QUERY_CONNECTIONS)?;
    let context = Context::new(pool.clone(), nats.clone());
    let performing = Performing { service: name, nats: nats.clone(), health: health.clone() };
    let mut effects: JoinSet<_> = effects.iter().map(|effect| (effect.run)(performing.clone())).collect();
    let sampling = tokio::spawn(lag::sample(nats.clone(), pool, name, reads));
    let _stop_sampling_with_us = AbortOnDrop(sampling.abort_handle());
    let RunSettings { lanes, memory } = settings;
    let config = lane::Config { nats, dsn: dsn.to_owned(), health: health.clone(), lanes, memory };
    let writing = tokio::spawn((write_side.run)(config));
    let _stop_writing_with_us = AbortOnDrop(writing.abort_handle());
    tokio::select! {
        answered = questions::answer_all(name, answers, context, health) => answered,
        Some(ended) = effects.join_next() => anyhow::bail!("an effect of {name} ended unexpectedly: {ended:?}"),
        ended = writing => anyhow::bail!("the write side of {name} ended unexpectedly: {ended:?}"),
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
