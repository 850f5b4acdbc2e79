//! A private Redis.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use super::process::{Process, free_port};

/// A running Redis.
pub struct Redis {
    process: Process,
    directory: PathBuf,
    port: u16,
}

impl Redis {
    /// Starts one with its data in `directory`, on `port` or a free one.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start(directory: &Path, port: Option<u16>) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let port = port.map_or_else(free_port, Ok)?;
        Ok(Self { process: launch(directory, port)?, directory: directory.to_owned(), port })
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Kills it as a power loss would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after `kill`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.process = launch(&self.directory, self.port)?;
        Ok(())
    }

    /// Stops it in good order.
    pub fn stop(&mut self) {
        self.process.stop(Signal::SIGTERM);
    }
}

fn launch(directory: &Path, port: u16) -> Result<Process> {
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no", "--dir"])
        .arg(directory);
    let mut process =
        Process::start("redis-server", &command, directory, &directory.join("redis.log"), Signal::SIGKILL)?;
    process.await_port(port).context("redis-server")?;
    Ok(process)
}
