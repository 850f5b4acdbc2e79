//! Tables that are behind `EVENTS`: an older backup of Postgres was restored beside newer streams.
//!
//! Normally every own event after `confirmed` is in the outbox. One that is not was decided by tables that are lost. The
//! lane then folds what they had folded, as a replay does: own events that the tables lack, and foreign ones as far as the
//! lost tables had reacted, which the causes of those own events tell. It reacts to none of them, so nothing is emitted
//! twice; later events are handled normally.

use std::collections::HashSet;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use plyo_events::{Event, Message, Outcome};
use rustc_hash::FxHashSet;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{
    batch,
    owner::Owner,
    step,
    store::{self, HandledCommand, Write},
    tail::Own,
    which::Lane,
};
use crate::{
    broker::{
        reader::{Reader, Received},
        streams,
        subject::{self, PARTITIONS, partition},
        wire,
    },
    failure::Failure,
    reactor::{Incoming, Reactor},
    sql::{
        database::{in_time, statement},
        tables,
    },
};

/// Messages folded in one transaction.
const CHUNK: usize = 2_048;
/// Bytes of rows remembered from one chunk to the next.
const MEMORY: usize = 64 * 1024 * 1024;

/// Folds what the lost tables had folded, if any were lost; returns a note about it.
pub(crate) async fn catch_up<R: Reactor>(owner: &mut Owner, reactor: &R) -> Result<Option<String>, Failure> {
    let lost = std::mem::take(&mut owner.lost);
    let Some(end) = lost.last().map(|last| last.sequence) else { return Ok(None) };
    tracing::warn!(
        service = R::NAME,
        lane = owner.lane.index,
        events = lost.len(),
        through = end,
        "the tables are behind EVENTS: catching up"
    );
    let own = lost.iter().map(|own| own.sequence).collect();
    let start = (0..PARTITIONS).map(|partition| owner.position.now.applied(partition)).fold(u64::MAX, u64::min);
    let start = start.min(owner.position.now.confirmed);
    let reacted = reacted_through::<R>(owner, &lost, start, end).await?;
    let span = Span { own, reacted };
    let skip = store::skipped(&mut owner.session.connection).await.map_err(Failure::Unavailable)?;
    let mut folding = Folding { state: R::State::default(), skip, own: 0, foreign: 0, answered: FxHashSet::default() };
    let filter = if reacted == 0 { owner.lane.own_filter() } else { streams::EVERYTHING.to_owned() };
    let config = streams::tail_consumer(R::NAME, &filter, start + 1);
    let mut reader = Reader::create(&owner.nats, "EVENTS", config).await?.pulling(2 * CHUNK as u64);
    let mut chunk = Chunk::default();
    while let Some(received) = reader.counted(end + 1).await? {
        span.add::<R>(owner, &mut chunk, &received)?;
        if chunk.looked_at == CHUNK {
            folding.fold(owner, reactor, std::mem::take(&mut chunk)).await?;
        }
    }
    folding.fold(owner, reactor, chunk).await?;
    if folding.own != lost.len() {
        let (found, counted) = (folding.own, lost.len());
        return Err(Failure::lost(format!(
            "only {found} of {counted} own events missing from the tables can be read: run `plyo verify --deep`, then restore a backup of EVENTS"
        )));
    }
    owner.write_position().await?;
    let did = format!(
        "the tables were older than EVENTS, as after a restored backup: folded {} own and {} foreign events up to {end}",
        folding.own, folding.foreign
    );
    tracing::warn!(service = R::NAME, lane = owner.lane.index, "{did}");
    Ok(Some(did))
}

