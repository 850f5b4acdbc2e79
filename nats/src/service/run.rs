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

/// Connections of one service for queries; each lane has its own.
const QUERY_CONNECTIONS: u32 = 8;

/// How a service is run.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// The expected number of lanes; `None` for the existing number, initially one.
    pub lanes: Option<u8>,
    /// Row memory of its lanes together, in bytes.
    pub memory: usize,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self { lanes: None, memory: 64 * 1024 * 1024 }
    }
}

/// Runs a service; it returns only on an error. Stop it by dropping the future: the next owner of a lane completes its work.
///
/// # Errors
/// When `dsn` cannot be parsed or the NATS connection is closed for good.
pub async fn run(service: Service, nats: Nats, dsn: &str, health: Health, settings: RunConfig) -> Result<()> {
    let Service { name, reads, write_side, effects, answers, .. } = service;
    let pool = database::pool(dsn, &database::search_path(name), QUERY_CONNECTIONS)?;
    let context = Context::new(pool.clone(), nats.clone());
    let performing = Performing { service: name, nats: nats.clone(), health: health.clone() };
    let mut effects: JoinSet<_> = effects.iter().map(|effect| (effect.run)(performing.clone())).collect();
    let sampling = tokio::spawn(lag::sample(nats.clone(), pool, name, reads));
    let _stop_sampling_with_us = AbortOnDrop(sampling.abort_handle());
    let RunConfig { lanes, memory } = settings;
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
