//! A private nats-server with `nats/server.conf` and `nats/permissions.conf`, alone or in a cluster.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use super::{
    nkeys,
    permissions::Access,
    process::{Process, free_port},
};

/// When a write is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before it is acknowledged: it survives power loss.
    Always,
    /// Within a second: an operator's choice, never the default.
    Relaxed,
}

/// A running nats-server.
pub struct NatsServer {
    process: Process,
    launch: Launch,
}

/// How it is started, and restarted.
struct Launch {
    access: Access,
    directory: PathBuf,
    nkeys: PathBuf,
    port: u16,
    monitor_port: u16,
    durability: Durability,
    membership: Option<Membership>,
}

/// Its place in the cluster.
struct Membership {
    name: String,
    port: u16,
    /// The ports of all.
    ports: Vec<u16>,
}

const CONFIG: &str = include_str!("../../nats/server.conf");
/// More than the disk of a machine on which somebody tries Plyo.
const MAX_FILE: &str = "100GB";
const CLUSTER_CONFIG: &str = include_str!("../../nats/cluster.conf");

impl NatsServer {
    /// Starts one with its data in `directory`, on `port` or a free one.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start(access: &Access, directory: &Path, port: Option<u16>, durability: Durability) -> Result<Self> {
        Self::started(Launch {
            access: access.clone(),
            directory: directory.to_owned(),
            nkeys: directory.join("nkeys"),
            port: port.map_or_else(free_port, Ok)?,
            monitor_port: free_port()?,
            durability,
            membership: None,
        })
    }

    /// Starts a cluster, each server with its data in a subdirectory of `directory`, and waits until it is ready.
    ///
    /// # Errors
    /// When one does not start, or they do not find each other.
    pub fn start_cluster(access: &Access, directory: &Path, count: usize, durability: Durability) -> Result<Vec<Self>> {
        let ports: Vec<u16> = (0..count).map(|_| free_port()).collect::<Result<_>>()?;
        let start = |(index, port): (usize, &u16)| {
            let name = format!("plyo-{index}");
            Self::started(Launch {
                access: access.clone(),
                directory: directory.join(&name),
                nkeys: directory.join("nkeys"),
                port: free_port()?,
                monitor_port: free_port()?,
                durability,
                membership: Some(Membership { name, port: *port, ports: ports.clone() }),
            })
        };
        let mut servers: Vec<Self> = ports.iter().enumerate().map(start).collect::<Result<_>>()?;
        for server in &mut servers {
            let monitor_port = server.launch.monitor_port;
            server.process.await_ready(|| is_healthy(monitor_port)).context("nats-server in a cluster")?;
        }
        Ok(servers)
    }

    fn started(launch: Launch) -> Result<Self> {
        std::fs::create_dir_all(&launch.directory)?;
        let configs = [
            ("server.conf", CONFIG.to_owned()),
            ("cluster.conf", CLUSTER_CONFIG.to_owned()),
            ("permissions.conf", launch.access.permissions.clone()),
        ];
        for (name, text) in configs {
            std::fs::write(launch.directory.join(name), text)?;
        }
        nkeys::make(&launch.nkeys, &launch.access.services())?;
        Ok(Self { process: launch.start()?, launch })
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.launch.port)
    }

    pub const fn monitor_port(&self) -> u16 {
        self.launch.monitor_port
    }

    /// The monitoring URL: `/varz`, `/jsz` and so on.
    pub fn monitor_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.launch.monitor_port)
    }

    /// Where the seeds of its users are, as `<user>.seed`.
    pub fn nkeys(&self) -> PathBuf {
        self.launch.nkeys.clone()
    }

    pub const fn port(&self) -> u16 {
        self.launch.port
    }

    /// Its name in the cluster.
    pub fn name(&self) -> &str {
        self.launch.membership.as_ref().map_or("plyo", |membership| &membership.name)
    }

    /// Whether it reports itself healthy; in a cluster, this includes having caught up with the others.
    pub fn is_healthy(&self) -> bool {
        is_healthy(self.launch.monitor_port)
    }

    /// Kills it as a power loss would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after `kill`, with the same data on the same port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.process = self.launch.start()?;
        Ok(())
    }

    /// Stops it in good order.
    pub fn stop(&mut self) {
        self.process.stop(Signal::SIGTERM);
    }

    /// Suspends it: the kernel accepts publishes, but nobody responds.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Continues it after `pause`.
    pub fn resume(&self) {
        self.process.resume();
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}

impl Launch {
    fn start(&self) -> Result<Process> {
        let Self { directory, port, monitor_port, .. } = self;
        let config = if self.membership.is_some() { "cluster.conf" } else { "server.conf" };
        let mut command = Command::new(program());
        command.arg("-c").arg(directory.join(config));
        command.env("PLYO_NATS_LISTEN", format!("\"127.0.0.1:{port}\""));
        command.env("PLYO_NATS_MONITOR", format!("\"127.0.0.1:{monitor_port}\""));
        command.env("PLYO_NATS_MAX_FILE", MAX_FILE);
        command.env("PLYO_NATS_STORE", format!("\"{}\"", directory.join("jetstream").display()));
        command.env(
            "PLYO_NATS_SYNC",
            match self.durability {
                Durability::Always => "always",
                Durability::Relaxed => "1s",
            },
        );
        if let Some(Membership { name, port, ports }) = &self.membership {
            let routes: Vec<String> = ports.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
            command.env("PLYO_NATS_NAME", format!("\"{name}\""));
            command.env("PLYO_NATS_CLUSTER_LISTEN", format!("\"127.0.0.1:{port}\""));
            command.env("PLYO_NATS_ROUTES", format!("[{}]", routes.join(", ")));
        }
        command.envs(nkeys::variables(&self.nkeys, &self.access.services())?);
        let mut process =
            Process::start("nats-server", &command, directory, &directory.join("nats.log"), Signal::SIGKILL)?;
        process.await_port(*port).context("nats-server")?;
        Ok(process)
    }
}

fn is_healthy(monitor_port: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, monitor_port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.lines().next().is_some_and(|status| status.contains(" 200 ")))
}

/// The one that `scripts/setup.sh` installed for this checkout, or else the one on PATH.
fn program() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/nats-server");
    if own.exists() { own } else { "nats-server".into() }
}
