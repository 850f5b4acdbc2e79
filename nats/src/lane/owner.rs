//! Owning a lane: one Postgres connection that holds its advisory lock, and the fence in the streams.

use std::collections::HashSet;

use plyo_events::EventKind;
use sqlx::PgConnection;
use tokio::time::Instant;

use super::{
    gather::{Gathered, Input, Inputs, Source},
    outbox::{Outgoing, Target},
    publish::{Fence, Mode},
    publisher::{PING, Publisher},
    which::Lane,
};
use crate::{
    Nats, database,
    failpoint::{pass, planted},
    failure::Failure,
    reader::Reader,
    store::{self, Position, Write},
    streams, wire,
};

/// The session ends by itself when its process is stopped.
const SESSION_TIMEOUT: &str = "10s";

/// The one owner of a lane.
pub(crate) struct Owner {
    pub connection: PgConnection,
    pub nats: Nats,
    pub lane: Lane,
    pub publisher: Publisher,
    /// What the next committed batch writes as its position, and what is written of it.
    pub position: Position,
    written: (u64, u64),
    /// Outbox rows up to this id are gone.
    deleted: i64,
    pub next_outbox_id: i64,
    last_contact: Instant,
    /// Commands up to here are gone from their stream.
    purged: u64,
}

/// Opens the connection that is to hold the lock.
pub(crate) async fn connect(dsn: &str, service: &str) -> Result<PgConnection, Failure> {
    let options = database::options(dsn, &database::search_path(service)).map_err(Failure::Lost)?;
    let options = database::by_key(options).application_name(&format!("plyo {service} lane")).options([
        ("idle_session_timeout", SESSION_TIMEOUT),
        ("idle_in_transaction_session_timeout", SESSION_TIMEOUT),
        ("tcp_user_timeout", SESSION_TIMEOUT),
    ]);
    database::connect(&options).await.map_err(Failure::Away)
}

impl Owner {
    /// Takes the lane over with a connection that holds its lock: marks it, so that the broker refuses an earlier
    /// owner's publishes, then publishes what the outbox holds and the streams do not.
    pub(crate) async fn take(mut connection: PgConnection, nats: Nats, lane: Lane) -> Result<Self, Failure> {
        let stream = streams::state(&nats, "EVENTS").await.map_err(Failure::Away)?;
        let commands = streams::state(&nats, &streams::commands(lane.service)).await.map_err(Failure::Away)?;
        let position = store::position(&mut connection, lane, &stream, &commands).await?;
        refuse_foreign_stream(&position, &stream)?;
        let events = mark(&nats, lane.mark()).await?;
        let schedule = mark(&nats, lane.schedule_mark()).await?;
        pass!("mark");
        let (last_outbox_id, unpublished) = store::outbox(&mut connection, lane).await?;
        let replicas = if planted("bug-pipelined-on-replicas") { 1 } else { stream.replicas };
        let mode = Mode::of(replicas, nats.syncs_each_write());
        let publisher = Publisher::new(nats.clone(), Fence { lane, events, schedule }, mode);
        let confirmed = position.confirmed;
        let mut owner = Self {
            connection,
            nats,
            lane,
            publisher,
            written: (position.applied, position.commands),
            position,
            deleted: 0,
            next_outbox_id: last_outbox_id + 1,
            last_contact: Instant::now(),
            purged: 0,
        };
        if !unpublished.is_empty() {
            let there = owner.own_events_after(confirmed).await?;
            pass!("tail");
            let missing = unpublished.into_iter().filter(|message| !is_there(message, &there)).collect();
            owner.publisher.start(last_outbox_id, missing);
            owner.publisher.confirm(&mut owner.connection).await?;
        }
        owner.write_position().await?;
        Ok(owner)
    }

    /// Up to where the events of a partition are applied: another lane may have been further once.
    pub(crate) fn applied(&self, partition: u8) -> u64 {
        let ahead = self.position.events_ahead.get(usize::from(partition));
        ahead.copied().unwrap_or(0).max(self.position.applied)
    }

    /// Up to where the commands of a partition are handled.
    pub(crate) fn handled(&self, partition: u8) -> u64 {
        let ahead = self.position.commands_ahead.get(usize::from(partition));
        ahead.copied().unwrap_or(0).max(self.position.commands)
    }

    /// Both consumers of the lane, made anew: the position is ours, not theirs.
    pub(super) async fn inputs(&self, reads: &[EventKind]) -> Result<Inputs, Failure> {
        let (name, commands) = (self.lane.consumer(), streams::commands(self.lane.service));
        for stream in ["EVENTS", &commands] {
            streams::delete_consumer(&self.nats, stream, &name).await.map_err(Failure::Away)?;
        }
        let Position { applied, commands: handled, .. } = self.position;
        let of_events = streams::lane_consumer(&name, &self.lane.event_filter(reads), applied + 1);
        let of_commands = streams::lane_consumer(&name, &self.lane.command_filter(), handled + 1);
        Ok(Inputs::new(
            self.lane,
            Input {
                reader: Reader::create(&self.nats, "EVENTS", of_events).await?,
                ahead: self.position.events_ahead.clone(),
            },
            Input {
                reader: Reader::create(&self.nats, &commands, of_commands).await?,
                ahead: self.position.commands_ahead.clone(),
            },
        ))
    }

