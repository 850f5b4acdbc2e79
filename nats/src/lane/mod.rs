//! The loop: take the lane, handle batches, and on any error drop the lane and take it again. There is no other recovery.

mod batch;
mod decide;
mod gather;
pub(crate) mod outbox;
pub(crate) mod owner;
mod publisher;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use owner::Owner;
use rand::RngExt as _;

use crate::{
    Nats, Reactor,
    failpoint::pass,
    health::{Health, LaneState},
    store,
};

const STAND_BY: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
/// How often old outcomes are looked for; while there are any, some are forgotten with each batch.
const PRUNING: Duration = Duration::from_secs(60);

/// What a lane runs with.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub nats: Nats,
    pub dsn: String,
    pub health: Health,
}

/// Runs the lane of `reactor` for ever; stop it by dropping the future: whatever it was doing, the next owner completes.
pub(crate) async fn run<R: Reactor>(reactor: Arc<R>, with: Surroundings) {
    let mut backoff = Duration::from_millis(100);
    loop {
        let mut worked = false;
        let Err(error) = own(&*reactor, &with, &mut worked).await;
        let reason = format!("{error:#}");
        tracing::warn!(service = R::NAME, reason, "dropped the lane");
        with.health.set(LaneState::Failed { reason });
        backoff = if worked { Duration::from_millis(100) } else { (backoff * 2).min(LONGEST_BACKOFF) };
        let jitter = rand::rng().random_range(0.5..1.5);
        tokio::time::sleep(backoff.mul_f64(jitter)).await;
    }
}

async fn own<R: Reactor>(reactor: &R, with: &Surroundings, worked: &mut bool) -> Result<std::convert::Infallible> {
    let mut connection = owner::connect(&with.dsn, R::NAME).await?;
    while !store::try_lock(&mut connection, R::NAME).await? {
        with.health.set(LaneState::StandingBy);
        tokio::time::sleep(STAND_BY).await;
    }
    pass!("lock");
    let mut owner = Owner::take(connection, with.nats.that_ends().await?, R::NAME).await?;
    let mut inputs = owner.inputs(R::READS).await?;
    with.health.set(LaneState::Owning);
    tracing::info!(service = R::NAME, applied = owner.applied, "owns the lane");
    let mut pruned = tokio::time::Instant::now();
    loop {
        let patience = Duration::from_millis(if owner.is_dirty() { 200 } else { 3_000 });
        let gathered = inputs.gather::<R>(patience).await?;
        if pruned.elapsed() > PRUNING && store::prune_handled(&mut owner.connection).await? == 0 {
            pruned = tokio::time::Instant::now();
        }
        if gathered.is_empty() {
            owner.idle().await?;
            continue;
        }
        pass!("pull");
        batch::handle(&mut owner, reactor, gathered).await?;
        *worked = true;
    }
}
