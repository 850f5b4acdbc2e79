//! Publishes what a batch committed while the next one is worked on, which commits only when that is confirmed.

use anyhow::{Context, Result};
use sqlx::PgConnection;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};

use super::{
    outbox::{self, Fence, Outgoing},
    owner::PING,
};
use crate::{
    Nats,
    failpoint::{pass, planted},
    store,
};

/// At most one batch is under way; dropping it stops that.
pub(crate) struct Publisher {
    nats: Nats,
    fence: Fence,
    /// The sequence in `EVENTS` up to which own events are known to be there.
    pub confirmed: u64,
    /// Outbox rows up to this id are where they belong.
    pub published: i64,
    under_way: JoinSet<Result<Option<u64>>>,
    /// The outbox row that is under way.
    outbox_id: i64,
}

impl Publisher {
    pub(super) fn new(nats: Nats, fence: Fence, confirmed: u64) -> Self {
        Self { nats, fence, confirmed, published: 0, under_way: JoinSet::new(), outbox_id: 0 }
    }

    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Publishes the messages of one outbox row, then acknowledges the commands that they come from. What was started before
    /// must be confirmed.
    pub(super) fn start(&mut self, outbox_id: i64, messages: Vec<Outgoing>, commands: Vec<String>) {
        self.outbox_id = outbox_id;
        if messages.is_empty() && commands.is_empty() {
            self.published = outbox_id;
            return;
        }
        let (nats, fence) = (self.nats.clone(), self.fence.clone());
        self.under_way.spawn(async move {
            pass!("before-publish");
            if planted("bug-no-fence") {
                // What is sent reaches the server, though the lane is dropped meanwhile.
                std::mem::forget(nats.clone());
            }
            let last = outbox::publish(&nats, &fence, messages).await.context("publish")?;
            pass!("before-ack");
            acknowledge(&nats, commands).await?;
            pass!("after-ack");
            Ok(last)
        });
    }

    /// Waits until what was started is published, and keeps the session of `db` alive meanwhile.
    pub(super) async fn confirm(&mut self, db: &mut PgConnection) -> Result<()> {
        let mut pings = interval_at(Instant::now() + PING, PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                published = self.under_way.join_next() => {
                    let Some(published) = published else { return Ok(()) };
                    let last = published.context("publishing")??;
                    self.confirmed = last.unwrap_or(self.confirmed).max(self.confirmed);
                    // Ids ascend: whatever was committed before this row is published, too.
                    self.published = self.outbox_id;
                }
                _ = pings.tick() => store::ping(db).await?,
            }
        }
    }

    /// Publishes what the next batch has not committed yet: a bug that a test plants.
    pub(super) async fn publish_at_once(&self, messages: Vec<Outgoing>) -> Result<()> {
        outbox::publish(&self.nats, &self.fence, messages).await?;
        Ok(())
    }
}

/// Tells the work queue that its messages are done; one that is lost comes again and is recognised.
pub(super) async fn acknowledge(nats: &Nats, commands: Vec<String>) -> Result<()> {
    for reply in commands {
        nats.client().publish(reply, "+ACK".into()).await?;
    }
    Ok(())
}
