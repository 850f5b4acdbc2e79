//! Owning a lane: the session that holds its lock, and the fence in the streams.

use rustc_hash::FxHashSet;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Fence, OwnedPosition, Publisher,
    gather::Gathered,
    history, look,
    outbox::{Outgoing, Target},
    position::Reached,
    refuse_another,
    session::Session,
    store,
    tail::{Own, Tail},
    which::Lane,
};
use crate::{
    broker::{Nats, streams},
    failpoint::failpoint,
    failure::Failure,
    sql::database,
};

/// The one owner of a lane.
pub(crate) struct Owner {
    pub session: Session,
    pub nats: Nats,
    pub lane: Lane,
    pub publisher: Publisher,
    pub position: OwnedPosition,
    /// Own events in `EVENTS` that the tables lack, until [`catch_up`](super::catch_up::catch_up) has folded them.
    pub lost: Vec<Own>,
    /// Whoever was erased, once [`erasure::catch_up`](super::erasure::catch_up) has looked.
    pub erased: FxHashSet<Uuid>,
    /// Notes for operators on what was found.
    pub notes: Vec<String>,
    /// Outbox rows up to this id are gone.
    deleted: i64,
    pub next_outbox_id: i64,
    /// Commands up to here are purged from their stream.
    purged: u64,
}

impl Owner {
    /// Takes over the lane with a connection that holds its lock: publishes an epoch marker, so that the broker refuses an
    /// earlier owner's publishes, then publishes what is in the outbox but not in the streams.
    pub(crate) async fn take(mut connection: PgConnection, nats: Nats, lane: Lane) -> Result<Self, Failure> {
        if !nats.syncs_each_write() {
            store::commit_late(&mut connection).await?;
        }
        let mut session = Session::new(connection);
        let stream = streams::state(&nats, "EVENTS").await.map_err(Failure::Unavailable)?;
        let commands = streams::state(&nats, &streams::commands(lane.service)).await.map_err(Failure::Unavailable)?;
        let position = store::position(&mut session.connection, lane, &stream, &commands).await?;
        let has_erased = store::has_erased(&mut session.connection).await?;
        refuse_another(&nats, &position, &stream, has_erased).await?;
        // What erasures have removed is counted by `plyo verify --deep`.
        let notes = if has_erased { Vec::new() } else { history::missing(&stream).into_iter().collect() };
        let fence = Fence::put_up(&nats, lane).await?;
        failpoint!("epoch-marker");
        let (last_outbox_id, unpublished) = store::outbox(&mut session.connection, lane).await?;
        let Tail { published, lost } = look(&mut session, &nats, &fence, &position, &unpublished).await?;
        failpoint!("tail");
        let mut owner = Self {
            publisher: Publisher::new(nats.clone(), fence, stream.replicas),
            session,
            nats,
            lane,
            position: OwnedPosition::new(position),
            lost,
            erased: FxHashSet::default(),
            notes,
            deleted: 0,
            next_outbox_id: last_outbox_id + 1,
            purged: 0,
        };
        if !owner.lost.is_empty() {
            // Later messages were published after the outbox: none of them is missing.
            owner.publisher.published = last_outbox_id;
            return Ok(owner);
        }
        if !unpublished.is_empty() {
            let is_there = |message: &Outgoing| {
                message.target == Target::Events && message.id().is_some_and(|id| published.contains(&id))
            };
            let missing = unpublished.into_iter().filter(|message| !is_there(message)).collect();
            owner.publisher.start(last_outbox_id, missing);
            owner.publisher.confirm(&mut owner.session.connection).await?;
        }
        owner.write_position().await?;
        Ok(owner)
    }

    /// The lane's position after this batch: the last sequences of `EVENTS` and of the command stream.
    pub(super) fn reached(&self, gathered: &Gathered) -> Reached {
        gathered.reached(self.position.now.reached())
    }

    /// Records skipped messages: the position is written with the next batch, or when the lane is idle.
    pub(super) fn skipped(&mut self, gathered: &Gathered) {
        let reached = self.reached(gathered);
        self.position.advance(reached);
    }

    /// Records what a commit wrote.
    pub(super) fn committed(&mut self, gathered: &Gathered, outbox: &[Outgoing]) {
        let reached = self.reached(gathered);
        self.position.committed(reached);
        self.deleted = self.publisher.published;
        self.session.contacted();
        self.next_outbox_id += i64::from(!outbox.is_empty());
    }

    /// Whether the tables lack, or soon will lack, a position.
    pub(super) fn is_dirty(&self) -> bool {
        !self.position.is_saved() || self.publisher.published > self.deleted || self.publisher.is_under_way()
    }

    /// When idle: writes the position, or keeps the session alive.
    pub(crate) async fn idle(&mut self) -> Result<(), Failure> {
        self.publisher.confirm(&mut self.session.connection).await?;
        self.session.contacted();
        if self.is_dirty() { self.write_position().await } else { database::ping(&mut self.session.connection).await }
    }

    /// Purges commands that every lane of the service has handled.
    pub(super) async fn purge_commands(&mut self) -> Result<(), Failure> {
        // What a command caused is in the streams before the command is purged.
        self.publisher.confirm(&mut self.session.connection).await?;
        let through = store::handled_through(&mut self.session.connection).await?;
        if through > self.purged {
            if !self.nats.syncs_each_write() {
                store::flush(&mut self.session.connection).await?;
            }
            let stream = streams::commands(self.lane.service);
            streams::purge_through(&self.nats, &stream, through).await.map_err(Failure::Unavailable)?;
            self.purged = through;
        }
        Ok(())
    }

    pub(super) async fn write_position(&mut self) -> Result<(), Failure> {
        let write = self.publisher.write(self.position.now.reached());
        store::write(&mut self.session.connection, self.lane, &write).await?;
        self.position.saved();
        self.deleted = self.publisher.published;
        Ok(())
    }
}
