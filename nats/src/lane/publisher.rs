//! Publishes what a batch committed while the next one is worked on, which commits only when that is confirmed.

use std::time::Duration;

use anyhow::anyhow;
use sqlx::PgConnection;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};

use super::{
    outbox::Outgoing,
    publish::{self, Fence, Mode},
};
use crate::{
    Nats, database,
    failpoint::{pass, planted},
    failure::Failure,
};

/// The session of a lane ends by itself when its process is stopped; it is pinged more often than that.
pub(super) const PING: Duration = Duration::from_secs(3);

/// At most one batch is under way; dropping it stops that.
pub(crate) struct Publisher {
    nats: Nats,
    fence: Fence,
    mode: Mode,
    /// The sequence in `EVENTS` up to which own events are known to be there.
    pub confirmed: u64,
    /// Outbox rows up to this id are where they belong.
    pub published: i64,
    under_way: JoinSet<Result<Option<u64>, Failure>>,
    /// The outbox row that is under way.
    outbox_id: i64,
}

impl Publisher {
    pub(super) fn new(nats: Nats, fence: Fence, mode: Mode) -> Self {
        // Every own event that an earlier owner published lies before the mark.
        let confirmed = fence.events;
        Self { nats, fence, mode, confirmed, published: 0, under_way: JoinSet::new(), outbox_id: 0 }
    }

    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Publishes the messages of one outbox row. What was started before must be confirmed.
    pub(super) fn start(&mut self, outbox_id: i64, messages: Vec<Outgoing>) {
        self.outbox_id = outbox_id;
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
                    self.confirmed = last.unwrap_or(self.confirmed).max(self.confirmed);
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
