//! nats-server and Postgres together, for tests and benchmarks, in a temporary directory.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use plyo_nats::{Nats, NatsConfig};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use crate::{Access, Durability, NatsServer, Postgres, nkeys, settled};

/// The database of all services.
pub const DATABASE: &str = "plyo";
/// Polling interval.
const AGAIN: Duration = Duration::from_millis(20);

/// Real servers that end with it. Fields drop in this order.
pub struct Servers {
    pub nats_server: NatsServer,
    /// What keeps the streams with it.
    pub peers: Vec<NatsServer>,
    pub postgres: Postgres,
    directory: TempDir,
}

/// What they are started with.
pub struct Setup<'a> {
    pub access: Access,
    pub durability: Durability,
    /// The number of nats-servers in the cluster.
    pub nats_servers: usize,
    /// The directory of a stopped Postgres to copy, instead of an empty one.
    pub tables: Option<&'a Path>,
}

impl Servers {
    /// Starts them, with a database without tables (unless it is a copy), and no streams.
    ///
    /// # Errors
    /// When a server is not installed or does not start.
    pub async fn start(setup: Setup<'_>) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("plyo-servers-").tempdir()?;
        // Postgres' user must reach its own in it.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755))?;
        let data = directory.path().join("postgres");
        if let Some(tables) = setup.tables {
            copy(tables, &data)?;
        }
        let postgres = Postgres::start(&data, None)?;
        postgres.create_database(DATABASE, None).await?;
        let (home, access, durability) = (directory.path().join("nats"), &setup.access, setup.durability);
        let mut peers = match setup.nats_servers {
            1 => vec![NatsServer::start(access, &home, None, durability)?],
            several => NatsServer::start_cluster(access, &home, several, durability)?,
        };
        Ok(Self { nats_server: peers.remove(0), peers, postgres, directory })
    }

    /// Where their data and their logs are, and room for more.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Every nats-server.
    pub fn nats_servers(&mut self) -> impl Iterator<Item = &mut NatsServer> {
        std::iter::once(&mut self.nats_server).chain(&mut self.peers)
    }

    pub fn nats_url(&self) -> String {
        let urls: Vec<String> = std::iter::once(&self.nats_server).chain(&self.peers).map(NatsServer::url).collect();
        urls.join(",")
    }

    /// As an operator.
    ///
    /// # Errors
    /// When NATS does not answer.
    pub async fn nats(&self) -> Result<Nats> {
        let nkey_seed = Some(nkeys::seed(&self.nats_server.nkeys(), "operator")?);
        Nats::connect(&NatsConfig { url: self.nats_url(), name: "operator".to_owned(), nkey_seed }).await
    }

    /// As the superuser.
    pub fn dsn(&self) -> String {
        self.postgres.dsn(DATABASE)
    }

    /// With the rights of a role, and no more. `{role}` stands for that of each service.
    pub fn dsn_as(&self, role: &str) -> String {
        self.postgres.dsn_as(role, DATABASE)
    }

    /// Waits until no command waits, every event is applied, and every outbox is empty: of these services, or of whoever
    /// has tables.
    ///
    /// # Errors
    /// When that is not so in time; says why, if it is known.
    pub async fn settle(&self, services: Option<&[&str]>, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        loop {
            // A server that is starting again may not answer yet.
            let why = match self.wait_until_settled(services, deadline).await {
                Ok(None) => return Ok(()),
                Ok(Some(under_way)) => under_way,
                Err(error) => format!("{error:#}"),
            };
            ensure!(Instant::now() < deadline, "not settled in {} s: {why}", within.as_secs());
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// What is still under way then, if anything; asked over the same connections.
    async fn wait_until_settled(&self, services: Option<&[&str]>, deadline: Instant) -> Result<Option<String>> {
        let (nats, mut db) = (self.nats().await?, PgConnection::connect(&self.dsn()).await?);
        loop {
            let under_way = settled::under_way(&nats, &mut db, services).await?;
            if under_way.is_none() || Instant::now() >= deadline {
                return Ok(under_way);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Copies the tables while Postgres is stopped; returns the copy's directory.
    ///
    /// # Errors
    /// When they cannot be copied, or Postgres does not start again.
    pub fn back_up_tables(&mut self) -> Result<PathBuf> {
        let data = self.postgres.data().to_owned();
        let backup = backup(&data);
        self.postgres.stop();
        copy(&data, &backup)?;
        self.postgres.restart()?;
        Ok(backup)
    }

    /// Replaces the current data with such a copy.
    ///
    /// # Errors
    /// When it cannot be copied, or Postgres does not start again.
    pub fn restore_tables(&mut self, backup: &Path) -> Result<()> {
        let data = self.postgres.data().to_owned();
        self.postgres.stop();
        fs::remove_dir_all(&data)?;
        copy(backup, &data)?;
        self.postgres.restart()
    }

    /// Copies the streams while nats-server is stopped; returns the copy's directory.
    ///
    /// # Errors
    /// When they cannot be copied, or nats-server does not start again.
    pub fn back_up_streams(&mut self) -> Result<PathBuf> {
        let store = self.stream_store();
        let backup = backup(&store);
        self.nats_server.stop();
        copy(&store, &backup)?;
        self.nats_server.restart()?;
        Ok(backup)
    }

    /// Replaces the current data with such a copy.
    ///
    /// # Errors
    /// When it cannot be copied, or nats-server does not start again.
    pub fn restore_streams(&mut self, backup: &Path) -> Result<()> {
        let store = self.stream_store();
        self.nats_server.stop();
        fs::remove_dir_all(&store)?;
        copy(backup, &store)?;
        self.nats_server.restart()
    }

    /// Where nats-server keeps its streams.
    pub fn stream_store(&self) -> PathBuf {
        self.nats_server.nkeys().with_file_name("jetstream")
    }
}

/// A name beside this directory that no earlier backup has.
fn backup(directory: &Path) -> PathBuf {
    let mut names = (1..).map(|number| directory.with_file_name(format!("backup-{number}")));
    names.find(|name| !name.exists()).unwrap_or_else(|| directory.with_extension("backup"))
}

/// Copies a directory with owners and permissions.
///
/// # Errors
/// When `cp` fails.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    ensure!(Command::new("cp").arg("-a").args([from, to]).status()?.success(), "cannot copy {}", from.display());
    Ok(())
}
