//! The command line.

mod operate;
mod serve;
#[cfg(test)]
mod tests;
mod up;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    demo,
    platform::{self, Surroundings},
    servers::Durability,
};

/// Plyo: a fitness platform that reacts to events.
#[derive(Parser)]
#[command(version, about)]
pub struct Plyo {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything in one process, with a nats-server, a Postgres and a Redis of its own
    Up(up::Up),
    /// Run services on servers that are there
    Serve(serve::Serve),
    /// Apply SQL and streams; services only compare, and refuse to start on drift
    Migrate(Servers),
    /// Make the nkeys that are missing, and print the variables that nats/permissions.conf wants
    Keys {
        /// Where the seeds are, `<user>.seed` each
        #[arg(long, env = "PLYO_NKEYS", default_value = "nkeys")]
        nkeys: PathBuf,
    },
    /// Turn a MessagePack body on stdin into JSON: `nats stream view EVENTS --translate 'plyo decode'`
    Decode,
    /// Messages that could not be processed
    Dead {
        #[command(subcommand)]
        what: operate::Dead,
        #[command(flatten)]
        servers: Servers,
    },
    /// Fold a service's tables again from EVENTS and put them in place; its lane stands still meanwhile
    Rebuild(operate::Rebuild),
    /// Fold services' tables again from EVENTS and compare; a lane stands still while its tables are compared
    Verify(operate::Verify),
    /// Write schemas/ and the tables of the README from the types
    Schemas {
        /// Only say what is stale
        #[arg(long)]
        check: bool,
        #[arg(long, default_value = "schemas")]
        dir: PathBuf,
    },
    /// Twelve weeks of training as a client sees them, against a platform that runs
    Demo(demo::Demo),
}

/// Where the servers are. Left out, they are those of the `plyo up` that was last started in this folder.
#[derive(Args, Clone, Debug)]
pub(crate) struct Servers {
    /// nats://host:4222
    #[arg(long, env = "PLYO_NATS_URL")]
    nats_url: Option<String>,
    /// http://host:8222, where nats-server answers /varz
    #[arg(long, env = "PLYO_NATS_MONITOR_URL")]
    nats_monitor_url: Option<String>,
    /// When nats-server must have written what it acknowledges; another one is refused
    #[arg(long, env = "PLYO_DURABILITY", default_value = "always")]
    durability: DurabilityArgument,
    /// The directory of the nkey seeds to sign in to NATS with, as `plyo keys` makes it
    #[arg(long, env = "PLYO_NKEYS")]
    nkeys: Option<PathBuf>,
    /// postgres://user:password@host/database; `{role}` stands for the role of the service
    #[arg(long, env = "PLYO_POSTGRES_URL")]
    postgres_url: Option<String>,
    /// SERVICE=URL for a service with a Postgres of its own; may be repeated
    #[arg(long = "postgres-url-of", env = "PLYO_POSTGRES_URL_OF", value_delimiter = ',')]
    postgres_urls: Vec<String>,
    /// redis://host:6379; without it each edge counts its limits alone
    #[arg(long, env = "PLYO_REDIS_URL")]
    redis_url: Option<String>,
}

/// When a write is on disk.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DurabilityArgument {
    /// Before it is acknowledged
    Always,
    /// Within a second: power loss may take what was acknowledged in it
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
    fn surroundings(&self) -> Result<Surroundings> {
        let up = up::Places::read_last();
        let given = |given: &Option<String>, of_up: fn(&up::Places) -> String, name: &str| {
            let found = given.clone().or_else(|| up.as_ref().map(of_up));
            found.ok_or_else(|| anyhow::anyhow!("set {name}, or start `plyo up` in this folder"))
        };
        let pairs = self.postgres_urls.iter().filter_map(|pair| pair.split_once('='));
        Ok(Surroundings {
            nats_url: given(&self.nats_url, up::Places::nats_url, "PLYO_NATS_URL")?,
            nats_monitor_url: self
                .nats_monitor_url
                .clone()
                .or_else(|| up.as_ref().filter(|_| self.nats_url.is_none()).and_then(up::Places::nats_monitor_url)),
            durability: self.durability.into(),
            nkeys: self.nkeys.clone().or_else(|| self.nats_url.is_none().then(|| up::NKEYS.into())),
            postgres_url: given(&self.postgres_url, up::Places::admin_url, "PLYO_POSTGRES_URL")?,
            postgres_urls: pairs.map(|(service, url)| (service.to_owned(), url.to_owned())).collect(),
            redis_url: self.redis_url.clone(),
        })
    }
}

impl Plyo {
    /// Reads a command line; one that is wrong ends the process and says why.
    pub fn read<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::parse_from(std::iter::once("plyo").chain(arguments))
    }

    /// Does what the command line says.
    ///
    /// # Errors
    /// When it cannot be done; the message says what to do.
    pub async fn run(self) -> Result<()> {
        match self.command {
            Command::Up(up) => {
                log(false);
                platform::raise_file_limit();
                up.run().await
            }
            Command::Serve(serve) => {
                log(true);
                platform::raise_file_limit();
                serve.run().await
            }
            Command::Migrate(servers) => operate::migrate(&servers.surroundings()?).await,
            Command::Keys { nkeys } => operate::keys(&nkeys),
            Command::Decode => operate::decode(),
            Command::Dead { what, servers } => what.run(&servers.surroundings()?).await,
            Command::Rebuild(rebuild) => rebuild.run().await,
            Command::Verify(verify) => verify.run().await,
            Command::Schemas { check: true, dir } => crate::schemas::check(&dir),
            Command::Schemas { check: false, dir } => crate::schemas::write(&dir),
            Command::Demo(demo) => demo.run().await,
        }
    }
}

/// Logs to stderr; `PLYO_LOG=debug` shows every message with its trace.
fn log(json: bool) {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_from_env("PLYO_LOG").unwrap_or_else(|_| EnvFilter::new("info,async_nats=warn"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { lines.json().init() } else { lines.with_target(false).compact().init() }
}
