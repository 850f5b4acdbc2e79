//! What operators do: migrate, decode, dead letters, rebuild, verify.

use std::{io::Read, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use plyo_events::{Body, CommandKind, DecodeError, EventKind, Versioned};
use plyo_nats::{
    Start, database, dead, erased, progress,
    replay::{Purpose, Replay, Report},
    streams,
};

use super::{Servers, deep, passwords};
use crate::{
    platform::Config,
    preflight,
    services::{self, SERVICES},
};

#[derive(Args)]
pub(super) struct Migrate {
    /// EVENTS is lost for good: create an empty one even though there are tables folded from it
    #[arg(long)]
    new_history: bool,
    /// Seconds to wait for servers that do not respond yet
    #[arg(long, env = "PLYO_WAIT", default_value_t = 30)]
    wait: u64,
    #[command(flatten)]
    servers: Servers,
}

impl Migrate {
    /// Applies SQL and streams, and passwords that were made for it; says what it did.
    pub(super) async fn run(self) -> Result<()> {
        let config = self.servers.of_operator()?;
        preflight::await_servers(&config, Duration::from_secs(self.wait)).await?;
        let mut done = apply(&config, self.new_history).await?;
        if self.servers.sets_passwords() {
            done.extend(passwords::set(&config).await?);
        }
        for line in done {
            println!("{line}");
        }
        Ok(())
    }
}

/// Applies SQL and streams. A lost `EVENTS` is not recreated silently.
pub(crate) async fn apply(config: &Config, new_history: bool) -> Result<Vec<String>> {
    let nats = config.nats("operator").await?;
    if !new_history && streams::is_missing(&nats, "EVENTS").await? {
        for service in SERVICES {
            let path = database::search_path(service.name);
            let mut db = database::connect(&database::options(&config.dsn(service.name), &path)?).await?;
            ensure!(
                !progress::has_history(&mut db).await?,
                "EVENTS is missing, but the tables of {} were folded from it: restore its backup; if there is none, \
                 run `plyo migrate --new-history` to create an empty one, then `plyo rebuild SERVICE --new-history`",
                service.name
            );
        }
    }
    let mut done = streams::apply(&nats, &config.streams()).await?;
    for service in SERVICES {
        done.extend(service.migrate(&config.dsn(service.name)).await?);
    }
    Ok(done)
}

/// A body on stdin, JSON on stdout: as it is, or, with a type, in the newest version.
pub(super) fn decode(type_name: Option<&str>) -> Result<()> {
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body).context("read stdin")?;
    if body.is_empty() {
        // Marks have no body, and a stream has marks.
        return Ok(());
    }
    let json = readable(&body).context("stdin is neither MessagePack nor a JSON object")?;
    println!("{}", type_name.map_or(Ok(json), |type_name| newest(type_name, &body))?);
    Ok(())
}

/// A body of this type in its newest version, as JSON.
fn newest(type_name: &str, body: &[u8]) -> Result<String> {
    let body = if is_json_object(body) { Body::Json(body) } else { Body::MessagePack(body) };
    let command = CommandKind::parse(type_name).and_then(|Versioned { kind, version }| kind.decode(version, body));
    let json = match command {
        Err(DecodeError::UnknownType(_)) => {
            let Versioned { kind, version } = EventKind::parse(type_name)?;
            serde_json::to_string(&kind.decode(version, body)?)
        }
        command => serde_json::to_string(&command?),
    };
    Ok(json?)
}

/// A body as JSON. A body from a job outside Plyo is already JSON and stays as it is; no MessagePack map starts like that.
pub(super) fn readable(body: &[u8]) -> Result<String> {
    if let Some(json) = str::from_utf8(body).ok().filter(|_| is_json_object(body)) {
        return Ok(json.to_owned());
    }
    let mut rest = body;
    let value: serde_json::Value = rmp_serde::from_read(&mut rest)?;
    ensure!(rest.is_empty(), "{} trailing bytes", rest.len());
    Ok(serde_json::to_string_pretty(&value)?)
}

fn is_json_object(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).is_ok()
}

#[derive(Subcommand)]
pub(super) enum Dead {
    /// List all dead letters
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a dead letter with its body
    Show { sequence: u64 },
    /// Send a dead-lettered command to its service again
    Replay { sequence: u64 },
    /// Remove a dead letter for good
    Drop { sequence: u64 },
}