    /// Where the lane stands once this batch is committed: the last sequences of `EVENTS` and of the command stream.
    pub(super) fn position_after(&self, gathered: &Gathered) -> (u64, u64) {
        if planted("bug-position-outside") {
            return self.written;
        }
        (
            gathered.last(Source::Events).unwrap_or(self.position.applied),
            gathered.last(Source::Commands).unwrap_or(self.position.commands),
        )
    }

    /// Notes what was skipped: it is written with the next batch, or when the lane is idle.
    pub(super) fn skipped(&mut self, gathered: &Gathered) {
        self.position.applied = gathered.last(Source::Events).unwrap_or(self.position.applied);
        self.position.commands = gathered.last(Source::Commands).unwrap_or(self.position.commands);
    }

    /// Notes what a commit wrote.
    pub(super) fn committed(&mut self, gathered: &Gathered, outbox: &[Outgoing]) {
        self.skipped(gathered);
        if !planted("bug-position-outside") {
            self.written = (self.position.applied, self.position.commands);
        }
        self.deleted = self.publisher.published;
        self.last_contact = Instant::now();
        self.next_outbox_id += i64::from(!outbox.is_empty());
    }

    /// Whether there is, or soon will be, something that the tables do not say yet.
    pub(super) fn is_dirty(&self) -> bool {
        (self.position.applied, self.position.commands) != self.written
            || self.publisher.published > self.deleted
            || self.publisher.is_under_way()
    }

    /// Whether the session was left alone for so long that it would end.
    pub(super) fn is_overdue(&self) -> bool {
        self.last_contact.elapsed() > PING
    }

    /// When nothing is to be done: writes what is known, or keeps the session alive.
    pub(crate) async fn idle(&mut self) -> Result<(), Failure> {
        self.publisher.confirm(&mut self.connection).await?;
        self.last_contact = Instant::now();
        if self.is_dirty() { self.write_position().await } else { database::ping(&mut self.connection).await }
    }

    /// Removes the commands that every lane of the service has handled from their stream.
    pub(super) async fn purge_commands(&mut self) -> Result<(), Failure> {
        let through = store::handled_through(&mut self.connection).await?;
        if through > self.purged {
            self.forget_commands(through).await?;
            self.purged = through;
        }
        Ok(())
    }

    pub(super) async fn forget_commands(&self, through: u64) -> Result<(), Failure> {
        let stream = streams::commands(self.lane.service);
        streams::purge_through(&self.nats, &stream, through).await.map_err(Failure::Away)
    }

    async fn write_position(&mut self) -> Result<(), Failure> {
        let Publisher { published, confirmed, .. } = self.publisher;
        let Position { applied, commands, .. } = self.position;
        let write = Write { published, applied, commands, confirmed, ..Write::default() };
        store::write(&mut self.connection, self.lane, &write).await?;
        self.written = (applied, commands);
        self.deleted = self.publisher.published;
        Ok(())
    }

    /// The ids of own events in `EVENTS` after `confirmed`: what an earlier owner managed to publish.
    async fn own_events_after(&self, confirmed: u64) -> Result<HashSet<String>, Failure> {
        let mut there = HashSet::new();
        if planted("bug-no-tail") {
            return Ok(there);
        }
        let service = self.lane.service;
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

fn is_there(message: &Outgoing, there: &HashSet<String>) -> bool {
    message.target == Target::Events && message.event_id().is_some_and(|id| there.contains(id))
}

async fn mark(nats: &Nats, subject: String) -> Result<u64, Failure> {
    let ack = nats.publish(subject.clone(), async_nats::HeaderMap::new(), bytes::Bytes::new()).await?.await;
    Ok(ack.map_err(|error| Failure::from(error).context(format!("publish the mark {subject}")))?.seq)
}

/// A lane never runs against another `EVENTS` than the one its tables are a fold of.
fn refuse_foreign_stream(position: &Position, stream: &streams::State) -> Result<(), Failure> {
    if position.events_created != stream.created {
        return Err(Failure::lost(format!(
            "EVENTS was created anew ({}; the tables know the one of {}): restore its backup, or start over with `plyo rebuild SERVICE --new-history`",
            stream.created, position.events_created
        )));
    }
    let known = position.applied.max(position.confirmed);
    if stream.last < known {
        return Err(Failure::lost(format!(
            "EVENTS ends at {} but the tables have applied {known}: restore a newer backup of EVENTS, or start over with `plyo rebuild SERVICE --new-history`",
            stream.last
        )));
    }
    Ok(())
}