/// How far the lost tables had reacted: to the last foreign event that caused an own one, searched from the end.
async fn reacted_through<R: Reactor>(owner: &mut Owner, lost: &[Own], start: u64, end: u64) -> Result<u64, Failure> {
    let causes: FxHashSet<Uuid> = lost.iter().map(|own| own.cause).collect();
    let (mut behind, mut window) = (end + 1, CHUNK as u64);
    while behind > start + 1 {
        let from = behind.saturating_sub(window).max(start + 1);
        let mut config = streams::tail_consumer(R::NAME, &owner.lane.event_filter(R::READS), from);
        config["headers_only"] = true.into();
        let mut reader = Reader::create(&owner.nats, "EVENTS", config).await?.pulling(2 * CHUNK as u64);
        let mut reacted = 0;
        while let Some(received) = reader.counted(behind).await? {
            owner.session.keep_alive().await?;
            if is_foreign(owner.lane, &received) && causes.contains(&id_of(&received)) {
                reacted = received.sequence;
            }
        }
        if reacted > 0 {
            return Ok(reacted);
        }
        (behind, window) = (from, window * 8);
    }
    Ok(0)
}

fn id_of(received: &Received) -> Uuid {
    wire::event_id(&received.subject, &received.headers, received.sequence)
}

fn is_foreign(lane: Lane, received: &Received) -> bool {
    subject::service(&received.subject) != Some(lane.service)
}

/// What the lost tables had folded.
struct Span {
    /// The sequences of own events that the tables lack.
    own: HashSet<u64>,
    /// Foreign events up to here were reacted to.
    reacted: u64,
}

/// Events folded in one transaction, and the resulting position.
#[derive(Default)]
struct Chunk {
    looked_at: usize,
    events: Vec<Folded>,
    /// The last message that counts as applied, and the last own one.
    applied: Option<(u64, Timestamp)>,
    confirmed: Option<(u64, Uuid)>,
}

struct Folded {
    sequence: u64,
    event: Message<Event>,
    /// The command that caused it here, or the event.
    cause: Uuid,
    is_own: bool,
}

impl Span {
    fn add<R: Reactor>(&self, owner: &Owner, chunk: &mut Chunk, received: &Received) -> Result<(), Failure> {
        chunk.looked_at += 1;
        let sequence = received.sequence;
        if sequence <= self.reacted {
            chunk.applied = Some((sequence, received.time));
        }
        let is_own = self.own.contains(&sequence);
        let partition = partition(&received.subject).filter(|partition| owner.lane.covers(*partition));
        let is_wanted = |partition| {
            is_own
                || (is_foreign(owner.lane, received)
                    && sequence <= self.reacted
                    && sequence > owner.position.now.applied(partition))
        };
        if !partition.is_some_and(is_wanted) {
            return Ok(());
        }
        let kind = match wire::event_kind(&received.subject, &received.headers) {
            Ok(kind) if is_own || R::READS.contains(&kind.kind) => kind,
            // An event that is not read here need not be known.
            _ if !is_own => return Ok(()),
            Ok(kind) => kind,
            Err(error) => return Err(unreadable(sequence, error)),
        };
        match wire::event(kind, &received.subject, &received.headers, &received.body, received.stored_at()) {
            Ok(event) => {
                if is_own {
                    chunk.confirmed = Some((sequence, event.id));
                }
                let cause = wire::imported_by(&received.headers).unwrap_or(event.causation);
                chunk.events.push(Folded { sequence, event, cause, is_own });
            }
            // As when it arrived: already a dead letter.
            Err(error) if !is_own => tracing::warn!(sequence, %error, "skipped an event"),
            Err(error) => return Err(unreadable(sequence, error)),
        }
        Ok(())
    }
}

fn unreadable(sequence: u64, error: wire::WireError) -> Failure {
    Failure::Lost(anyhow!(error).context(format!("own event {sequence} of EVENTS, missing from the tables")))
}

/// The fold so far.
struct Folding<S> {
    state: S,
    skip: HashSet<u64>,
    own: usize,
    foreign: usize,
    /// Causes that need no outcome: events, and commands that have theirs.
    answered: FxHashSet<Uuid>,
}

