//! Owning a lane: one Postgres connection that holds its advisory lock, and the fence in the streams.

use std::collections::HashSet;

use jiff::Timestamp;
use plyo_events::EventKind;
use sqlx::PgConnection;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    catch_up::{self, Own},
    gather::{Gathered, Input, Inputs, Source},
    history,
    outbox::{Outgoing, Target},
    publish::{Fence, Mode},
    publisher::{PING, Publisher},
    store::{self, Position},
    which::Lane,
};
use crate::{
    broker::{Nats, reader::Reader, streams, wire},
    failpoint::{pass, planted},
    failure::Failure,
    sql::database,
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
    written: Reached,
    /// Own events in `EVENTS` that the tables lack, until [`catch_up`](super::catch_up::catch_up) has folded them.
    pub lost: Vec<Own>,
    /// What an operator should know of what was found.
    pub notes: Vec<String>,
    /// Outbox rows up to this id are gone.
    deleted: i64,
    pub next_outbox_id: i64,
    last_contact: Instant,
    /// Commands up to here are gone from their stream.
    purged: u64,
}

/// How far a lane got, or will have once a batch is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    pub applied: u64,
    pub applied_at: Option<Timestamp>,
    pub commands: u64,
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
        if !nats.syncs_each_write() {
            store::commit_late(&mut connection).await?;
        }
        let stream = streams::state(&nats, "EVENTS").await.map_err(Failure::Away)?;
        let commands = streams::state(&nats, &streams::commands(lane.service)).await.map_err(Failure::Away)?;
        let position = store::position(&mut connection, lane, &stream, &commands).await?;
        history::refuse_another(&nats, &position, &stream).await?;
        let notes = history::missing(&stream).into_iter().collect();
        let events_id = Uuid::new_v4();
        let events = mark(&nats, lane.mark(), events_id).await?;
        let schedule = mark(&nats, lane.schedule_mark(), events_id).await?;
        pass!("mark");
        let (last_outbox_id, unpublished) = store::outbox(&mut connection, lane).await?;
        let replicas = if planted("bug-pipelined-on-replicas") { 1 } else { stream.replicas };
        let mode = Mode::of(replicas, nats.syncs_each_write());
        let publisher = Publisher::new(nats.clone(), Fence { lane, events, events_id, schedule }, mode);
        let mut owner = Self {
            connection,
            nats,
            lane,
            publisher,
            written: Reached::of(&position),
            position,
            lost: Vec::new(),
            notes,
            deleted: 0,
            next_outbox_id: last_outbox_id + 1,
            last_contact: Instant::now(),
            purged: 0,
        };
        let mut there = Vec::new();
        if !planted("bug-no-tail") {
            there = catch_up::own_events(&mut owner, events).await?;
        }
        pass!("tail");
        let ids = |message: &Outgoing| message.event_id().and_then(|id| Uuid::try_parse(id).ok());
        let known: HashSet<Uuid> = unpublished.iter().filter_map(ids).collect();
        let (published, lost): (Vec<Own>, Vec<Own>) = there.into_iter().partition(|own| known.contains(&own.id));
        if !lost.is_empty() && !planted("bug-no-catch-up") {
            // What came after the outbox was published after it: nothing of it is missing.
            owner.publisher.published = last_outbox_id;
            owner.lost = lost;
            return Ok(owner);
        }
        if !unpublished.is_empty() {
            let there: HashSet<Uuid> = published.iter().map(|own| own.id).collect();
            let missing = unpublished.into_iter().filter(|message| {
                message.target != Target::Events || ids(message).is_none_or(|id| !there.contains(&id))
            });
            owner.publisher.start(last_outbox_id, missing.collect());
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
    pub(super) fn position_after(&self, gathered: &Gathered) -> Reached {
        if planted("bug-position-outside") { self.written } else { self.reached(gathered) }
    }

    fn reached(&self, gathered: &Gathered) -> Reached {
        let mut reached = Reached::of(&self.position);
        if let Some(event) = gathered.last(Source::Events) {
            (reached.applied, reached.applied_at) = (event.sequence, Some(event.time));
        }
        if let Some(command) = gathered.last(Source::Commands) {
            reached.commands = command.sequence;
        }
        reached
    }

    /// Notes what was skipped: it is written with the next batch, or when the lane is idle.
    pub(super) fn skipped(&mut self, gathered: &Gathered) {
        let Reached { applied, applied_at, commands } = self.reached(gathered);
        let position = &mut self.position;
        (position.applied, position.applied_at, position.commands) = (applied, applied_at, commands);
    }

    /// Notes what a commit wrote.
    pub(super) fn committed(&mut self, gathered: &Gathered, outbox: &[Outgoing]) {
        self.skipped(gathered);
        if !planted("bug-position-outside") {
            self.written = Reached::of(&self.position);
        }
        self.deleted = self.publisher.published;
        self.last_contact = Instant::now();
        self.next_outbox_id += i64::from(!outbox.is_empty());
    }

    /// Whether there is, or soon will be, something that the tables do not say yet.
    pub(super) fn is_dirty(&self) -> bool {
        Reached::of(&self.position) != self.written
            || self.publisher.published > self.deleted
            || self.publisher.is_under_way()
    }

    /// Whether the session was left alone for so long that it would end.
    pub(super) fn is_overdue(&self) -> bool {
        self.last_contact.elapsed() > PING
    }

    /// During long work that does not need the session: it would end.
    pub(super) async fn keep_alive(&mut self) -> Result<(), Failure> {
        if self.is_overdue() {
            database::ping(&mut self.connection).await?;
            self.last_contact = Instant::now();
        }
        Ok(())
    }

    /// When nothing is to be done: writes what is known, or keeps the session alive.
    pub(crate) async fn idle(&mut self) -> Result<(), Failure> {
        self.publisher.confirm(&mut self.connection).await?;
        self.last_contact = Instant::now();
        if self.is_dirty() { self.write_position().await } else { database::ping(&mut self.connection).await }
    }

    /// Removes the commands that every lane of the service has handled from their stream.
    pub(super) async fn purge_commands(&mut self) -> Result<(), Failure> {
        // What a command came to is in the streams before the command is gone.
        self.publisher.confirm(&mut self.connection).await?;
        let through = store::handled_through(&mut self.connection).await?;
        if through > self.purged {
            if !self.nats.syncs_each_write() {
                store::flush(&mut self.connection).await?;
            }
            self.forget_commands(through).await?;
            self.purged = through;
        }
        Ok(())
    }

    pub(super) async fn forget_commands(&self, through: u64) -> Result<(), Failure> {
        let stream = streams::commands(self.lane.service);
        streams::purge_through(&self.nats, &stream, through).await.map_err(Failure::Away)
    }

    pub(super) async fn write_position(&mut self) -> Result<(), Failure> {
        let reached = Reached::of(&self.position);
        store::write(&mut self.connection, self.lane, &self.publisher.write(reached)).await?;
        self.written = reached;
        self.deleted = self.publisher.published;
        Ok(())
    }
}

impl Reached {
    const fn of(position: &Position) -> Self {
        let Position { applied, applied_at, commands, .. } = *position;
        Self { applied, applied_at, commands }
    }
}

/// Has an id, by which it is known again.
async fn mark(nats: &Nats, subject: String, id: Uuid) -> Result<u64, Failure> {
    let mut headers = async_nats::HeaderMap::new();
    wire::set(&mut headers, wire::CE_ID, id.to_string());
    let ack = nats.publish(subject.clone(), headers, bytes::Bytes::new()).await?.await;
    Ok(ack.map_err(|error| Failure::from(error).context(format!("publish the mark {subject}")))?.seq)
}
