//! Looking for damage: every message of `EVENTS` by itself, against the others, and against what the loops have written.
//!
//! Nothing stands still meanwhile. What the loops have written is read first, and then `EVENTS` up to its end: all that was
//! said to be done is in it by then. A cause that was handled only since is looked up at the end.

mod findings;
mod history;
mod tables;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use self::{findings::Findings, history::History, tables::Tables};
use crate::broker::{Nats, reader::Reader, streams, tail::Start};

/// What is to be looked at.
pub struct Deep {
    pub nats: Nats,
    /// Every service, each with the URL of its Postgres.
    pub services: Vec<(&'static str, String)>,
    /// Where to begin: `Start::Last(u64::MAX)` is the first message there is.
    pub start: Start,
    /// Told from time to time how many of how many messages were read.
    pub progress: fn(u64, u64),
}

/// What was found.
#[derive(Debug)]
pub struct Report {
    /// Messages read, and between which sequences.
    pub read: u64,
    pub first: u64,
    pub last: u64,
    pub seconds: f64,
    /// What is wrong, a line each; of many of one kind the first.
    pub wrong: Vec<String>,
    /// How many wrong things there are, with those that have no line.
    pub count: u64,
    /// What is not wrong, and good to know.
    pub remarks: Vec<String>,
}

/// Messages asked for at a time.
const PULL: u64 = 16_384;
/// A server that says nothing for so long has stopped at a message that it cannot read.
const STALLED: Duration = Duration::from_secs(5);

/// Looks at every message.
///
/// # Errors
/// When NATS or Postgres does not answer. Damage is no error: the report says it.
pub async fn verify(deep: Deep) -> Result<Report> {
    let started = Instant::now();
    let nats = &deep.nats;
    let mut findings = Findings::default();
    let mut tables = Tables::read(&deep.services, &mut findings).await?;
    let state = streams::state(nats, "EVENTS").await?;
    let start = match deep.start {
        Start::After(position) => position.sequence + 1,
        Start::Sequence(sequence) => sequence,
        Start::Time(time) => streams::first_since(nats, "deep", time).await?,
        Start::Last(last) => (state.last + 1).saturating_sub(last),
    };
    let start = start.max(1);
    ensure!(start <= state.last + 1, "EVENTS ends at {}, before {start}", state.last);
    let mut history = History::new(start, state.last, findings);
    let read = read(&deep, &mut history, &mut tables).await?;
    history.end(&state);
    let causes = history.causes_not_found();
    let handled = tables.handled_since(&causes).await?;
    history.check_causes(&handled);
    let mut findings = history.check_handled(&tables);
    tables.check_positions(nats, &state, &mut findings).await?;
    let Findings { wrong, count, remarks, .. } = findings.finish();
    let seconds = started.elapsed().as_secs_f64();
    Ok(Report { read, first: start, last: state.last, seconds, wrong, count, remarks })
}

/// Reads up to the end, and never waits for what does not come: where the server stops, the next message that it can read is
/// looked for one by one, and reading goes on there.
async fn read(deep: &Deep, history: &mut History, tables: &mut Tables) -> Result<u64> {
    let total = history.left();
    let mut read = 0;
    let mut stalled_at = None;
    let mut last_progress = Instant::now();
    while history.left() > 0 {
        let mut consumer = streams::tail_consumer("deep", streams::EVERYTHING, history.next());
        // The server reads all of a message, with its checksum, and sends what is looked at.
        consumer["headers_only"] = json!(true);
        let mut reader = Reader::create(&deep.nats, "EVENTS", consumer).await?.pulling(PULL);
        let mut pending = reader.pending_at_start;
        while pending > 0 && history.left() > 0 {
            let Ok(received) = tokio::time::timeout(STALLED, reader.next()).await else { break };
            let mut received = Some(received?);
            while let Some(message) = received {
                pending = message.pending;
                read += u64::from(history.message(&message, tables));
                received = reader.ready()?;
            }
            if last_progress.elapsed() >= Duration::from_secs(2) {
                (deep.progress)(total - history.left(), total);
                last_progress = Instant::now();
            }
        }
        if pending == 0 {
            break;
        }
        if history.left() > 0 {
            let next = history.next();
            ensure!(
                stalled_at != Some(next),
                "nats-server has message {next} of EVENTS but does not deliver it: restart nats-server"
            );
            history.skip_to(first_readable(&deep.nats, next, history.last()).await?);
            stalled_at = Some(history.next());
        }
    }
    Ok(read)
}

async fn first_readable(nats: &Nats, from: u64, last: u64) -> Result<u64> {
    for sequence in from..=last {
        match nats.api("STREAM.MSG.GET.EVENTS", &json!({ "seq": sequence })).await {
            Ok(_) => return Ok(sequence),
            // It was answered, with whatever the store says of what it cannot read.
            Err(error) if error.code != 0 => {}
            Err(error) => return Err(error).with_context(|| format!("read message {sequence} of EVENTS")),
        }
    }
    Ok(last + 1)
}