impl<S: tables::Tables> Folding<S> {
    /// Folds a chunk and writes the position. A foreign event that cannot be folded was dead-lettered before.
    async fn fold<R: Reactor<State = S>>(
        &mut self,
        owner: &mut Owner,
        reactor: &R,
        mut chunk: Chunk,
    ) -> Result<(), Failure> {
        chunk.events.retain(|folded| folded.is_own || !self.skip.contains(&folded.sequence));
        let handled = self.handled(&chunk)?;
        let mut dead = Vec::new();
        loop {
            match self.transaction(owner, reactor, &chunk, &handled, &dead).await {
                Ok(()) => break,
                Err(Failure::Poison(error)) => {
                    self.state = S::default();
                    dead.push(self.poison(owner, reactor, &mut chunk, error).await?);
                }
                Err(failure) => return Err(failure),
            }
        }
        let own = chunk.events.iter().filter(|folded| folded.is_own).count();
        self.own += own;
        self.foreign += chunk.events.len() - own;
        tables::committed(&mut self.state, MEMORY);
        Ok(())
    }

    async fn transaction<R: Reactor<State = S>>(
        &mut self,
        owner: &mut Owner,
        reactor: &R,
        chunk: &Chunk,
        handled: &[HandledCommand],
        dead: &[(u64, String)],
    ) -> Result<(), Failure> {
        let mut transaction = statement("begin", owner.session.connection.begin()).await?;
        evolve(reactor, &mut self.state, &chunk.events, &mut transaction).await?;
        in_time("write rows", tables::save(&mut self.state, &mut transaction)).await?;
        let position = &mut owner.position.now;
        if let Some((applied, at)) = chunk.applied.filter(|(applied, _)| *applied > position.applied) {
            (position.applied, position.applied_at) = (applied, Some(at));
        }
        if let Some((confirmed, id)) = chunk.confirmed {
            (position.confirmed, position.confirmed_id) = (confirmed, Some(id));
        }
        let write = Write {
            handled,
            skipped: dead,
            applied: position.applied,
            applied_at: position.applied_at,
            commands: position.commands,
            confirmed: position.confirmed,
            confirmed_id: position.confirmed_id,
            ..Write::default()
        };
        store::write(&mut transaction, owner.lane, &write).await?;
        statement("commit", transaction.commit()).await
    }

    /// The commands that caused these events: sent again, each gets its events as the answer. Their results are lost.
    fn handled(&mut self, chunk: &Chunk) -> Result<Vec<HandledCommand>, Failure> {
        let mut handled = Vec::new();
        for Folded { event, cause, is_own, .. } in &chunk.events {
            if !is_own {
                self.answered.insert(event.id);
                continue;
            }
            if !self.answered.insert(*cause) {
                continue;
            }
            let result =
                serde_json::to_value(&event.body).context("an event is plain data").map_err(Failure::Poison)?;
            handled.push(HandledCommand::by_id(*cause, event.subject, Outcome::Done { result }));
        }
        Ok(handled)
    }

    /// Removes the foreign event on which the fold fails.
    async fn poison<R: Reactor<State = S>>(
        &mut self,
        owner: &mut Owner,
        reactor: &R,
        chunk: &mut Chunk,
        error: anyhow::Error,
    ) -> Result<(u64, String), Failure> {
        for place in 0..chunk.events.len() {
            let mut state = S::default();
            match evolve(reactor, &mut state, &chunk.events[..=place], &mut owner.session.connection).await {
                Ok(()) => {}
                Err(Failure::Poison(error)) if !chunk.events[place].is_own => {
                    return Ok((chunk.events.remove(place).sequence, format!("{error:#}")));
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Lost(error))
    }
}

async fn evolve<R: Reactor>(
    reactor: &R,
    state: &mut R::State,
    events: &[Folded],
    db: &mut PgConnection,
) -> Result<(), Failure> {
    let incoming: Vec<Incoming<'_>> = events.iter().map(|folded| Incoming::Event(&folded.event)).collect();
    in_time("read rows", batch::load(reactor, state, &incoming, db)).await?;
    batch::caught("evolve", || events.iter().for_each(|folded| step::fold(reactor, state, &folded.event)))
}
