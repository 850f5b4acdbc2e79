//! The lag of each lane, sampled on a timer, also while a lane is stuck or has no owner. A consumer's delivered messages
//! say nothing about handled ones.

use std::{convert::Infallible, time::Duration};

use anyhow::{Context, Result};
use plyo_events::EventKind;
use sqlx::PgPool;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{broker::Nats, lane::progress};

const EVERY: Duration = Duration::from_secs(5);

/// Keeps `plyo_consumer_lag` up to date: the sequence of the last message for a lane minus that of the last handled one.
pub(crate) async fn sample(nats: Nats, pool: PgPool, service: &'static str, reads: &'static [EventKind]) -> Infallible {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let sampled = timeout(EVERY, gauge(&nats, &pool, service, reads)).await.context("timed out");
        if let Err(error) = sampled.and_then(|sampled| sampled) {
            tracing::debug!(service, error = format!("{error:#}"), "cannot measure the lag");
        }
    }
}

async fn gauge(nats: &Nats, pool: &PgPool, service: &'static str, reads: &[EventKind]) -> Result<()> {
    let mut db = pool.acquire().await?;
    for behind in progress::behind(nats, &mut db, service, reads).await? {
        for (stream, lag) in [("EVENTS", behind.events), ("COMMANDS", behind.commands)] {
            let lane = behind.lane.label();
            metrics::gauge!("plyo_consumer_lag", "service" => service, "lane" => lane, "stream" => stream)
                .set(lag as f64);
        }
    }
    Ok(())
}
