//! Planted bugs, which a test enables by name (or `FAILPOINTS=bug-…=return`) to see its check fail. Each part of the loop
//! that can have one is wrapped here, and otherwise unchanged. Only with the feature `failpoints`.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use plyo_events::EventKind;
use sqlx::PgConnection;

use crate::{
    broker::{Nats, streams},
    failpoint::failpoint,
    failure::Failure,
    lane::{
        Lane, fence,
        gather::{Gathered, Source},
        history, inputs,
        outbox::Outgoing,
        position::{self, Position, Reached},
        publish, publisher, remembered,
        session::Session,
        store::Write,
        tail::{self, Tail},
    },
    reactor::Reactor,
    service::effect::{
        Performed,
        consumer::{self, Asked},
    },
    sql::Tables,
};

fn is_planted(bug: &str) -> bool {
    fail::eval(bug, |_| true).unwrap_or(false)
}

/// `bug-another-history`: the messages at the tables' positions are not checked.
pub(crate) async fn refuse_another(
    nats: &Nats,
    position: &Position,
    stream: &streams::State,
    has_erased: bool,
) -> Result<(), Failure> {
    if is_planted("bug-another-history") {
        let unknown = Position { applied_at: None, confirmed_id: None, ..position.clone() };
        return history::refuse_another(nats, &unknown, stream, has_erased).await;
    }
    history::refuse_another(nats, position, stream, has_erased).await
}

/// `bug-no-tail`: already published events are ignored. `bug-no-catch-up`: events missing from the tables are skipped.
pub(crate) async fn look(
    session: &mut Session,
    nats: &Nats,
    fence: &fence::Fence,
    position: &Position,
    outbox: &[Outgoing],
) -> Result<Tail, Failure> {
    if is_planted("bug-no-tail") {
        return Ok(Tail::default());
    }
    let mut tail = tail::look(session, nats, fence, position, outbox).await?;
    if is_planted("bug-no-catch-up") {
        tail.lost.clear();
    }
    Ok(tail)
}

#[derive(Clone, Debug)]
pub(crate) struct Fence(fence::Fence);

impl Fence {
    pub(crate) async fn put_up(nats: &Nats, lane: Lane) -> Result<Self, Failure> {
        fence::Fence::put_up(nats, lane).await.map(Self)
    }

    /// `bug-no-fence`: the broker accepts what an earlier owner sends.
    pub(crate) fn stamp(&self, message: &mut Outgoing) {
        if !is_planted("bug-no-fence") {
            self.0.stamp(message);
        }
    }
}

pub(crate) struct OwnedPosition(position::OwnedPosition);

/// `bug-position-outside`: the transaction that changes the tables does not change the position.
impl OwnedPosition {
    pub(crate) const fn new(now: Position) -> Self {
        Self(position::OwnedPosition::new(now))
    }

    pub(crate) fn to_commit(&self, reached: Reached) -> Reached {
        if is_planted("bug-position-outside") { self.written } else { self.0.to_commit(reached) }
    }

    pub(crate) fn committed(&mut self, reached: Reached) {
        if is_planted("bug-position-outside") { self.advance(reached) } else { self.0.committed(reached) }
    }
}

pub(crate) struct Inputs {
    sound: inputs::Inputs,
    nats: Nats,
    commands: String,
}

impl Inputs {
    pub(crate) async fn open(
        nats: &Nats,
        lane: Lane,
        position: &Position,
        reads: &[EventKind],
    ) -> Result<Self, Failure> {
        let sound = inputs::Inputs::open(nats, lane, position, reads).await?;
        Ok(Self { sound, nats: nats.clone(), commands: streams::commands(lane.service) })
    }

    /// `bug-purge-before-commit`: commands are purged whose transaction may never commit.
    pub(crate) async fn gather<R: Reactor>(&mut self, patience: Duration) -> Result<Gathered, Failure> {
        let gathered = self.sound.gather::<R>(patience).await?;
        if is_planted("bug-purge-before-commit")
            && let Some(last) = gathered.last(Source::Commands)
        {
            streams::purge_through(&self.nats, &self.commands, last.sequence).await.map_err(Failure::Unavailable)?;
        }
        Ok(gathered)
    }
}