impl Dead {
    pub(super) async fn run(self, config: &Config) -> Result<()> {
        let nats = config.nats("operator").await?;
        match self {
            Self::List { json } => {
                let letters = dead::list(&nats).await?;
                if json {
                    println!("{}", serde_json::to_string_pretty(&letters)?);
                    return Ok(());
                }
                if letters.is_empty() {
                    println!("no dead letters");
                }
                for letter in letters {
                    let kind = letter.message_type.as_deref().unwrap_or("unknown type");
                    println!(
                        "{}  {}  {kind}  after {} attempts: {}",
                        letter.sequence, letter.service, letter.attempts, letter.reason
                    );
                }
                Ok(())
            }
            Self::Show { sequence } => {
                let letter = dead::show(&nats, sequence).await?;
                println!("{}", serde_json::to_string_pretty(&letter)?);
                match readable(&letter.body) {
                    Ok(body) => println!("{body}"),
                    Err(_) => println!(
                        "the body is neither MessagePack nor JSON: {} bytes {:02x?}",
                        letter.body.len(),
                        &letter.body[..letter.body.len().min(64)]
                    ),
                }
                Ok(())
            }
            Self::Replay { sequence } => {
                dead::replay(&nats, sequence).await?;
                println!("{sequence} was sent to its service again");
                Ok(())
            }
            Self::Drop { sequence } => {
                dead::drop_letter(&nats, sequence).await?;
                println!("{sequence} was removed");
                Ok(())
            }
        }
    }
}

#[derive(Args)]
pub(super) struct Rebuild {
    service: String,
    /// Also fold dead-lettered events: the code that failed on them is fixed
    #[arg(long)]
    mended: bool,
    /// EVENTS is not the stream the tables were folded from, or ends earlier: accept it, and discard what it lacks
    #[arg(long)]
    new_history: bool,
    #[command(flatten)]
    servers: Servers,
}

impl Rebuild {
    pub(super) async fn run(self) -> Result<()> {
        let config = self.servers.of_operator()?;
        let purpose = Purpose::Rebuild { mended: self.mended, new_history: self.new_history };
        let report = replay(&config, &self.service, purpose).await?;
        println!(
            "{}: rebuilt from {} of {} events in {:.1} s",
            self.service, report.folded, report.read, report.seconds
        );
        Ok(())
    }
}

#[derive(Args)]
pub(super) struct Verify {
    /// All by default
    services: Vec<String>,
    /// Check EVENTS for damage instead: each message alone, against the others and against the services' tables; nothing
    /// pauses
    #[arg(long, conflicts_with = "services")]
    deep: bool,
    /// Start at this sequence, or at this time (2026-11-25T10:00:00Z)
    #[arg(long, requires = "deep", value_name = "SEQUENCE|TIME", value_parser = deep::since)]
    since: Option<Start>,
    #[command(flatten)]
    servers: Servers,
}

impl Verify {
    pub(super) async fn run(self) -> Result<()> {
        let config = self.servers.of_operator()?;
        if self.deep {
            return deep::verify(&config, self.since).await;
        }
        let all = || services::names(SERVICES).into_iter().map(str::to_owned).collect();
        let services: Vec<String> = if self.services.is_empty() { all() } else { self.services };
        let nats = config.nats("operator").await?;
        let events = streams::state(&nats, "EVENTS").await?;
        let erased = erased::messages(&nats).await?.min(events.missing());
        let lost = events.missing() - erased;
        if lost > 0 {
            println!("EVENTS lacks {lost} messages between {} and {}", events.first, events.last);
        }
        if erased > 0 {
            println!("erasures removed {erased} messages from EVENTS");
        }
        let mut wrong = 0;
        for service in services {
            let report = replay(&config, &service, Purpose::Verify).await?;
            for difference in &report.differences {
                wrong += 1;
                println!(
                    "{service}: table {} has {} rows that do not follow from EVENTS, and lacks {} that do; {}",
                    difference.table, difference.only_in_table, difference.only_in_fold, difference.example
                );
            }
            if report.differences.is_empty() {
                println!(
                    "{service}: every table matches the fold of {} events ({} read, {:.1} s)",
                    report.folded, report.read, report.seconds
                );
            }
        }
        ensure!(lost == 0, "messages are missing from EVENTS: restore a backup that has them");
        if wrong > 0 { bail!("{wrong} tables differ; `plyo rebuild` corrects them") } else { Ok(()) }
    }
}

async fn replay(config: &Config, name: &str, purpose: Purpose) -> Result<Report> {
    let entry = services::find(SERVICES, name)?;
    let service = (entry.service)();
    entry.create_shadow(&config.dsn(name)).await?;
    let progress = |read, total| eprintln!("{read} of {total} events");
    service.replay(Replay { nats: config.nats("operator").await?, dsn: config.dsn(name), purpose, progress }).await
}
