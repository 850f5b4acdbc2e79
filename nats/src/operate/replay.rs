//! Rebuild and verify: replays `EVENTS` into a shadow schema, through `evolve` alone.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, Result};
use plyo_events::{Event, Message, Subject};
use rustc_hash::FxHashSet;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::{
    broker::{
        Nats,
        reader::{Reader, Received},
        streams,
        subject::{self, partition},
        wire::{self, WireError},
    },
    lane::{batch, catch_up, erasure, owner::Owner, session, step, store},
    operate::tables_check,
    reactor::{Incoming, Reactor},
    sql::{database, tables},
};

/// What to do with the fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Compare it with the tables.
    Verify,
    /// Replace the tables with it.
    Rebuild {
        /// Also fold dead events: the code that failed on them is fixed.
        mended: bool,
        /// Accept that `EVENTS` is not the stream the tables were folded from, or ends earlier, and discard what it lacks.
        new_history: bool,
    },
}

/// What a replay is given.
pub struct Replay {
    pub nats: Nats,
    /// Of an account that may end the session of the service and rename its schema.
    pub dsn: String,
    pub purpose: Purpose,
    /// Called from time to time with the number of events read, and of all.
    pub progress: fn(u64, u64),
}

/// What a replay found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Events of `EVENTS` read.
    pub read: u64,
    /// Of these, the own and foreign events that the service folds.
    pub folded: u64,
    pub seconds: f64,
    pub differences: Vec<Difference>,
}

/// A table that differs from the fold of `EVENTS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub table: String,
    /// Rows only in the table, and only in the fold; a changed row counts in both.
    pub only_in_table: i64,
    pub only_in_fold: i64,
    /// One such row, as JSON.
    pub example: String,
}

/// Messages folded between saves.
const CHUNK: usize = 4_096;
/// Bytes of rows that a replay remembers from one chunk to the next.
const MEMORY: usize = 256 * 1024 * 1024;

/// The shadow schema; the caller has created it with the service's migrations and no rows.
pub fn shadow_schema(service: &str) -> String {
    format!("{service}_shadow")
}

