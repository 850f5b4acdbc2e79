//! A child process that does not outlive its parent.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

/// A port that was free a moment ago.
///
/// # Errors
/// When loopback has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Process {
    /// Starts `command`; `setpriv --pdeathsig` ends it when its parent ends, however that happens.
    pub(super) fn start(name: &'static str, command: &Command, log: &Path) -> Result<Self> {
        let output = std::fs::OpenOptions::new().create(true).append(true).open(log).context("open a log file")?;
        let mut wrapped = Command::new("setpriv");
        wrapped.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            wrapped.env(key, value.unwrap_or_default());
        }
        if let Some(directory) = command.get_current_dir() {
            wrapped.current_dir(directory);
        }
        wrapped.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = wrapped.spawn().with_context(|| format!("start {name}; `scripts/setup.sh` installs it"))?;
        Ok(Self { name, child, log: log.to_owned() })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it listens.
    pub(super) fn await_port(&mut self, port: u16) -> Result<()> {
        self.await_ready(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
    }

    pub(super) fn await_ready(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended at once ({status}); its log is {}", self.name, self.log.display());
            }
            if Instant::now() > deadline {
                bail!("{} is not ready after {} s; its log is {}", self.name, PATIENCE.as_secs(), self.log.display());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    pub(super) fn signal(&self, signal: Signal) {
        // One that has ended needs no signal.
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), signal);
    }

    /// Asks it to stop and waits; kills it when it does not.
    pub(super) fn stop(&mut self, signal: Signal) {
        self.signal(signal);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }

    /// Ends it as by power loss.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
