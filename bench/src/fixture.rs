//! What a part is measured on: a nats-server and a Postgres of its own, migrated, and the `plyo` of a revision.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plyo_client::Client;
use plyo_nats::Nats;
use plyo_servers::{Access, Durability, Servers, Setup, copy, free_port};
use sqlx::{Connection, PgConnection};

use crate::{cost::Processes, revision::Revision, tokens::Signer};

/// Everything that listens to the streams, and the edge.
pub const ALL: &str = "edge,user,workout,achievement,coach,notification";
/// The same without the coach.
pub const WITHOUT_COACH: &str = "edge,user,workout,achievement,notification";

/// Real servers that end with it.
pub struct Fixture {
    servers: Servers,
    revision: Revision,
    durability: Durability,
}

/// A running `plyo serve`.
pub struct Platform {
    child: Child,
    pub authority: String,
}

impl Fixture {
    pub async fn new(revision: &Revision, durability: Durability) -> Result<Self> {
        let setup = Setup { access: Access::committed(), durability, nats_servers: 1, tables: None };
        let mut servers = Servers::start(setup).await?;
        if revision.configure(&servers.directory().join("nats"))? {
            servers.nats_server.kill();
            servers.nats_server.restart()?;
        }
        let fixture = Self { servers, revision: revision.clone(), durability };
        fixture.operate(&["migrate"])?;
        Ok(fixture)
    }

