//! Looks for damage: checks each message of `EVENTS` alone, against the others, and against the loops' tables.
//!
//! Nothing pauses meanwhile. The loops' tables are read first, then `EVENTS` up to its end: by then it has everything that
//! they recorded as done. Causes handled only since are looked up at the end.

mod findings;
mod history;
mod tables;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use self::{findings::Findings, history::History, tables::Tables};
use super::erased;
use crate::broker::{Nats, reader::Reader, streams, tail::Start};

/// What is to be looked at.
pub struct Deep {
    pub nats: Nats,
    /// Every service, each with the URL of its Postgres.
    pub services: Vec<(&'static str, String)>,
    /// Where to start: `Start::Last(u64::MAX)` is the first message.
    pub start: Start,
    /// Called from time to time with the number of messages read, and of all.
    pub progress: fn(u64, u64),
}

/// What was found.
#[derive(Debug)]
pub struct Report {
    /// Messages read, and the first and last sequence.
    pub read: u64,
    pub first: u64,
    pub last: u64,
    pub seconds: f64,
    /// Problems, one line each; only the first of each kind if there are many.
    pub wrong: Vec<String>,
    /// The number of problems, including those without a line.
    pub count: u64,
    /// Remarks that are not problems.
    pub remarks: Vec<String>,
}

/// Messages per pull.
const PULL: u64 = 16_384;
/// A server silent for this long is stuck at a message that it cannot read.
const STALLED: Duration = Duration::from_secs(5);

/// Looks at every message.
///
/// # Errors
/// When NATS or Postgres does not answer. Damage is not an error, but in the report.
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
    history.end(&state, erased::messages(nats).await?);
    let causes = history.causes_not_found();
    let handled = tables.handled_since(&causes).await?;
    history.check_causes(&handled);
    let mut findings = history.check_handled(&tables);
    tables.check_positions(nats, &state, &mut findings).await?;
    let Findings { wrong, count, remarks, .. } = findings.finish();
    let seconds = started.elapsed().as_secs_f64();
    Ok(Report { read, first: start, last: state.last, seconds, wrong, count, remarks })
}

/// Reads up to the end without waiting for ever: where the server gets stuck, it searches for the next readable message one
/// by one and continues there.
async fn read(deep: &Deep, history: &mut History, tables: &mut Tables) -> Result<u64> {
    let total = history.left();
    let mut read = 0;
    let mut stalled_at = None;
    let mut last_progress = Instant::now();
    while history.left() > 0 {
        let mut consumer = streams::tail_consumer("deep", streams::EVERYTHING, history.next());
        // The server reads the whole message, verifies its checksum, and sends only what is checked.
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
            // The server responded with the store's error about an unreadable message.
            Err(error) if error.code != 0 => {}
            Err(error) => return Err(error).with_context(|| format!("read message {sequence} of EVENTS")),
        }
    }
    Ok(last + 1)
}
