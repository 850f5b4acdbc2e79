//! A private Postgres. It refuses to run as root, so root runs it as another user, in a directory that user can reach.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    sys::signal::Signal,
    unistd::{Uid, User},
};

use super::process::{Process, death_signal, end_all, free_port};

/// What the kernel calls it.
const NAME: &str = "postgres";
/// How it goes: without a checkpoint, as after a power loss, but with its shared memory. A kill leaves that to the system for
/// ever once its directory is gone, and a system has 4,096 pieces of it.
const END: Signal = Signal::SIGQUIT;
/// Where data goes if the requested directory is not accessible.
const STATE: &str = "/var/lib/plyo";

/// A running Postgres cluster.
pub struct Postgres {
    process: Process,
    data: PathBuf,
    port: u16,
    account: Option<User>,
}

impl Postgres {
    /// Starts a cluster with its data in `directory`, made on the first start, on `port` or a free one.
    ///
    /// # Errors
    /// When Postgres is not installed, the directory is closed to its user, or it does not start.
    pub fn start(directory: &Path, port: Option<u16>) -> Result<Self> {
        let account = account()?;
        let data = home(directory, account.as_ref())?;
        if !data.join("PG_VERSION").exists() {
            initialise(&data, account.as_ref())?;
        }
        let port = port.map_or_else(free_port, Ok)?;
        Ok(Self { process: launch(&data, port, account.as_ref())?, data, port, account })
    }

    /// The URL of a database of this cluster, as its superuser; it listens on loopback only.
    pub fn dsn(&self, database: &str) -> String {
        format!("postgres://plyo@127.0.0.1:{}/{database}", self.port)
    }

    /// The same as the role of one service.
    pub fn dsn_as(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The data directory: not always the requested one.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Creates a database, as a copy of `template` if given, unless it exists.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn create_database(&self, name: &str, template: Option<&str>) -> Result<()> {
        use sqlx::{AssertSqlSafe, Connection, Executor};
        let mut admin = sqlx::PgConnection::connect(&self.dsn("postgres")).await?;
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut admin)
            .await?;
        if !there {
            let template = template.map_or(String::new(), |template| format!(" TEMPLATE \"{template}\""));
            admin.execute(AssertSqlSafe(format!("CREATE DATABASE \"{name}\"{template}"))).await?;
        }
        Ok(())
    }

    /// Kills it as a power loss would: the postmaster and its children.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after `kill`, with the same data on the same port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.process = launch(&self.data, self.port, self.account.as_ref())?;
        Ok(())
    }

    /// Suspends it and its sessions.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Continues it after `pause`.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Stops it gracefully: sessions are ended, everything is written.
    pub fn stop(&mut self) {
        self.process.stop(Signal::SIGINT);
    }
}

/// The user that Postgres runs as: ourselves, or, for root, the system's `postgres`, else `nobody`.
fn account() -> Result<Option<User>> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    let user = User::from_name("postgres")?.map_or_else(|| User::from_name("nobody"), |user| Ok(Some(user)))?;
    Ok(Some(user.context("root cannot run Postgres, and there is no user `postgres` or `nobody`")?))
}

/// The data directory: the requested one, or, if its user cannot access that, one under the system's state directory.
fn home(directory: &Path, account: Option<&User>) -> Result<PathBuf> {
    fs::create_dir_all(directory)?;
    let directory = directory.canonicalize()?;
    let reachable = directory
        .ancestors()
        .skip(1)
        .all(|above| fs::metadata(above).is_ok_and(|m| m.permissions().mode() & 0o001 != 0));
    let data = if account.is_none() || reachable {
        directory.join("data")
    } else {
        let elsewhere = elsewhere(&directory)?;
        eprintln!("Postgres' user cannot access {}; its data is in {}", directory.display(), elsewhere.display());
        elsewhere.join("data")
    };
    fs::create_dir_all(&data)?;
    if let Some(user) = account {
        for path in [data.as_path(), data.parent().unwrap_or(&data)] {
            chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .context("chown the data directory to Postgres' user")?;
        }
    }
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700))?;
    Ok(data)
}