    /// As the superuser.
    pub async fn database(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(&self.servers.dsn()).await?)
    }

    pub async fn nats(&self) -> Result<Nats> {
        self.servers.nats().await
    }

    /// Runs `plyo` as an operator does; gives what it says.
    pub fn operate(&self, arguments: &[&str]) -> Result<String> {
        let mut plyo = self.plyo("plyo");
        let output = plyo.args(arguments).output().context("start target/release/plyo; `make bench` builds it")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "plyo {}: {}", arguments.join(" "), complaint.trim());
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The same while other things go on.
    pub async fn operate_beside(&self, arguments: &[&str]) -> Result<String> {
        let output = tokio::process::Command::from(self.plyo("plyo")).args(arguments).output().await;
        let output = output.context("start target/release/plyo; `make bench` builds it")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "plyo {}: {}", arguments.join(" "), complaint.trim());
        Ok(String::from_utf8(output.stdout)?)
    }

    /// `plyo` on these servers, which signs in to Postgres with this account.
    fn plyo(&self, account: &str) -> Command {
        let mut command = self.revision.plyo();
        command.envs(self.variables(account));
        command
    }

    /// What tells a `plyo` where the servers are.
    pub fn variables(&self, account: &str) -> [(&'static str, String); 5] {
        let durability = if self.durability == Durability::Always { "always" } else { "relaxed" };
        [
            ("PLYO_NATS_URL", self.servers.nats_server.url()),
            ("PLYO_NATS_MONITOR_URL", self.servers.nats_server.monitor_url()),
            ("PLYO_NKEYS", self.servers.nats_server.nkeys().display().to_string()),
            ("PLYO_DURABILITY", durability.to_owned()),
            ("PLYO_POSTGRES_URL", self.servers.dsn_as(account)),
        ]
    }

    pub fn processes(&self, platform: &Platform) -> Result<Processes> {
        let postmaster = fs::read_to_string(self.servers.postgres.data().join("postmaster.pid"))?;
        let postgres = postmaster.lines().next().and_then(|line| line.trim().parse().ok()).context("a postmaster")?;
        Ok(Processes { services: platform.child.id(), postgres, nats_server: self.servers.nats_server.pid() })
    }

    /// Starts these roles; comes back when they are ready.
    pub async fn serve(&self, roles: &str) -> Result<Platform> {
        self.serve_at(roles, &format!("127.0.0.1:{}", free_port()?)).await
    }

    /// The same at this address.
    pub async fn serve_at(&self, roles: &str, authority: &str) -> Result<Platform> {
        let mut platform = self.start_at(roles, authority)?;
        self.ready(&mut platform).await?;
        Ok(platform)
    }

    /// Starts these roles as an operator would, without rate limits.
    pub fn start(&self, roles: &str) -> Result<Platform> {
        self.start_at(roles, &format!("127.0.0.1:{}", free_port()?))
    }

    fn start_at(&self, roles: &str, authority: &str) -> Result<Platform> {
        let log = File::options().create(true).append(true).open(self.servers.directory().join("plyo.log"))?;
        let child = self
            .plyo("{role}")
            .args(["serve", "--only", &self.revision.roles(roles), "--listen", authority, "--limits", "off"])
            .env("PLYO_LOG", "warn,plyo_nats::lane=info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("start target/release/plyo; `make bench` builds it")?;
        Ok(Platform { child, authority: authority.to_owned() })
    }

    /// Waits until every role of it is ready.
    pub async fn ready(&self, platform: &mut Platform) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut edge = Client::new(&format!("http://{}", platform.authority))?;
        while Instant::now() < deadline {
            ensure!(platform.child.try_wait()?.is_none(), "plyo ended: {}", self.log());
            if edge.get("/ready").await.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("plyo is not ready after 20 s: {}", self.log());
    }

    /// Everything that was logged so far.
    pub fn logged(&self) -> String {
        fs::read_to_string(self.servers.directory().join("plyo.log")).unwrap_or_default()
    }

    /// The bytes on disk of what a stream holds.
    pub fn stored_bytes(&self, stream: &str) -> Result<u64> {
        let store = self.servers.directory().join("nats/jetstream");
        let blocks = format!("*/streams/{stream}/msgs/*.blk");
        let output = Command::new("find").arg(store).args(["-path", &blocks, "-printf", "%s\\n"]).output()?;
        let sizes = String::from_utf8(output.stdout)?;
        ensure!(!sizes.is_empty(), "{stream} has no blocks");
        Ok(sizes.lines().filter_map(|size| size.parse::<u64>().ok()).sum())
    }

    /// Puts the tables in place that were kept.
    pub fn forget_tables(&mut self) -> Result<()> {
        let data = self.servers.postgres.data().to_owned();
        self.servers.postgres.stop();
        fs::remove_dir_all(&data)?;
        copy(&data.with_file_name("empty"), &data)?;
        self.servers.postgres.restart()
    }

    /// Keeps the tables as they are for [`Self::forget_tables`].
    pub fn keep_tables(&mut self) -> Result<()> {
        let data = self.servers.postgres.data().to_owned();
        self.servers.postgres.stop();
        copy(&data, &data.with_file_name("empty"))?;
        self.servers.postgres.restart()
    }

    fn log(&self) -> String {
        self.logged().lines().rev().take(5).collect::<Vec<_>>().join("\n")
    }

    /// People with tokens that the platform's own key signs: signing up ten thousand would measure Argon2.
    pub async fn tokens(&self, count: usize) -> Result<Vec<String>> {
        let sql = "SELECT key_id, seed FROM user_credentials.signing_key";
        let mut db = self.database().await?;
        let (key_id, seed): (String, Vec<u8>) =
            sqlx::query_as(sql).fetch_one(&mut db).await.context("a signing key")?;
        let signer = Signer::new(key_id, &seed);
        (0..count).map(|_| signer.token()).collect()
    }

    /// Waits until nothing is under way: no command waits, every event is applied, every outbox is empty.
    pub async fn settle(&self, within: Duration) -> Result<()> {
        self.settle_of(ALL, within).await
    }

    /// The same of these roles; others do not run.
    pub async fn settle_of(&self, roles: &str, within: Duration) -> Result<()> {
        let roles = self.revision.roles(roles);
        let services: Vec<&str> = roles.split(',').filter(|role| *role != "edge").collect();
        self.servers.settle(Some(&services), within).await.with_context(|| self.log())
    }
}

impl Platform {
    /// Asks it to stop, as an operator does, and waits until it has.
    pub async fn stop(&mut self) -> Result<()> {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM)?;
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "plyo does not end in 60 s");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The same once nothing is under way.
    pub async fn stop_when_settled(mut self, fixture: &Fixture) -> Result<()> {
        fixture.settle(Duration::from_secs(180)).await?;
        self.stop().await
    }

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
