//! Owning a lane: one Postgres connection that holds its advisory lock, and the fence in the streams.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use plyo_events::EventKind;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use super::{
    gather::{Gathered, Inputs},
    outbox::{Fence, Outgoing, Target},
    publisher::Publisher,
};
use crate::{
    Nats, database,
    failpoint::{pass, planted},
    reader::Reader,
    store::{self, Position, Write},
    streams, wire,
};

/// The session ends by itself when its process is stopped; it is pinged more often than that.
const SESSION_TIMEOUT: &str = "10s";
pub(super) const PING: Duration = Duration::from_secs(3);

/// The one owner of a lane.
pub(crate) struct Owner {
    pub connection: PgConnection,
    pub nats: Nats,
    pub service: &'static str,
    pub publisher: Publisher,
    /// What the next committed batch writes as its position, and whether that is already written.
    pub applied: u64,
    written: u64,
    /// Outbox rows up to this id are gone.
    deleted: i64,
    pub next_outbox_id: i64,
    last_contact: Instant,
}

/// Opens the connection that is to hold the lock.
pub(crate) async fn connect(dsn: &str, service: &str) -> Result<PgConnection> {
    let options = database::options(dsn, &database::search_path(service))?
        .application_name(&format!("plyo {service} lane"))
        .options([
            ("idle_session_timeout", SESSION_TIMEOUT),
            ("idle_in_transaction_session_timeout", SESSION_TIMEOUT),
            ("tcp_user_timeout", SESSION_TIMEOUT),
        ]);
    PgConnection::connect_with(&options).await.context("connect to Postgres")
}

impl Owner {
    /// Takes the lane over with a connection that holds its lock: marks it, so that the broker refuses an earlier
    /// owner's publishes, then publishes what the outbox holds and the streams do not.
    pub(crate) async fn take(mut connection: PgConnection, nats: Nats, service: &'static str) -> Result<Self> {
        let stream = streams::state(&nats, "EVENTS").await?;
        let position = store::position(&mut connection, &stream.created).await?;
        refuse_foreign_stream(&position, &stream)?;
        let events = mark(&nats, format!("mark.{service}.all")).await?;
        let schedule = mark(&nats, format!("at.mark.{service}.all")).await?;
        pass!("mark");
        let fence = Fence { service, events, schedule };
        let (last_outbox_id, unpublished) = store::outbox(&mut connection).await?;
        // Every own event that an earlier owner published lies before the mark.
        let publisher = Publisher::new(nats.clone(), fence, events);
        let mut owner = Self {
            connection,
            nats,
            service,
            publisher,
            applied: position.applied,
            written: position.applied,
            deleted: 0,
            next_outbox_id: last_outbox_id + 1,
            last_contact: Instant::now(),
        };
        if !unpublished.is_empty() {
            let there = owner.own_events_after(position.confirmed).await?;
            pass!("tail");
            let missing = unpublished.into_iter().filter(|message| !is_there(message, &there)).collect();
            owner.publisher.start(last_outbox_id, missing, Vec::new());
            owner.publisher.confirm(&mut owner.connection).await?;
        }
        owner.write_position().await?;
        Ok(owner)
    }

    /// Both consumers of the lane, made anew: the position is ours, not theirs.
    pub(super) async fn inputs(&self, reads: &[EventKind]) -> Result<Inputs> {
        let service = self.service;
        for stream in ["EVENTS", "COMMANDS"] {
            streams::delete_consumer(&self.nats, stream, &streams::lane_consumer(service)).await?;
        }
        let events = streams::events_consumer(service, reads, self.applied + 1);
        let events = Reader::create(&self.nats, "EVENTS", events).await?;
        let commands = Reader::create(&self.nats, "COMMANDS", streams::commands_consumer(service)).await?;
        Ok(Inputs::new(events, commands))
    }

    /// The last sequence of `EVENTS` that is applied once this batch is committed.
    pub(super) fn applied_after(&self, gathered: &Gathered) -> u64 {
        if planted("bug-position-outside") {
            return self.written;
        }
        gathered.applied().unwrap_or(self.applied)
    }

    /// Notes what a commit wrote.
    pub(super) fn committed(&mut self, gathered: &Gathered, outbox: &[Outgoing]) {
        self.applied = gathered.applied().unwrap_or(self.applied);
        if !planted("bug-position-outside") {
            self.written = self.applied;
        }
        self.deleted = self.publisher.published;
        self.last_contact = Instant::now();
        self.next_outbox_id += i64::from(!outbox.is_empty());
    }

    /// Whether there is, or soon will be, something that the tables do not say yet.
    pub(super) fn is_dirty(&self) -> bool {
        self.applied > self.written || self.publisher.published > self.deleted || self.publisher.is_under_way()
    }

    /// Whether the session was left alone for so long that it would end.
    pub(super) fn is_overdue(&self) -> bool {
        self.last_contact.elapsed() > PING
    }

    /// When nothing is to be done: writes what is known, or keeps the session alive.
    pub(crate) async fn idle(&mut self) -> Result<()> {
        self.publisher.confirm(&mut self.connection).await?;
        self.last_contact = Instant::now();
        if self.is_dirty() { self.write_position().await } else { store::ping(&mut self.connection).await }
    }

    async fn write_position(&mut self) -> Result<()> {
        let Publisher { published, confirmed, .. } = self.publisher;
        let write = Write { published, applied: self.applied, confirmed, ..Write::default() };
        store::write(&mut self.connection, &write).await?;
        self.written = self.applied;
        self.deleted = self.publisher.published;
        Ok(())
    }

    /// The ids of own events in `EVENTS` after `confirmed`: what an earlier owner managed to publish.
    async fn own_events_after(&self, confirmed: u64) -> Result<std::collections::HashSet<String>> {
        let mut there = std::collections::HashSet::new();
        if planted("bug-no-tail") {
            return Ok(there);
        }
        let service = self.service;
        let config = streams::tail_consumer(service, &format!("evt.*.{service}.>"), confirmed + 1);
        let mut reader = Reader::create(&self.nats, "EVENTS", config).await?;
        let mut pending = reader.pending_at_start;
        while pending > 0 {
            let received = reader.next().await?;
            pending = received.pending;
            there.extend(wire::text(&received.headers, wire::CE_ID).map(str::to_owned));
        }
        Ok(there)
    }
}

fn is_there(message: &Outgoing, there: &std::collections::HashSet<String>) -> bool {
    message.target == Target::Events && message.event_id().is_some_and(|id| there.contains(id))
}

async fn mark(nats: &Nats, subject: String) -> Result<u64> {
    let ack = nats.publish(subject.clone(), async_nats::HeaderMap::new(), bytes::Bytes::new()).await?.await;
    Ok(ack.with_context(|| format!("publish the mark {subject}"))?.seq)
}

/// A lane never runs against another `EVENTS` than the one its tables are a fold of.
fn refuse_foreign_stream(position: &Position, stream: &streams::State) -> Result<()> {
    if position.events_created != stream.created {
        bail!(
            "EVENTS was created anew ({}; the tables know the one of {}): restore its backup, or start over with `plyo rebuild SERVICE --new-history`",
            stream.created,
            position.events_created
        );
    }
    let known = position.applied.max(position.confirmed);
    ensure!(
        stream.last >= known,
        "EVENTS ends at {} but the tables have applied {known}: restore a newer backup of EVENTS, or start over with `plyo rebuild SERVICE --new-history`",
        stream.last
    );
    Ok(())
}
