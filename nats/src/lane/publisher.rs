//! Publishes a committed batch during the next one, which commits only when that is confirmed.

use anyhow::anyhow;
use sqlx::PgConnection;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};
use uuid::Uuid;

use super::{
    Fence,
    outbox::{Outgoing, Target},
    position::Reached,
    publish::{self, Mode},
    session::PING_INTERVAL,
    store::Write,
};
use crate::{broker::Nats, failpoint::failpoint, failure::Failure, sql::database};

/// At most one batch is in flight; dropping this stops it.
pub(crate) struct Publisher {
    nats: Nats,
    fence: Fence,
    mode: Mode,
    /// The sequence in `EVENTS` up to which own events are confirmed, and the id of the event there.
    pub confirmed: u64,
    confirmed_id: Option<Uuid>,
    /// Outbox rows up to this id are published.
    pub published: i64,
    under_way: JoinSet<Result<Option<u64>, Failure>>,
    /// The outbox row in flight, and the id of its last event.
    outbox_id: i64,
    last_event: Option<Uuid>,
}

impl Publisher {
    /// For streams with `replicas`.
    pub(crate) fn new(nats: Nats, fence: Fence, replicas: u64) -> Self {
        let mode = Mode::of(replicas, nats.syncs_each_write());
        // Every own event of an earlier owner is before the epoch marker.
        let (confirmed, confirmed_id) = (fence.events, Some(fence.events_id));
        let under_way = JoinSet::new();
        Self { nats, fence, mode, confirmed, confirmed_id, published: 0, under_way, outbox_id: 0, last_event: None }
    }

    /// What a transaction writes for a lane at this position, with nothing new to publish.
    pub(super) fn write<'a>(&self, reached: Reached) -> Write<'a> {
        let Reached { applied, applied_at, commands } = reached;
        let Self { published, confirmed, confirmed_id, .. } = *self;
        Write { published, applied, applied_at, commands, confirmed, confirmed_id, ..Write::default() }
    }

    /// What the transaction of a batch writes, with its outbox, once the previous row is confirmed.
    pub(crate) async fn write_with<'a>(
        &mut self,
        db: &mut PgConnection,
        reached: Reached,
        outbox_id: i64,
        outbox: &'a [Outgoing],
    ) -> Result<Write<'a>, Failure> {
        self.confirm(db).await?;
        Ok(Write { outbox_id, outbox, ..self.write(reached) })
    }

    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Publishes the messages of one outbox row. The previous row must be confirmed.
    pub(crate) fn start(&mut self, outbox_id: i64, messages: Vec<Outgoing>) {
        self.outbox_id = outbox_id;
        let mut events = messages.iter().rev().filter(|message| message.target == Target::Events);
        self.last_event = events.find_map(Outgoing::id);
        if messages.is_empty() {
            self.published = outbox_id;
            return;
        }
        let (nats, fence, mode) = (self.nats.clone(), self.fence.clone(), self.mode);
        self.under_way.spawn(async move {
            failpoint!("before-publish");
            let last = publish::publish(&nats, &fence, mode, messages).await;
            failpoint!("published");
            last.map_err(|failure| failure.context("publish"))
        });
    }

    /// Waits until the row in flight is published, keeping the session of `db` alive.
    pub(super) async fn confirm(&mut self, db: &mut PgConnection) -> Result<(), Failure> {
        let mut pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                published = self.under_way.join_next() => {
                    let Some(published) = published else { return Ok(()) };
                    let last = published.map_err(|error| Failure::Unavailable(anyhow!(error).context("publishing")))??;
                    if let Some(last) = last.filter(|last| *last > self.confirmed) {
                        (self.confirmed, self.confirmed_id) = (last, self.last_event);
                    }
                    // Ids ascend: all earlier rows are published, too.
                    self.published = self.outbox_id;
                }
                _ = pings.tick() => database::ping(db).await?,
            }
        }
    }
}
