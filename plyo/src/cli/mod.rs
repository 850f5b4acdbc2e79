//! The command line.

mod admin;
mod backup;
mod catalogue;
mod clients;
mod coach;
mod compare;
mod deep;
mod demo;
mod follow;
mod health;
mod import;
mod keys;
mod lanes;
mod operate;
mod passwords;
mod serve;
mod settings;
mod signals;
#[cfg(test)]
mod tests;
mod up;
mod variables;

pub(crate) use operate::apply as apply_migrations;
pub use variables::settings_of_serve;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use plyo_identity::Providers;
use plyo_servers::{Durability, nkeys, raise_file_limit, secrets};

use crate::{
    platform::Config,
    services::{self, SERVICES},
    telemetry::{self, LogFormat},
};

/// Plyo: an event-driven fitness platform.
#[derive(Parser)]
#[command(version, about)]
pub struct Plyo {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything in one process, with its own nats-server, Postgres and Redis
    Up(up::Up),
    /// Run services against existing servers
    Serve(serve::Serve),
    /// Apply SQL migrations and stream configs; services only compare them, and refuse to start on drift
    Migrate(operate::Migrate),
    /// Check the `plyo serve` of this machine or container; exits with 0 if it is ready
    Health(health::Health),
    /// Create missing nkeys, and print the variables that nats/permissions.conf needs
    Keys(keys::Keys),
    /// Wrap the keys of personal texts by the first line of user.kek, after a new line was put before the others and the user
    /// service was restarted; the other lines can be removed then
    RewrapKeys(keys::RewrapKeys),
    /// Print a MessagePack or JSON body from stdin as JSON: `nats stream view EVENTS --translate 'plyo decode'`
    Decode {
        /// Its `ce-type`, such as workout.completed.v1, to print it in the newest version of that type
        #[arg(long = "type", value_name = "TYPE")]
        type_name: Option<String>,
    },
    /// Print events as they happen, one line of JSON each
    Tail(follow::Tail),
    /// Print the causal chain of an event or a command: what caused it, and what it caused
    Why(follow::Why),
    /// Make somebody an admin
    Admin {
        #[command(subcommand)]
        what: admin::Admin,
        #[command(flatten)]
        servers: Servers,
    },
    /// List, show, retry or remove dead letters
    Dead {
        #[command(subcommand)]
        what: operate::Dead,
        #[command(flatten)]
        servers: Servers,
    },
    /// Back up the streams and tables into a directory, while everything runs
    Backup(backup::Backup),
    /// Restore a backup to empty servers, with all services stopped
    Restore(backup::Restore),
    /// Bring somebody here who comes from another instance, with the file that `POST /me/export` made for them there
    ImportAccount(import::ImportAccount),
    /// Rebuild a service's tables from EVENTS; its lanes pause meanwhile
    Rebuild(operate::Rebuild),
    /// Replay EVENTS and compare the result with services' tables; a lane pauses while its tables are compared. With
    /// --deep, check EVENTS itself for damage
    Verify(operate::Verify),
    /// Change the number of lanes of a stopped service, with its positions and unpublished messages
    Lanes(lanes::Lanes),
    /// Write schemas/, the tables of the README and of docs/operating.md, and nats/permissions.conf from the types and the
    /// services
    Schemas {
        /// Only report stale files
        #[arg(long)]
        check: bool,
        #[arg(long, default_value = "schemas")]
        dir: PathBuf,
    },
    /// Measure or browse the exercise catalogue
    Catalogue {
        #[command(subcommand)]
        what: catalogue::Catalogue,
    },
    /// Train the coach's initial model, evaluate the coach, and compare it with what it was
    #[command(subcommand)]
    Coach(coach::Coach),
    /// Simulate twelve weeks of training as a client of a running platform
    Demo(demo::Demo),
}

