//! `plyo verify --deep`: whether `EVENTS` itself is intact.

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use plyo_nats::{
    Start,
    deep::{self, Deep},
};

use crate::{platform::Config, services::SERVICES};

/// Reads a sequence, or a time.
pub(super) fn since(text: &str) -> Result<Start> {
    if let Ok(sequence) = text.parse() {
        return Ok(Start::Sequence(sequence));
    }
    let time: Timestamp = text.parse().ok().context("expected a sequence, or a time such as 2026-11-25T10:00:00Z")?;
    Ok(Start::Time(time))
}

/// Checks every message, and prints problems, one per line.
pub(super) async fn verify(config: &Config, since: Option<Start>) -> Result<()> {
    let report = deep::verify(Deep {
        nats: config.nats("operator").await?,
        services: SERVICES.iter().map(|service| (service.name, config.dsn(service.name))).collect(),
        start: since.unwrap_or(Start::Last(u64::MAX)),
        progress: |read, total| eprintln!("{read} of {total} messages"),
    })
    .await?;
    for line in &report.wrong {
        println!("EVENTS: {line}");
    }
    for remark in &report.remarks {
        println!("EVENTS: {remark}");
    }
    let deep::Report { read, first, last, seconds, count, .. } = report;
    let per_second = read as f64 / seconds;
    println!("EVENTS: {read} messages from {first} to {last} were read in {seconds:.2} s ({per_second:.0}/s)");
    if count > 0 {
        bail!(
            "problems found: {count}; a rebuild does not repair EVENTS: restore its newest intact backup, or keep this list for reference"
        );
    }
    println!("EVENTS: no gaps or duplicates; every id, cause, partition and position is correct");
    Ok(())
}
