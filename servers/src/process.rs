//! A child process that does not outlive its parent.

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    ops::Range,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::{
        resource::{Resource, getrlimit, setrlimit},
        signal::{Signal, kill},
    },
    unistd::Pid,
};

/// How long a server may take to start or to stop.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running server.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    directory: PathBuf,
    log: PathBuf,
    end: Signal,
}

/// The range of ports: below the ephemeral ones (Linux from 32768, others from 49152), so that no outgoing connection takes
/// a port before its server listens, or while it restarts.
const PORTS: Range<u32> = 12_000..32_000;

/// A free port that this process has not used before. Processes start at different ones.
///
/// # Errors
/// When none of those is free on loopback.
pub fn free_port() -> Result<u16> {
    static LAST: OnceLock<AtomicU32> = OnceLock::new();
    // Consecutive processes, such as tests in several worktrees, start far apart.
    let last = LAST.get_or_init(|| AtomicU32::new(process::id().wrapping_mul(7_919)));
    PORTS
        .map(|_| PORTS.start + last.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start))
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .with_context(|| format!("no free port from {} to {} on 127.0.0.1", PORTS.start, PORTS.end - 1))
}

/// Lets this process open as many files and sockets as the system allows: the usual 1,024 are for programs that wait with
/// `select`.
///
/// # Errors
/// When the system refuses.
pub fn raise_file_limit() -> Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}

/// How many files and sockets this process may open.
///
/// # Errors
/// When the system does not say.
pub fn file_limit() -> Result<u64> {
    Ok(getrlimit(Resource::RLIMIT_NOFILE)?.0)
}

impl Process {
    /// Starts `command` in its own `directory`; `setpriv --pdeathsig` ends it by the signal `end` when its parent ends, for
    /// any reason. `name` is what the kernel calls it.
    pub(super) fn start(
        name: &'static str,
        command: &Command,
        directory: &Path,
        log: &Path,
        end: Signal,
    ) -> Result<Self> {
        end_all(name, directory, Signal::SIGQUIT);
        let output = fs::OpenOptions::new().create(true).append(true).open(log).context("open a log file")?;
        let mut wrapped = Command::new("setpriv");
        wrapped.args(["--pdeathsig", death_signal(end), "--"]).arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            wrapped.env(key, value.unwrap_or_default());
        }
        // Ctrl-C in the terminal is for the parent, which stops its servers in order.
        wrapped.current_dir(directory).process_group(0);
        wrapped.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = spawn(wrapped).with_context(|| format!("start {name}; `scripts/setup.sh` installs it"))?;
        Ok(Self { name, child, directory: directory.to_owned(), log: log.to_owned(), end })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it listens.
    pub(super) fn await_port(&mut self, port: u16) -> Result<()> {
        self.await_ready(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
    }

    pub(super) fn await_ready(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} exited immediately ({status}); {}", self.name, self.last_words());
            }
            if Instant::now() > deadline {
                bail!("{} was not ready within {} s; {}", self.name, START_TIMEOUT.as_secs(), self.last_words());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The end of its log, which may be gone when somebody reads this.
    fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        let last = lines.into_iter().rev().map(|line| format!("\n  {line}")).collect::<String>();
        format!("its log {} ends with:{last}", self.log.display())
    }

    /// Pauses it and its children, like a suspended machine.
    pub(super) fn pause(&self) {
        let deadline = Instant::now() + START_TIMEOUT;
        // A thread on another core continues for a moment, and could still respond.
        while signal_all(self.name, &self.directory, Signal::SIGSTOP)
            && !are_stopped(self.child.id())
            && Instant::now() < deadline
        {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Continues it after `pause`.
    pub(super) fn resume(&self) {
        signal_all(self.name, &self.directory, Signal::SIGCONT);
    }

    /// Asks it to stop and waits; kills it when it does not. A process that has ended is left alone: another may have its id.
    pub(super) fn stop(&mut self, signal: Signal) {
        if self.has_ended() {
            return;
        }
        send(self.child.id().cast_signed(), signal);
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if self.has_ended() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }

    /// Kills it and its children as a power loss would.
    pub(super) fn kill(&mut self) {
        if self.has_ended() {
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        end_all(self.name, &self.directory, Signal::SIGKILL);
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A suspended one would not hear it.
        self.resume();
        self.stop(self.end);
    }
}

/// As `setpriv` spells it.
pub(super) fn death_signal(signal: Signal) -> &'static str {
    signal.as_str().trim_start_matches("SIG")
}

/// The parent's death is signalled when the thread that started the child ends: so one permanent thread starts them all.
fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static STARTER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (order, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in orders {
                // The caller waits for the result.
                let _ = answer.send(command.spawn());
            }
        });
        order
    });
    let (answer, child) = mpsc::channel();
    starter.send((command, answer)).map_err(io::Error::other)?;
    child.recv().map_err(io::Error::other)?
}

/// Kills leftover processes in a server's directory, such as backends of a killed postmaster: a new server must not start
/// beside them. Returns whether none is left.
pub(super) fn end_all(name: &str, directory: &Path, signal: Signal) -> bool {
    let deadline = Instant::now() + START_TIMEOUT;
    while signal_all(name, directory, signal) {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Signals every process of this name that works in the directory; whether there was one.
fn signal_all(name: &str, directory: &Path, signal: Signal) -> bool {
    let Ok(directory) = directory.canonicalize() else { return false };
    let mut any = false;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|pid| pid.parse().ok()) else { continue };
        let works_here = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == directory);
        if works_here && fs::read_to_string(entry.path().join("comm")).is_ok_and(|comm| comm.trim() == name) {
            send(pid, signal);
            any = true;
        }
    }
    any
}

/// Whether every thread of a process is stopped, as `/proc` says.
fn are_stopped(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let is_stopped = |stat: String| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'));
    threads.into_iter().all(|thread| fs::read_to_string(thread.path().join("stat")).is_ok_and(is_stopped))
}

fn send(pid: i32, signal: Signal) {
    // One that has ended needs no signal.
    let _ = kill(Pid::from_raw(pid), signal);
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, net::TcpListener};

    use super::{PORTS, free_port};

    #[test]
    fn a_port_is_given_once_and_never_one_that_somebody_listens_on() {
        let next = free_port().unwrap() + 1;
        let taken = TcpListener::bind(("127.0.0.1", next));
        let ports: Vec<u16> = (0..500).map(|_| free_port().unwrap()).collect();
        assert!(!ports.contains(&next), "{taken:?}");
        assert_eq!(ports.iter().collect::<HashSet<_>>().len(), ports.len());
        assert!(ports.iter().all(|port| PORTS.contains(&u32::from(*port))));
    }
}