/// Where the servers are; by default, those of the `plyo up` last started in this directory. The help shows no URL
/// from the environment: it may contain a password.
#[derive(Args, Clone, Debug)]
pub(crate) struct Servers {
    /// nats://host:4222; for a cluster, every server, separated by commas
    #[arg(long, env = "PLYO_NATS_URL", hide_env_values = true, global = true)]
    nats_url: Option<String>,
    /// http://host:8222, the monitoring URL of nats-server; for a cluster, every server, separated by commas
    #[arg(long, env = "PLYO_NATS_MONITOR_URL", hide_env_values = true, global = true)]
    nats_monitor_url: Option<String>,
    /// When nats-server must sync what it acknowledges; startup fails if it does not
    #[arg(long, env = "PLYO_DURABILITY", default_value = "always", global = true)]
    durability: DurabilityArgument,
    /// The directory of the nkey seeds for NATS, created by `plyo keys`
    #[arg(long, env = "PLYO_NKEYS", global = true)]
    nkeys: Option<PathBuf>,
    /// postgres://user:password@host/database; `{role}` is replaced by the role of the service (`plyo` for operators),
    /// `{password}` by its password from `plyo keys --files`
    #[arg(long, env = "PLYO_POSTGRES_URL", hide_env_values = true, global = true)]
    postgres_url: Option<String>,
    /// SERVICE=URL for a service with its own Postgres; may be repeated
    #[arg(
        long = "postgres-url-of",
        env = "PLYO_POSTGRES_URL_OF",
        value_delimiter = ',',
        hide_env_values = true,
        global = true
    )]
    postgres_urls: Vec<String>,
    /// redis://host:6379; without it, each edge enforces rate limits on its own. `{password}` is replaced by the
    /// password from `plyo keys --files`
    #[arg(long, env = "PLYO_REDIS_URL", hide_env_values = true, global = true)]
    redis_url: Option<String>,
    /// Replicas of each stream: 1, 3 or 5
    #[arg(long, env = "PLYO_REPLICAS", default_value = "1", value_parser = settings::replicas, global = true)]
    replicas: u8,
}

/// When a write is synced to disk.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DurabilityArgument {
    /// Before it is acknowledged
    Always,
    /// Within a second: power loss may lose the writes acknowledged in it
    Relaxed,
}

impl From<DurabilityArgument> for Durability {
    fn from(argument: DurabilityArgument) -> Self {
        match argument {
            DurabilityArgument::Always => Self::Always,
            DurabilityArgument::Relaxed => Self::Relaxed,
        }
    }
}

impl Servers {
    /// For operators, who work on the tables of every service: a `plyo up` gives them its own account.
    fn of_operator(&self) -> Result<Config> {
        let mut config = self.config(up::ACCOUNT)?;
        for url in config.postgres_urls.values_mut().chain([&mut config.postgres_url]) {
            let of_operator = url.replace("{role}", up::ACCOUNT);
            *url = passwords::filled(&of_operator, config.nkeys.as_deref(), secrets::OPERATOR)?;
        }
        Ok(config)
    }

    /// For services: each signs in to the Postgres of a `plyo up` as its own role.
    fn of_services(&self) -> Result<Config> {
        Ok(passwords::of_services(self.config("{role}")?))
    }

    /// Whether to set the passwords of `plyo keys --files` in Postgres.
    fn sets_passwords(&self) -> bool {
        self.postgres_url.as_ref().is_some_and(|url| url.contains(passwords::PLACE))
    }

