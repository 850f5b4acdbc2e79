//! The loop: take the lane, handle batches, and on any error drop the lane and take it again. There is no other recovery.

pub(crate) mod batch;
pub(crate) mod catch_up;
mod decide;
pub(crate) mod erasure;
pub(crate) mod fence;
pub(crate) mod gather;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod inputs;
pub(crate) mod lag;
pub(crate) mod letter;
pub(crate) mod outbox;
pub(crate) mod owner;
pub(crate) mod position;
pub mod progress;
pub(crate) mod publish;
pub(crate) mod publisher;
pub(crate) mod remembered;
pub(crate) mod session;
mod spans;
pub(crate) mod step;
pub(crate) mod store;
pub(crate) mod tail;
mod which;

use std::{convert::Infallible, sync::Arc, time::Duration};

use owner::Owner;
use rand::RngExt as _;
use tokio::{task::JoinSet, time::Instant};
pub use which::{Lane, check_count};

// A test can plant a bug in each of these.
#[cfg(not(feature = "failpoints"))]
use self::{
    fence::Fence, history::refuse_another, inputs::Inputs, position::OwnedPosition, publisher::Publisher,
    remembered::Remembered, tail::look,
};
#[cfg(feature = "failpoints")]
use crate::planted::{Fence, Inputs, OwnedPosition, Publisher, Remembered, look, refuse_another};
use crate::{
    broker::Nats,
    failpoint::failpoint,
    failure::Failure,
    health::{Health, LaneState},
    reactor::Reactor,
    sql::database::in_time,
};

const STAND_BY: Duration = Duration::from_secs(1);
const SHORTEST_BACKOFF: Duration = Duration::from_millis(100);
/// Together with the timeout of a connect, less than the five seconds within which a lane must be owned again.
const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// How often to look for old outcomes; while there are any, each batch prunes some.
const PRUNING: Duration = Duration::from_secs(60);
/// How often handled commands are purged from their stream.
const PURGING: Duration = Duration::from_secs(5);

/// What the lanes of a service run with.
#[derive(Clone)]
pub(crate) struct Config {
    pub nats: Nats,
    pub dsn: String,
    pub health: Health,
    /// The expected number of lanes; `None` for the existing number.
    pub lanes: Option<u8>,
    /// Row memory of the service's lanes together, in bytes.
    pub memory: usize,
}

/// Idle time before the last position is written, and before a keep-alive.
const QUIET: Duration = Duration::from_millis(50);
const IDLE: Duration = Duration::from_secs(2);

/// Runs the lanes of `reactor` for ever; stop them by dropping the future: the next owners complete their work.
pub(crate) async fn run<R: Reactor>(reactor: Arc<R>, config: Config) -> Infallible {
    loop {
        match lanes::<R>(&config).await {
            Ok(lanes) => {
                config.health.begin(lanes.len());
                let mut running = JoinSet::new();
                for lane in lanes {
                    running.spawn(run_lane(Arc::clone(&reactor), config.clone(), lane));
                }
                // One that ends has found another number of lanes.
                running.join_next().await;
            }
            Err(failure) => {
                config.health.begin(1);
                config.health.set(0, LaneState::Failed { reason: failure.to_string() });
                tracing::warn!(service = R::NAME, reason = %failure, "cannot read the lanes");
                tokio::time::sleep(STAND_BY).await;
            }
        }
    }
}

async fn lanes<R: Reactor>(config: &Config) -> Result<Vec<Lane>, Failure> {
    let mut connection = session::connect(&config.dsn, R::NAME).await?;
    in_time("read the lanes", async {
        store::lanes(&mut connection, R::NAME, config.lanes).await.map_err(Failure::Lost)
    })
    .await
}

async fn run_lane<R: Reactor>(reactor: Arc<R>, config: Config, lane: Lane) {
    let mut backoff = SHORTEST_BACKOFF;
    let mut remembered = Remembered::new(config.memory / usize::from(lane.count()));
    loop {
        let mut worked = false;
        remembered.forget_with_lane();
        let failure = match own(&*reactor, &config, lane, &mut remembered, &mut worked).await {
            Ok(Ended::OtherLanes) => return,
            Err(failure) => failure,
        };
        let reason = failure.to_string();
        tracing::warn!(service = R::NAME, lane = lane.index, reason, "released the lane");
        config.health.set(lane.index, LaneState::Failed { reason });
        backoff = if worked { SHORTEST_BACKOFF } else { (backoff * 2).min(MAX_BACKOFF) };
        let jitter = rand::rng().random_range(0.5..1.5);
        tokio::time::sleep(backoff.mul_f64(jitter)).await;
    }
}

/// Why a lane is no longer worked on, other than a failure.
enum Ended {
    /// The service now has another number of lanes.
    OtherLanes,
}

async fn own<R: Reactor>(
    reactor: &R,
    config: &Config,
    lane: Lane,
    remembered: &mut Remembered<R::State>,
    worked: &mut bool,
) -> Result<Ended, Failure> {
    let mut connection = session::connect(&config.dsn, R::NAME).await?;
    while !store::try_lock(&mut connection, lane).await? {
        config.health.set(lane.index, LaneState::StandingBy);
        tokio::time::sleep(STAND_BY).await;
    }
    failpoint!("lock");
    let locked = Instant::now();
    let there =
        in_time("count the lanes", async { store::count_lanes(&mut connection).await.map_err(Failure::Unavailable) });
    if there.await? != lane.count() {
        return Ok(Ended::OtherLanes);
    }
    let nats = config.nats.without_reconnecting().await.map_err(Failure::Unavailable)?;
    let mut owner = Owner::take(connection, nats, lane).await?;
    let mut notes = std::mem::take(&mut owner.notes);
    notes.extend(catch_up::catch_up(&mut owner, reactor).await?);
    erasure::catch_up::<R>(&mut owner).await?;
    let mut inputs = Inputs::open(&owner.nats, lane, &owner.position.now, R::READS).await?;
    config.health.set(lane.index, LaneState::Owning { notes });
    let (index, position::Reached { applied, commands, .. }) = (lane.index, owner.position.now.reached());
    let took_ms = locked.elapsed().as_millis() as u64;
    tracing::info!(service = R::NAME, lane = index, applied, commands, took_ms, "owns the lane");
    let (mut pruned, mut purged) = (Instant::now(), Instant::now());
    loop {
        let patience = if owner.is_dirty() { QUIET } else { IDLE };
        let gathered = inputs.gather::<R>(patience).await?;
        if pruned.elapsed() > PRUNING && store::prune_handled(&mut owner.session.connection).await? == 0 {
            pruned = Instant::now();
        }
        if gathered.is_empty() {
            owner.idle().await?;
        } else {
            failpoint!("pull");
            batch::handle(&mut owner, reactor, remembered, gathered).await?;
            *worked = true;
        }
        if purged.elapsed() > PURGING {
            owner.purge_commands().await?;
            purged = Instant::now();
        }
    }
}
