//! What a part is measured on: a nats-server and a Postgres of its own, migrated, and the `plyo` binary.

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plyo::{
    client::Client,
    platform::Surroundings,
    servers::{Durability, NatsServer, Postgres, free_port},
};
use plyo_nats::{Nats, streams};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use crate::tokens::Signer;

const DATABASE: &str = "plyo";
/// The services with tables.
pub const SERVICES: [&str; 4] = plyo_migrations::SERVICES;

/// Real servers that end with it. Fields drop in this order.
pub struct Ground {
    nats_server: NatsServer,
    postgres: Postgres,
    directory: TempDir,
    durability: Durability,
}

/// A running `plyo serve`.
pub struct Platform {
    child: Child,
    pub authority: String,
}

impl Ground {
    pub async fn new(durability: Durability) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("plyo-bench-").tempdir()?;
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755))?;
        let postgres = Postgres::start(&directory.path().join("postgres"), None)?;
        let nats_server = NatsServer::start(&directory.path().join("nats"), None, durability)?;
        let ground = Self { nats_server, postgres, directory, durability };
        ground.postgres.create_database(DATABASE, None).await?;
        for service in SERVICES {
            plyo_migrations::apply(&ground.postgres.dsn(DATABASE), service).await?;
        }
        streams::apply(&ground.nats().await?).await?;
        Ok(ground)
    }

    pub fn dsn(&self) -> String {
        self.postgres.dsn(DATABASE)
    }

    pub async fn nats(&self) -> Result<Nats> {
        self.surroundings().nats("operator").await
    }

    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            nats_url: self.nats_server.url(),
            nats_monitor_url: Some(self.nats_server.monitor_url()),
            durability: self.durability,
            nkeys: Some(self.nats_server.nkeys()),
            postgres_url: self.dsn(),
            postgres_urls: BTreeMap::new(),
            redis_url: None,
        }
    }

    /// Starts these roles as an operator would, without rate limits; comes back when they are ready.
    pub async fn serve(&self, roles: &str) -> Result<Platform> {
        let authority = format!("127.0.0.1:{}", free_port()?);
        let log = File::options().create(true).append(true).open(self.directory.path().join("plyo.log"))?;
        let child = Command::new(std::env::current_exe()?.with_file_name("plyo"))
            .args(["serve", "--only", roles, "--listen", &authority, "--limits", "off"])
            .env("PLYO_NATS_URL", self.nats_server.url())
            .env("PLYO_NATS_MONITOR_URL", self.nats_server.monitor_url())
            .env("PLYO_NKEYS", self.nats_server.nkeys())
            .env("PLYO_DURABILITY", if self.durability == Durability::Always { "always" } else { "relaxed" })
            .env("PLYO_POSTGRES_URL", self.postgres.dsn_as("{role}", DATABASE))
            .env("PLYO_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("start target/release/plyo; `make bench` builds it")?;
        let mut platform = Platform { child, authority };
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            ensure!(platform.child.try_wait()?.is_none(), "plyo ended: {}", self.log());
            let answer = Client::new(&format!("http://{}", platform.authority))?.get("/ready").await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(platform);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("plyo is not ready after 20 s: {}", self.log());
    }

    fn log(&self) -> String {
        let path = self.directory.path().join("plyo.log");
        fs::read_to_string(path).unwrap_or_default().lines().rev().take(5).collect::<Vec<_>>().join("\n")
    }

    /// People with tokens that the platform's own key signs: signing up ten thousand would measure Argon2.
    pub async fn tokens(&self, count: usize) -> Result<Vec<String>> {
        let options = plyo_nats::database::options(&self.dsn(), &["user_credentials"])?;
        let mut db = PgConnection::connect_with(&options).await?;
        let (key_id, seed): (String, Vec<u8>) =
            sqlx::query_as("SELECT key_id, seed FROM signing_key").fetch_one(&mut db).await.context("a signing key")?;
        let signer = Signer::new(key_id, &seed);
        (0..count).map(|_| signer.token()).collect()
    }

    /// Waits until nothing is under way: no command waits, every event is applied, every outbox is empty.
    pub async fn settle(&self, within: Duration) -> Result<()> {
        let nats = self.nats().await?;
        let mut db = PgConnection::connect(&self.dsn()).await?;
        let deadline = Instant::now() + within;
        while !is_settled(&nats, &mut db).await? {
            ensure!(Instant::now() < deadline, "not settled in {} s: {}", within.as_secs(), self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// The services are in the order in which they react to each other: what an earlier one still said, a later one has to apply.
async fn is_settled(nats: &Nats, db: &mut PgConnection) -> Result<bool> {
    if streams::state(nats, "COMMANDS").await?.messages > 0 {
        return Ok(false);
    }
    for service in SERVICES {
        // A lane that nobody owns yet has no consumer.
        let Ok(last) = streams::last_to_apply(nats, service).await else { return Ok(false) };
        let sql =
            format!("SELECT applied, (SELECT count(*) FROM \"{service}_loop\".outbox) FROM \"{service}_loop\".lane");
        let (applied, outbox): (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&mut *db).await?;
        if applied.unsigned_abs() < last || outbox > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Platform {
    /// Resident memory of the process in KiB.
    pub fn resident_kib(&self) -> Result<u64> {
        let status = fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // One that has ended already needs no signal.
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