pub(crate) async fn replay<R: Reactor>(reactor: Arc<R>, with: Replay) -> Result<Report> {
    let started = Instant::now();
    let shadow = shadow_schema(R::NAME);
    let options = database::by_key(database::options(&with.dsn, &[&shadow])?).options([("synchronous_commit", "off")]);
    let mut fold = database::connect(&options).await?;
    if with.purpose == Purpose::Verify {
        tables_check::refuse_forgotten(&mut fold, R::NAME, &shadow, &tables::names::<R::State>()).await?;
    }
    let rebuild = match with.purpose {
        Purpose::Verify => None,
        Purpose::Rebuild { mended, new_history } => Some((mended, new_history)),
    };
    let mut owners = seize(&*reactor, &with, matches!(rebuild, Some((_, true)))).await?;
    let mut skip = store::skipped(&mut owners[0].session.connection).await?;
    if let Some((true, _)) = rebuild {
        skip.clear();
    }
    let mut report = fold_events(&*reactor, &mut owners, fold, &skip, with.progress).await?;
    let connection = &mut owners[0].session.connection;
    if let Some((mended, _)) = rebuild {
        swap(connection, R::NAME, &shadow, mended).await?;
    } else {
        report.differences = compare(connection, R::NAME, &shadow, &tables::names::<R::State>()).await?;
        let drop = format!("DROP SCHEMA \"{shadow}\" CASCADE");
        sqlx::query(AssertSqlSafe(drop)).execute(connection).await?;
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Takes every lane of the service from its owner.
async fn seize<R: Reactor>(reactor: &R, with: &Replay, new_history: bool) -> Result<Vec<Owner>> {
    let mut first = session::connect(&with.dsn, R::NAME).await?;
    let mut locked = Vec::new();
    for lane in store::lanes(&mut first, R::NAME, None).await? {
        let mut connection = session::connect(&with.dsn, R::NAME).await?;
        store::seize_lock(&mut connection, lane).await?;
        locked.push((lane, connection));
    }
    if new_history {
        // Discards the tables' positions: the current `EVENTS` becomes the truth.
        let stream = streams::state(&with.nats, "EVENTS").await?;
        store::start_over(&mut first, stream.last, &stream.created).await?;
    }
    let mut owners = Vec::new();
    for (lane, connection) in locked {
        let mut owner = Owner::take(connection, with.nats.without_reconnecting().await?, lane).await?;
        catch_up::catch_up(&mut owner, reactor).await?;
        erasure::catch_up::<R>(&mut owner).await?;
        owners.push(owner);
    }
    Ok(owners)
}

/// All own events, since every one is published by now; foreign ones as far as their lanes have applied them.
async fn fold_events<R: Reactor>(
    reactor: &R,
    owners: &mut [Owner],
    mut fold: PgConnection,
    skip: &HashSet<u64>,
    progress: fn(u64, u64),
) -> Result<Report> {
    let mut report = Report::default();
    let config = streams::tail_consumer(R::NAME, streams::EVERYTHING, 1);
    let mut reader = Reader::create(&owners[0].nats, "EVENTS", config).await?.pulling(2 * CHUNK as u64);
    let total = reader.pending_at_start;
    let mut last_contact = Instant::now();
    let mut state = R::State::default();
    let mut erased = FxHashSet::default();
    while let Some(first) = reader.counted(u64::MAX).await? {
        let (mut events, mut erased_now) = (Vec::new(), Vec::new());
        let mut received = Some(first);
        let mut taken = 0;
        while let Some(message) = received {
            taken += 1;
            if erasure::is_tombstone(&message.subject) {
                erased_now
                    .extend(erasure::about(&message.subject).map(Subject::uuid).filter(|one| erased.insert(*one)));
            }
            events.extend(wanted::<R>(&message, owners, skip, &erased)?);
            report.read += 1;
            received = match taken {
                CHUNK => None,
                _ if report.read == total => None,
                _ => reader.ready()?,
            };
        }
        report.folded += events.len() as u64;
        if !events.is_empty() || !erased_now.is_empty() {
            let messages: Vec<Incoming<'_>> = events.iter().map(Incoming::Event).collect();
            let mut transaction = fold.begin().await?;
            batch::load(reactor, &mut state, &messages, &mut transaction).await?;
            batch::caught("evolve", || events.iter().for_each(|event| step::fold(reactor, &mut state, event)))?;
            tables::save(&mut state, &mut transaction).await?;
            if !erased_now.is_empty() {
                tables::erase::<R::State>(&mut transaction, &erased_now, R::KEEPS).await?;
                state = R::State::default();
            }
            transaction.commit().await?;
            tables::committed(&mut state, MEMORY);
        }
        if last_contact.elapsed().as_secs() >= 2 {
            for owner in &mut *owners {
                owner.idle().await?;
            }
            progress(report.read, total);
            last_contact = Instant::now();
        }
    }
    Ok(report)
}

/// Whether the lane of the message's partition has applied it.
fn is_applied(received: &Received, owners: &[Owner]) -> bool {
    let Some(partition) = partition(&received.subject) else { return false };
    let owner = owners.iter().find(|owner| owner.lane.covers(partition));
    owner.is_some_and(|owner| received.sequence <= owner.position.now.applied(partition))
}

fn wanted<R: Reactor>(
    received: &Received,
    owners: &[Owner],
    skip: &HashSet<u64>,
    erased: &FxHashSet<Uuid>,
) -> Result<Option<Message<Event>>> {
    let is_erased = erasure::about(&received.subject).is_some_and(|subject| erased.contains(&subject.uuid()));
    if is_erased && !erasure::outlives(&received.subject) {
        return Ok(None);
    }
    let own = subject::service(&received.subject) == Some(R::NAME);
    if !own && (!is_applied(received, owners) || skip.contains(&received.sequence)) {
        return Ok(None);
    }
    let kind = match wire::event_kind(&received.subject, &received.headers) {
        Ok(kind) if own || R::READS.contains(&kind.kind) => kind,
        Ok(_) => return Ok(None),
        Err(WireError::Decode(error)) if error.is_of_a_retired_kind() => return Ok(None),
        // An unknown own event was written by a newer binary; an unknown foreign one is not read here.
        Err(error) if own => return Err(error).context(format!("sequence {}", received.sequence)),
        Err(_) => return Ok(None),
    };
    match wire::event(kind, &received.subject, &received.headers, &received.body, received.stored_at()) {
        // One that an earlier version took: jobs outside Plyo send events of the clock, which a service folds as its own.
        Err(error @ (WireError::OfAnother { .. } | WireError::ContentTypes)) if kind.kind.service() == "clock" => {
            tracing::warn!(sequence = received.sequence, %error, "skipped an event");
            Ok(None)
        }
        event => Ok(Some(event.with_context(|| format!("sequence {}", received.sequence))?)),
    }
}

async fn swap(db: &mut PgConnection, service: &str, shadow: &str, mended: bool) -> Result<()> {
    let mut transaction = db.begin().await?;
    for statement in [
        format!("ALTER SCHEMA \"{service}\" RENAME TO \"{service}_replaced\""),
        format!("ALTER SCHEMA \"{shadow}\" RENAME TO \"{service}\""),
        format!("DROP SCHEMA \"{service}_replaced\" CASCADE"),
    ] {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
    }
    if mended {
        store::forget_skipped(&mut transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn compare(db: &mut PgConnection, service: &str, shadow: &str, tables: &[&str]) -> Result<Vec<Difference>> {
    // This reads whole tables and looks up no rows.
    sqlx::query("SET enable_seqscan = on").execute(&mut *db).await?;
    let mut differences = Vec::new();
    for table in tables {
        let mut counts = HashMap::new();
        let mut example = String::new();
        for (side, left, right) in [("table", service, shadow), ("fold", shadow, service)] {
            let sql = format!(
                "SELECT count(*), coalesce(min(to_jsonb(d)::text), '') FROM
                 (TABLE \"{left}\".\"{table}\" EXCEPT ALL TABLE \"{right}\".\"{table}\") d"
            );
            let (count, one): (i64, String) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut *db).await?;
            if count > 0 {
                example = format!("{example}only in the {side}: {one} ");
            }
            counts.insert(side, count);
        }
        if counts.values().any(|count| *count > 0) {
            differences.push(Difference {
                table: (*table).to_owned(),
                only_in_table: counts["table"],
                only_in_fold: counts["fold"],
                example: example.trim_end().to_owned(),
            });
        }
    }
    Ok(differences)
}