/// A directory under the system's state directory, recorded in `elsewhere`: a recreated directory gets another one.
fn elsewhere(directory: &Path) -> Result<PathBuf> {
    let remembered = directory.join("elsewhere");
    if let Ok(place) = fs::read_to_string(&remembered) {
        return Ok(place.trim().into());
    }
    let place = Path::new(STATE).join(uuid::Uuid::new_v4().simple().to_string());
    fs::create_dir_all(&place).with_context(|| format!("create {}", place.display()))?;
    fs::set_permissions(STATE, fs::Permissions::from_mode(0o755))?;
    fs::write(&remembered, format!("{}\n", place.display()))?;
    Ok(place)
}

fn initialise(data: &Path, account: Option<&User>) -> Result<()> {
    let mut command = as_account(&program("initdb")?, account);
    command
        .args(["--auth=trust", "--username=plyo", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
        .arg(data)
        .current_dir("/");
    let output = command.output().context("run initdb; `scripts/setup.sh` installs Postgres")?;
    ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn launch(data: &Path, port: u16, account: Option<&User>) -> Result<Process> {
    let status = data.join("postmaster.pid");
    if end_all(NAME, data, Signal::SIGQUIT) {
        // A killed postmaster leaves this behind. If nobody reaps zombies, its process id looks alive, and Postgres would
        // refuse to start.
        match fs::remove_file(&status) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context("remove a stale lock file"),
            _ => {}
        }
    }
    let mut command = as_account(&program("postgres")?, account);
    command.arg("-D").arg(data).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""]);
    for setting in ["shared_buffers=128MB", "max_connections=200", "max_wal_size=1GB", "log_min_messages=warning"] {
        command.args(["-c", setting]);
    }
    let log = data.parent().unwrap_or(data).join("postgres.log");
    let mut process = Process::start(NAME, &command, data, &log, END)?;
    let pid = process.pid().to_string();
    process.await_ready(|| fs::read_to_string(&status).is_ok_and(|text| is_ready(&text, &pid)))?;
    Ok(process)
}

/// In the eighth line of `postmaster.pid`, the postmaster of the first line says that it accepts connections; a killed one
/// leaves its own behind.
fn is_ready(status: &str, pid: &str) -> bool {
    let mut lines = status.lines().map(str::trim);
    lines.next() == Some(pid) && lines.nth(6) == Some("ready")
}

fn as_account(program: &Path, account: Option<&User>) -> Command {
    match account {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args([
                &format!("--reuid={}", user.uid),
                &format!("--regid={}", user.gid),
                "--clear-groups",
                "--pdeathsig",
                death_signal(END),
                "--",
            ]);
            command.arg(program);
            command
        }
    }
}

/// A program of the newest Postgres in Debian's layout, or else the one on PATH.
///
/// # Errors
/// When there is none; says what installs it.
pub fn program(name: &str) -> Result<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = installed.filter(|entry| entry.path().join("bin").join(name).exists());
    if let Some(newest) = found.max_by_key(|entry| version(&entry.file_name().to_string_lossy())) {
        return Ok(newest.path().join("bin").join(name));
    }
    for directory in std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()) {
        if directory.join(name).exists() {
            return Ok(directory.join(name));
        }
    }
    bail!("{name} of Postgres is not installed; `scripts/setup.sh` installs it")
}

/// A version by its numbers: as text, 9.6 would be newer than 15.
fn version(directory: &str) -> Vec<u32> {
    directory.split('.').map_while(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_postgres_is_newest_by_its_numbers() {
        assert_eq!(["15", "9.6", "17", "9.10", "common"].into_iter().max_by_key(|name| version(name)), Some("17"));
        assert!(version("9.10") > version("9.6") && version("common").is_empty());
    }
}