    fn config(&self, account: &str) -> Result<Config> {
        let up = up::Places::read_last();
        let given = |given: &Option<String>, of_up: Option<String>, name: &str| {
            given.clone().or(of_up).with_context(|| format!("set {name}, or start `plyo up` in this folder"))
        };
        let nkeys = self.nkeys.clone().or_else(|| self.nats_url.is_none().then(|| up::NKEYS.into()));
        let services = services::names(SERVICES);
        for fault in nkeys.iter().flat_map(|directory| nkeys::faults(directory, &services)) {
            tracing::warn!("{fault}");
        }
        let postgres_of_up = up.as_ref().map(|up| up.postgres_url(account));
        Ok(Config {
            nats_url: given(&self.nats_url, up.as_ref().map(up::Places::nats_url), "PLYO_NATS_URL")?,
            nats_monitor_url: self
                .nats_monitor_url
                .clone()
                .or_else(|| up.as_ref().filter(|_| self.nats_url.is_none()).and_then(up::Places::nats_monitor_url)),
            durability: self.durability.into(),
            redis_url: passwords::of_redis(self.redis_url.as_deref(), nkeys.as_deref())?,
            nkeys,
            postgres_url: given(&self.postgres_url, postgres_of_up, "PLYO_POSTGRES_URL")?,
            postgres_urls: self.postgres_urls.iter().map(|pair| url_of_service(pair)).collect::<Result<_>>()?,
            lanes: None,
            replicas: self.replicas,
            memory_mib: Config::MEMORY_MIB,
            public_url: Config::PUBLIC_URL.to_owned(),
            providers: Providers::default(),
            mail: None,
        })
    }
}

/// Reads `SERVICE=URL`. The error does not quote it, since the URL may contain a password; a URL may also contain `=`.
fn url_of_service(pair: &str) -> Result<(String, String)> {
    let known = services::names(SERVICES);
    let pair = pair.split_once('=').filter(|(service, _)| known.contains(service));
    let wrong = || format!("--postgres-url-of takes SERVICE=URL; the services are {}", known.join(", "));
    let (service, url) = pair.with_context(wrong)?;
    Ok((service.to_owned(), url.to_owned()))
}

impl Plyo {
    /// Parses the command line; an invalid one ends the process with an error.
    pub fn read<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::parse_from(std::iter::once("plyo").chain(arguments))
    }

    /// Does what the command line says.
    ///
    /// # Errors
    /// When it cannot be done; the message says what to do.
    pub async fn run(self) -> Result<()> {
        let telemetry = match &self.command {
            Command::Up(up) => up.reporting.start(LogFormat::Text, "plyo")?,
            Command::Serve(serve) => serve.reporting.start(LogFormat::Json, &serve.service_name())?,
            _ => telemetry::start("warn", LogFormat::Text, None)?,
        };
        let ran = self.perform().await;
        telemetry.stop().await;
        ran
    }

    async fn perform(self) -> Result<()> {
        variables::warn_of_misspelt();
        if matches!(self.command, Command::Up(_) | Command::Serve(_)) {
            if let Err(error) = raise_file_limit() {
                tracing::warn!(%error, "cannot raise the limit of open files");
            }
        } else {
            signals::end_the_process();
        }
        match self.command {
            Command::Up(up) => up.run().await,
            Command::Serve(serve) => serve.run().await,
            Command::Migrate(migrate) => migrate.run().await,
            Command::Health(health) => health.run().await,
            Command::Keys(keys) => keys.run(),
            Command::RewrapKeys(rewrap) => rewrap.run().await,
            Command::Decode { type_name } => operate::decode(type_name.as_deref()),
            Command::Tail(tail) => tail.run().await,
            Command::Why(why) => why.run().await,
            Command::Admin { what, servers } => what.run(&servers.of_operator()?).await,
            Command::Dead { what, servers } => what.run(&servers.of_operator()?).await,
            Command::Backup(backup) => backup.run().await,
            Command::Restore(restore) => restore.run().await,
            Command::ImportAccount(import) => import.run().await,
            Command::Rebuild(rebuild) => rebuild.run().await,
            Command::Verify(verify) => verify.run().await,
            Command::Lanes(lanes) => lanes.run().await,
            Command::Schemas { check: true, dir } => {
                plyo_docs::check(&dir, &services::made(SERVICES), &settings_of_serve())
            }
            Command::Schemas { check: false, dir } => {
                plyo_docs::write(&dir, &services::made(SERVICES), &settings_of_serve())
            }
            Command::Catalogue { what } => what.run(),
            Command::Coach(coach) => coach.run().await,
            Command::Demo(demo) => demo.run().await,
        }
    }
}
