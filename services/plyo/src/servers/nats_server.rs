//! A private nats-server with `nats/server.conf` and `nats/permissions.conf`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use super::{
    nkeys,
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
    directory: PathBuf,
    port: u16,
    monitor_port: u16,
    durability: Durability,
}

const CONFIG: &str = include_str!("../../../../nats/server.conf");
const PERMISSIONS: &str = include_str!("../../../../nats/permissions.conf");

impl NatsServer {
    /// Starts one with its data in `directory`, on `port` or a free one.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start(directory: &Path, port: Option<u16>, durability: Durability) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        std::fs::write(directory.join("server.conf"), CONFIG)?;
        std::fs::write(directory.join("permissions.conf"), PERMISSIONS)?;
        nkeys::make(&directory.join("nkeys"))?;
        let port = port.map_or_else(free_port, Ok)?;
        let monitor_port = free_port()?;
        let process = launch(directory, port, monitor_port, durability)?;
        Ok(Self { process, directory: directory.to_owned(), port, monitor_port, durability })
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub const fn monitor_port(&self) -> u16 {
        self.monitor_port
    }

    /// Where it answers `/varz`, `/jsz` and the like.
    pub fn monitor_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.monitor_port)
    }

    /// Where the seeds of its users are, as `<user>.seed`.
    pub fn nkeys(&self) -> PathBuf {
        self.directory.join("nkeys")
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as by power loss.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after `kill`, with the same data on the same port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.process = launch(&self.directory, self.port, self.monitor_port, self.durability)?;
        Ok(())
    }

    /// Stops it in good order.
    pub fn stop(&mut self) {
        self.process.stop(Signal::SIGTERM);
    }

    /// Suspends it: publishes are taken by the kernel and answered by nobody.
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

fn launch(directory: &Path, port: u16, monitor_port: u16, durability: Durability) -> Result<Process> {
    let mut command = Command::new(program());
    command.arg("-c").arg(directory.join("server.conf"));
    command.env("PLYO_NATS_LISTEN", format!("\"127.0.0.1:{port}\""));
    command.env("PLYO_NATS_MONITOR", format!("\"127.0.0.1:{monitor_port}\""));
    command.env("PLYO_NATS_STORE", format!("\"{}\"", directory.join("jetstream").display()));
    command.env(
        "PLYO_NATS_SYNC",
        match durability {
            Durability::Always => "always",
            Durability::Relaxed => "1s",
        },
    );
    command.envs(nkeys::variables(&directory.join("nkeys"))?);
    let mut process = Process::start("nats-server", &command, directory, &directory.join("nats.log"))?;
    process.await_port(port).context("nats-server")?;
    Ok(process)
}

/// The one that `scripts/setup.sh` installed for this checkout, else the one on PATH.
fn program() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin/nats-server");
    if own.exists() { own } else { "nats-server".into() }
}
