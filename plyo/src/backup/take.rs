//! Taking a backup.

use std::{path::Path, time::Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use plyo_nats::{
    Nats,
    backup::{self, Snapshot, TimersSince},
};

use super::{
    command_streams,
    files::{self, Kept, Writer},
    libpq::Tool,
    manifest::{Manifest, Stream},
    megabytes, tables,
};
use crate::{platform::Config, services::SERVICES};

/// Takes a backup into its own directory, and prints what it did.
pub(crate) async fn take(config: &Config, directory: &Path) -> Result<()> {
    let started = Instant::now();
    let nats = config.nats("operator").await?;
    let pg_dump = Tool::find("pg_dump").await?;
    files::make_directory(directory)?;
    let mut manifest = Manifest::new(backup::server_version(&nats));
    for name in command_streams() {
        manifest.streams.push(stream(&nats, &name, directory, false).await?);
    }
    for entry in SERVICES {
        let dumped = tables::dump(&pg_dump, config, entry, directory).await;
        manifest.tables.push(dumped.with_context(|| format!("the tables of {}", entry.name))?);
    }
    manifest.streams.push(stream(&nats, "DEAD", directory, false).await?);
    // What an effect was asked for, and how far it got, is in its consumer; lanes keep their own places.
    let has_effects = SERVICES.iter().any(|entry| (entry.service)().effects().next().is_some());
    manifest.streams.push(stream(&nats, "EVENTS", directory, has_effects).await?);
    let schedule = stream(&nats, "SCHEDULE", directory, false).await?;
    manifest.timers = timers(&nats, last(&schedule)?, directory).await?;
    manifest.streams.push(schedule);
    // After the tombstones of whoever is erased meanwhile: no picture outlives its person.
    manifest.streams.push(stream(&nats, "OBJ_avatars", directory, false).await?);
    manifest.histories = backup::histories(&nats).await?;
    must_belong_together(&manifest)?;
    manifest.finished = Timestamp::now();
    manifest.write(directory)?;
    report(&manifest, started, directory)
}

/// A stream, with its consumers or without.
async fn stream(nats: &Nats, name: &str, directory: &Path, consumers: bool) -> Result<Stream> {
    let mut snapshot = Snapshot::begin(nats, name, consumers).await?;
    let mut writer = Writer::create(directory, &format!("{name}.stream"))?;
    while let Some(chunk) = snapshot.next().await? {
        writer.write(&chunk)?;
    }
    let Snapshot { config, state, created, .. } = snapshot;
    Ok(Stream { name: name.to_owned(), config, state, created, kept: writer.finish().await? })
}

/// What `SCHEDULE` took after the end of its snapshot.
async fn timers(nats: &Nats, sequence: u64, directory: &Path) -> Result<Kept> {
    let mut since = TimersSince::begin(nats, sequence).await?;
    let mut writer = Writer::create(directory, "SCHEDULE.since")?;
    while let Some(line) = since.next().await? {
        writer.write(line.as_bytes())?;
        writer.write(b"\n")?;
    }
    writer.finish().await
}

/// Where a stream's snapshot ends.
pub(super) fn last(stream: &Stream) -> Result<u64> {
    stream.state["last_seq"].as_u64().with_context(|| format!("the last sequence of {}", stream.name))
}

/// No table is ahead of `EVENTS`.
fn must_belong_together(manifest: &Manifest) -> Result<()> {
    let events = manifest.stream("EVENTS")?;
    let last = last(events)?;
    ensure!(manifest.histories.first() == Some(&events.created), "EVENTS was replaced during the backup");
    for tables in &manifest.tables {
        for stands in tables.lanes.iter().filter(|stands| !stands.events_created.is_empty()) {
            let place = format!("lane {} of {}", stands.lane, tables.service);
            ensure!(
                stands.events_created == events.created,
                "{place} belongs to the EVENTS of {}, but this one is of {}: `plyo verify` says what to do",
                stands.events_created,
                events.created
            );
            let known = stands.applied.max(stands.confirmed).cast_unsigned();
            ensure!(known <= last, "{place} is at {known} of EVENTS, but EVENTS ends at {last}: run `plyo verify`");
        }
    }
    Ok(())
}

/// `backup: 1234.5 MB in 8.1 s (152.4 MB/s), through 412803 of EVENTS: /var/backups/plyo/monday`
fn report(manifest: &Manifest, started: Instant, directory: &Path) -> Result<()> {
    let in_streams = manifest.streams.iter().filter_map(|stream| stream.state["bytes"].as_u64()).sum::<u64>();
    let bytes = in_streams + manifest.tables.iter().map(|tables| tables.kept.bytes).sum::<u64>();
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "backup: {} in {seconds:.1} s ({}/s), through {} of EVENTS: {}",
        megabytes(bytes),
        megabytes((bytes as f64 / seconds) as u64),
        last(manifest.stream("EVENTS")?)?,
        directory.display()
    );
    Ok(())
}
