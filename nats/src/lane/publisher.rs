//! Publishes what a batch committed while the next one is worked on, which commits only when that is confirmed.

use std::time::Duration;

use anyhow::anyhow;
use sqlx::PgConnection;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};
use uuid::Uuid;

use super::{
    outbox::{Outgoing, Target},
    owner::Reached,
    publish::{self, Fence, Mode},
    store::Write,
};
use crate::{
    broker::Nats,
    failpoint::{pass, planted},
    failure::Failure,
    sql::database,
};

/// The session of a lane ends by itself when its process is stopped; it is pinged more often than that.
pub(super) const PING: Duration = Duration::from_secs(2);

/// At most one batch is under way; dropping it stops that.
pub(crate) struct Publisher {
    nats: Nats,
    fence: Fence,
    mode: Mode,
    /// The sequence in `EVENTS` up to which own events are known to be there, and the id of what stands there.
    pub confirmed: u64,
    confirmed_id: Option<Uuid>,
    /// Outbox rows up to this id are where they belong.
    pub published: i64,
    under_way: JoinSet<Result<Option<u64>, Failure>>,
    /// The outbox row that is under way, and the id of its last event.
    outbox_id: i64,
    last_event: Option<Uuid>,
}

impl Publisher {
    pub(super) fn new(nats: Nats, fence: Fence, mode: Mode) -> Self {
        // Every own event that an earlier owner published lies before the mark.
        let (confirmed, confirmed_id) = (fence.events, Some(fence.events_id));
        let under_way = JoinSet::new();
        Self { nats, fence, mode, confirmed, confirmed_id, published: 0, under_way, outbox_id: 0, last_event: None }
    }

    /// What a transaction writes of a lane that got so far: nothing new is to be published.
    pub(super) fn write(&self, reached: Reached) -> Write<'_> {
        let Reached { applied, applied_at, commands } = reached;
        let Self { published, confirmed, confirmed_id, .. } = *self;
        Write { published, applied, applied_at, commands, confirmed, confirmed_id, ..Write::default() }
    }

    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Publishes the messages of one outbox row. What was started before must be confirmed.
    pub(super) fn start(&mut self, outbox_id: i64, messages: Vec<Outgoing>) {
        self.outbox_id = outbox_id;
        let mut events = messages.iter().rev().filter(|message| message.target == Target::Events);
        self.last_event = events.find_map(|event| Uuid::try_parse(event.event_id()?).ok());
        if messages.is_empty() {
            self.published = outbox_id;
            return;
        }
        let (nats, fence, mode) = (self.nats.clone(), self.fence.clone(), self.mode);
        self.under_way.spawn(async move {
            pass!("before-publish");
            if planted("bug-no-fence") {
                // What is sent reaches the server, though the lane is dropped meanwhile.
                std::mem::forget(nats.clone());
            }
            let last = publish::publish(&nats, &fence, mode, messages).await;
            pass!("published");
            last.map_err(|failure| failure.context("publish"))
        });
    }

    /// Waits until what was started is published, and keeps the session of `db` alive meanwhile.
    pub(super) async fn confirm(&mut self, db: &mut PgConnection) -> Result<(), Failure> {
        let mut pings = interval_at(Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                published = self.under_way.join_next() => {
                    let Some(published) = published else { return Ok(()) };
                    let last = published.map_err(|error| Failure::Away(anyhow!(error).context("publishing")))??;
                    if let Some(last) = last.filter(|last| *last > self.confirmed) {
                        (self.confirmed, self.confirmed_id) = (last, self.last_event);
                    }
                    // Ids ascend: whatever was committed before this row is published, too.
                    self.published = self.outbox_id;
                }
                _ = pings.tick() => database::ping(db).await?,
            }
        }
    }

    /// Publishes what the next batch has not committed yet: a bug that a test plants.
    pub(super) async fn publish_at_once(&self, messages: Vec<Outgoing>) -> Result<(), Failure> {
        publish::publish(&self.nats, &self.fence, self.mode, messages).await?;
        Ok(())
    }
}