pub(crate) struct Remembered<S>(remembered::Remembered<S>);

impl<S: Tables> Remembered<S> {
    pub(crate) fn new(bound: usize) -> Self {
        Self(remembered::Remembered::new(bound))
    }

    /// `bug-memory-outlives-lane`
    pub(crate) fn forget_with_lane(&mut self) {
        if !is_planted("bug-memory-outlives-lane") {
            self.0.forget_with_lane();
        }
    }

    /// `bug-memory-kept`: memory is kept after a rollback.
    pub(crate) fn forget_with_batch(&mut self) {
        if !is_planted("bug-memory-kept") {
            self.0.forget_with_batch();
        }
    }
}

pub(crate) struct Publisher {
    sound: publisher::Publisher,
    nats: Nats,
    fence: Fence,
    mode: publish::Mode,
    /// The row whose messages were published before it was committed.
    early: i64,
}

impl Publisher {
    /// `bug-pipelined-on-replicas`: several fenced publishes are in flight to a stream that accepts one at a time.
    pub(crate) fn new(nats: Nats, fence: Fence, replicas: u64) -> Self {
        let replicas = if is_planted("bug-pipelined-on-replicas") { 1 } else { replicas };
        if is_planted("bug-no-fence") {
            // Sent messages reach the server even if the lane is dropped meanwhile.
            std::mem::forget(nats.clone());
        }
        let mode = publish::Mode::of(replicas, nats.syncs_each_write());
        Self { sound: publisher::Publisher::new(nats.clone(), fence.clone(), replicas), nats, fence, mode, early: 0 }
    }

    /// `bug-publish-before-commit`: published messages may never be committed.
    pub(crate) async fn write_with<'a>(
        &mut self,
        db: &mut PgConnection,
        reached: Reached,
        outbox_id: i64,
        outbox: &'a [Outgoing],
    ) -> Result<Write<'a>, Failure> {
        let write = self.sound.write_with(db, reached, outbox_id, outbox).await?;
        if is_planted("bug-publish-before-commit") {
            publish::publish(&self.nats, &self.fence, self.mode, outbox.to_vec()).await?;
            self.early = outbox_id;
            failpoint!("published-early");
        }
        Ok(write)
    }

    pub(crate) fn start(&mut self, outbox_id: i64, messages: Vec<Outgoing>) {
        self.sound.start(outbox_id, if outbox_id == self.early { Vec::new() } else { messages });
    }
}

pub(crate) struct Consumer(consumer::Consumer);

impl Consumer {
    pub(crate) fn new(nats: &Nats, service: &str, effect: &str) -> Self {
        Self(consumer::Consumer::new(nats, service, effect))
    }

    /// `bug-effect-ack-before-report`: a request is acknowledged whose report may never be stored.
    pub(crate) async fn performing(&self, asked: &Asked, attempt: impl Future<Output = Performed>) -> Performed {
        let performed = self.0.performing(asked, attempt).await;
        if is_planted("bug-effect-ack-before-report") && !matches!(performed, Performed::RetryAfter(_)) {
            self.acknowledge(asked).await;
        }
        performed
    }
}

impl Deref for Fence {
    type Target = fence::Fence;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Deref for OwnedPosition {
    type Target = position::OwnedPosition;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for OwnedPosition {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<S> Deref for Remembered<S> {
    type Target = remembered::Remembered<S>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S> DerefMut for Remembered<S> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Deref for Publisher {
    type Target = publisher::Publisher;

    fn deref(&self) -> &Self::Target {
        &self.sound
    }
}

impl DerefMut for Publisher {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.sound
    }
}

impl Deref for Consumer {
    type Target = consumer::Consumer;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
