//! How far each lane is behind, sampled on a timer: also while a lane is stuck or nobody owns it. What a consumer has been
//! given says nothing of what was handled.

use std::{convert::Infallible, time::Duration};

use anyhow::{Context, Result};
use plyo_events::EventKind;
use sqlx::PgPool;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{broker::Nats, lane::progress};

const EVERY: Duration = Duration::from_secs(5);

/// Keeps `plyo_consumer_lag` true: the sequence of the last message that is for a lane, less that of the last one that it has
/// handled.
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
