//! `plyo up`: the whole platform on one machine, from scratch.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use plyo_identity::{MailFolder, Providers};
use plyo_servers::{Access, NatsServer, Postgres, Redis, free_port};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::{
    DurabilityArgument,
    clients::Clients,
    settings::{self, Reporting, Running},
    signals::shutdown,
};
use crate::{
    backup::{self, Halves},
    cli::operate,
    platform::{self, Config},
    preflight,
    services::{self, SERVICES},
};

#[derive(Args)]
pub(super) struct Up {
    /// Port of the edge, on loopback
    #[arg(long, env = "PLYO_PORT", default_value_t = services::EDGE_PORT)]
    port: u16,
    /// Data directory
    #[arg(long, env = "PLYO_DATA", default_value = ".plyo")]
    data: PathBuf,
    /// When a write is synced to disk
    #[arg(long, env = "PLYO_DURABILITY", default_value = "always")]
    durability: DurabilityArgument,
    /// Replicas of each stream; must be 1 here
    #[arg(long, env = "PLYO_REPLICAS", default_value = "1", value_parser = settings::replicas)]
    replicas: u8,
    /// Restore this backup first, into an empty data directory
    #[arg(long, value_name = "DIR")]
    restore: Option<PathBuf>,
    #[command(flatten)]
    clients: Clients,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    pub(super) reporting: Reporting,
}

const DATABASE: &str = "plyo";
/// The superuser of its Postgres.
pub(super) const ACCOUNT: &str = "plyo";
/// Where operators of the `plyo up` of this folder find their seeds.
pub(super) const NKEYS: &str = ".plyo/nats/nkeys";

/// The ports of the private servers: the same again at the next start, if they are free.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Places {
    nats: u16,
    /// 0 where an earlier version wrote the file.
    #[serde(default)]
    nats_monitor: u16,
    postgres: u16,
    redis: u16,
}

impl Places {
    fn of(data: &Path) -> Result<Self> {
        let known: Option<Self> =
            fs::read(data.join("ports.json")).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let port = |known: Option<u16>| match known {
            Some(port) if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() => Ok(port),
            _ => free_port(),
        };
        Ok(Self {
            nats: port(known.map(|k| k.nats))?,
            nats_monitor: 0,
            postgres: port(known.map(|k| k.postgres))?,
            redis: port(known.map(|k| k.redis))?,
        })
    }

    fn save(&self, data: &Path) -> Result<()> {
        Ok(fs::write(data.join("ports.json"), serde_json::to_vec(self)?)?)
    }

    /// Those of the `plyo up` that was last started in this folder.
    pub(super) fn read_last() -> Option<Self> {
        serde_json::from_slice(&fs::read(".plyo/ports.json").ok()?).ok()
    }

    pub(super) fn nats_url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.nats)
    }

    pub(super) fn nats_monitor_url(&self) -> Option<String> {
        (self.nats_monitor > 0).then(|| format!("http://127.0.0.1:{}", self.nats_monitor))
    }

    pub(super) fn postgres_url(&self, account: &str) -> String {
        format!("postgres://{account}@127.0.0.1:{}/{DATABASE}", self.postgres)
    }
}

impl Up {
    pub(super) async fn run(self) -> Result<()> {
        platform::metrics_handle();
        ensure!(
            self.replicas == 1,
            "`plyo up` runs one nats-server with one replica of each stream; PLYO_REPLICAS={} is for `plyo serve`",
            self.replicas
        );
        let edge = self.clients.edge(true, self.running.grace())?;
        fs::create_dir_all(&self.data).with_context(|| format!("make {}", self.data.display()))?;
        let data = self.data.canonicalize()?;
        let _only_one = lock(&data)?;
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await;
        let listener = listener.with_context(|| format!("listen on port {}; choose another with --port", self.port))?;
        let mut places = Places::of(&data)?;
        println!("starting Postgres, Redis and nats-server; their data is in {}", data.display());
        let mut postgres = Postgres::start(&data.join("postgres"), Some(places.postgres))?;
        let mut redis = Redis::start(&data.join("redis"), Some(places.redis))?;
        let access = Access::of(&services::made(SERVICES));
        let mut nats_server =
            NatsServer::start(&access, &data.join("nats"), Some(places.nats), self.durability.into())?;
        places.nats_monitor = nats_server.monitor_port();
        places.save(&data)?;
        postgres.create_database(DATABASE, None).await?;
        let public_url = format!("http://127.0.0.1:{}", self.port);
        let config = self.running.of(Config {
            nats_url: nats_server.url(),
            nats_monitor_url: Some(nats_server.monitor_url()),
            durability: self.durability.into(),
            nkeys: Some(nats_server.nkeys()),
            postgres_url: postgres.dsn(DATABASE),
            postgres_urls: std::collections::BTreeMap::default(),
            redis_url: Some(redis.url()),
            lanes: None,
            replicas: self.replicas,
            memory_mib: Config::MEMORY_MIB,
            public_url: public_url.clone(),
            providers: Providers::default(),
            mail: Some(MailFolder { directory: data.join("mail"), base_url: public_url }),
        })?;
        if let Some(directory) = &self.restore {
            backup::restore(&config, directory, Halves::Both, false).await?;
        }
        operate::apply(&config, false).await?;
        // Each service signs in as its own role, which has rights on its own schemas only.
        let config = Config { postgres_url: postgres.dsn_as("{role}", DATABASE), ..config };
        let roles: Vec<String> = services::roles(SERVICES).into_iter().map(str::to_owned).collect();
        // Its servers are there, and migrated.
        preflight::pass(&config, &roles, Duration::ZERO, |_| ()).await?;
        self.welcome(&places, &data);
        let ran = platform::run(&config, SERVICES, &roles, edge, listener, shutdown()).await;
        println!("\nstopping");
        nats_server.stop();
        redis.stop();
        postgres.stop();
        ran
    }

    fn welcome(&self, places: &Places, data: &Path) {
        let port = self.port;
        println!(
            "
Plyo is up.

  API            http://127.0.0.1:{port}/docs
  see it work    plyo demo            (make demo)
  events         nats -s {} --nkey {} stream view EVENTS --translate 'plyo decode'
  health         curl http://127.0.0.1:{port}/ready
  metrics        curl http://127.0.0.1:{port}/metrics

Ctrl-C stops everything; the data stays.
",
            places.nats_url(),
            data.join("nats/nkeys/operator.seed").display()
        );
    }
}

/// Two platforms must not share a data directory.
fn lock(data: &Path) -> Result<fs::File> {
    let file = fs::File::create(data.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => bail!("another `plyo up` is already running on {}", data.display()),
        Err(fs::TryLockError::Error(error)) => Err(error.into()),
    }
}
