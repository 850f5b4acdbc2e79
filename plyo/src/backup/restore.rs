//! Restore. Everything is checked before anything is changed.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use plyo_nats::{
    Nats,
    backup::{self, Put},
    streams,
};
use sqlx::PgConnection;

use super::{
    Progress, command_streams,
    libpq::Tool,
    manifest::{Manifest, Stream},
    tables, take,
};
use crate::{
    cli::apply_migrations,
    platform::Config,
    services::{self, SERVICES},
};

/// What is restored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halves {
    Both,
    Streams,
    Tables,
}

/// Restores a backup, replacing existing data only if `replace` is set. Prints what it did.
pub(crate) async fn restore(config: &Config, directory: &Path, halves: Halves, replace: bool) -> Result<()> {
    let manifest = Manifest::read(directory)?;
    let (with_streams, with_tables) = (halves != Halves::Tables, halves != Halves::Streams);
    must_be_whole(&manifest, directory, halves)?;
    let nats = config.nats("operator").await?;
    let mut pg_restore = None;
    if with_tables {
        let tool = Tool::find("pg_restore").await?;
        for tables in &manifest.tables {
            tables::must_know(services::find(SERVICES, &tables.service)?, tables)?;
            tables::must_be_readable(&tool, &directory.join(&tables.kept.file)).await?;
        }
        pg_restore = Some(tool);
    }
    if with_streams {
        must_take_snapshots(&manifest, &nats)?;
    }
    // Held until the end: a service that starts meanwhile stands by.
    let _held = hold_lanes(config).await?;
    let mut held = Vec::new();
    if with_streams {
        held.extend(backup::held_by_streams(&nats, &stream_names()).await?);
    }
    if with_tables {
        for entry in SERVICES {
            held.extend(tables::held(&config.dsn(entry.name), entry).await?);
        }
    }
    ensure!(
        held.is_empty() || replace,
        "the servers are not empty: {}. Nothing was changed; --replace overwrites this data for good",
        held.join(", ")
    );
    if let Some(tool) = &pg_restore {
        for tables in &manifest.tables {
            let entry = services::find(SERVICES, &tables.service)?;
            let put = tables::put_back(tool, &config.dsn(entry.name), entry, &directory.join(&tables.kept.file)).await;
            put.with_context(|| format!("the tables of {}; restore again with --replace", entry.name))?;
            println!("tables of {}: restored", entry.name);
        }
    }
    if with_streams {
        put_streams(&manifest, &nats, config, directory).await.context("restore again with --replace")?;
    }
    for line in apply_migrations(config, true).await? {
        println!("{line}");
    }
    for entry in SERVICES {
        backup::adopt(&nats, &config.dsn(entry.name), entry.name).await?;
    }
    let what = match halves {
        Halves::Both => "everything",
        Halves::Streams => "the streams",
        Halves::Tables => "the tables",
    };
    println!(
        "restored {what} of {}: start the services, then run `plyo verify` and `plyo verify --deep`",
        manifest.started
    );
    Ok(())
}

/// Every file is there, and as it was written.
fn must_be_whole(manifest: &Manifest, directory: &Path, halves: Halves) -> Result<()> {
    let streams = manifest.streams.iter().map(|stream| &stream.kept).chain([&manifest.timers]);
    let streams = streams.filter(|_| halves != Halves::Tables);
    let tables = manifest.tables.iter().map(|tables| &tables.kept).filter(|_| halves != Halves::Streams);
    let mut wrong = Vec::new();
    for kept in streams.chain(tables) {
        wrong.extend(kept.check(directory)?);
    }
    ensure!(
        wrong.is_empty(),
        "the backup in {} is damaged: {}. Nothing was changed",
        directory.display(),
        wrong.join(", ")
    );
    Ok(())
}

/// An older nats-server does not read the snapshots of a newer one.
fn must_take_snapshots(manifest: &Manifest, nats: &Nats) -> Result<()> {
    let minor =
        |version: &str| -> Vec<u32> { version.split('.').take(2).map_while(|part| part.parse().ok()).collect() };
    let there = backup::server_version(nats);
    ensure!(
        minor(&there) >= minor(&manifest.nats_server),
        "the backup is of nats-server {}, but this is {there}: restore to that version or a newer one",
        manifest.nats_server
    );
    Ok(())
}

/// Owns every lane of every service, so that none runs.
async fn hold_lanes(config: &Config) -> Result<Vec<PgConnection>> {
    let mut held = Vec::new();
    for entry in SERVICES {
        held.push(backup::hold(&config.dsn(entry.name), entry.name).await?);
    }
    Ok(held)
}

fn stream_names() -> Vec<String> {
    let others = ["DEAD", "EVENTS", "SCHEDULE", "OBJ_avatars"].map(str::to_owned);
    command_streams().into_iter().chain(others).collect()
}

async fn put_streams(manifest: &Manifest, nats: &Nats, config: &Config, directory: &Path) -> Result<()> {
    let histories = histories(manifest, nats).await?;
    for name in stream_names() {
        streams::delete(nats, &name).await?;
    }
    for name in stream_names() {
        // A service that is newer than the backup has no commands in it.
        let Ok(stream) = manifest.stream(&name) else { continue };
        let wanted = backup::config_of_restored(stream.config.clone(), config.replicas, &histories);
        if let Err(error) = put(nats, &wanted, stream, directory).await {
            // The broker keeps a partial restore, which would pass for the stream.
            streams::delete(nats, &name).await?;
            return Err(error);
        }
        let state = streams::state(nats, &name).await?;
        let last = take::last(stream)?;
        ensure!(state.last >= last, "{name} ends at {} after the restore, but at {last} in the backup", state.last);
        println!("stream {name}: restored through {last}");
    }
    put_timers(manifest, nats, directory).await?;
    // What no backup has, since it is there for a day.
    streams::apply(nats, &config.streams()).await.map(drop)
}

/// What the restored `EVENTS` continues: also the one that is there, if they have a beginning in common. Tables know it by its
/// last time of creation.
async fn histories(manifest: &Manifest, nats: &Nats) -> Result<Vec<String>> {
    let mut histories = manifest.histories.clone();
    if !streams::is_missing(nats, "EVENTS").await? {
        let there = backup::histories(nats).await?;
        if there.iter().any(|created| histories.contains(created)) {
            let others: Vec<String> = there.into_iter().filter(|created| !histories.contains(created)).collect();
            histories.extend(others);
        }
    }
    Ok(histories)
}

async fn put(nats: &Nats, config: &serde_json::Value, stream: &Stream, directory: &Path) -> Result<()> {
    let name = &stream.kept.file;
    let mut file = File::open(directory.join(name)).with_context(|| format!("open {name}"))?;
    let putting = Put::begin(nats, config, &stream.state).await?;
    let mut progress = Progress::new(format!("restoring {}", stream.name));
    let mut buffer = vec![0; Put::CHUNK];
    loop {
        match file.read(&mut buffer).with_context(|| format!("read {name}"))? {
            0 => return putting.end().await,
            read => {
                putting.chunk(buffer[..read].to_vec().into()).await?;
                progress.add(read);
            }
        }
    }
}

async fn put_timers(manifest: &Manifest, nats: &Nats, directory: &Path) -> Result<()> {
    let name = &manifest.timers.file;
    let lines = fs::read_to_string(directory.join(name)).with_context(|| format!("read {name}"))?;
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    backup::put_timers(nats, &lines, take::last(manifest.stream("SCHEDULE")?)?).await
}
