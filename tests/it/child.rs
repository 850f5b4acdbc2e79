//! The platform as a child process: the test binary runs itself again, so that a crash test can abort it anywhere.

use std::{
    fs::File,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use nix::{
    sys::signal::{Signal, kill, raise},
    unistd::Pid,
};
use plyo_identity::{MailFolder, Providers};
use plyo_servers::Durability;

/// What a child does at a named failpoint of the loop.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// Ends as by power loss: no destructor runs.
    Abort,
    /// Stops as a machine does that swaps or is suspended; the test continues it.
    Stop,
}

/// A failpoint of the loop, and which passage of it.
#[derive(Clone, Debug)]
pub struct Failpoint {
    pub name: &'static str,
    pub passage: u32,
    pub fate: Fate,
}

/// What a child is started with.
#[derive(Clone, Debug, Default)]
pub struct Role {
    pub nats_url: String,
    /// Where the seeds are that its services sign in with.
    pub nkeys: PathBuf,
    pub dsn: String,
    pub services: Vec<&'static str>,
    /// How many lanes each of them is to have; 0 for as many as it has.
    pub lanes: u8,
    /// Where an edge listens, if there is to be one.
    pub edge_port: Option<u16>,
    pub failpoint: Option<Failpoint>,
    /// `bug-no-fence` and the like: what the checker must find.
    pub bugs: Vec<&'static str>,
    /// Where the world outside is, if a service does something to it.
    pub world: Option<SocketAddr>,
    /// One in this many passages of any failpoint is the last (storm); 0 is never.
    pub one_in: u32,
    pub seed: u64,
    /// Whether the disk may be late.
    pub relaxed: bool,
    /// Where it writes what it logs, if a test reads that.
    pub log: Option<PathBuf>,
    /// Where it writes mails, if a test reads those.
    pub mail: Option<PathBuf>,
    /// The file of the providers that people can log in with, if there are any.
    pub providers: Option<PathBuf>,
}

const ROLE: &str = "PLYO_TEST_ROLE";
/// Every failpoint of a lane that `plyo_nats` names.
pub const LANE_FAILPOINTS: [&str; 11] =
    ["lock", "epoch-marker", "tail", "pull", "begin", "look-up", "decide", "save", "commit", "publish", "published"];
/// Every failpoint of an effect.
pub const EFFECT_FAILPOINTS: [&str; 4] = ["effect-received", "effect-performed", "effect-reported", "effect-acked"];

/// A child that ends with its test.
pub struct Server(Child);

impl Server {
    pub fn start(role: &Role) -> Self {
        let failpoint = role
            .failpoint
            .as_ref()
            .map(|failpoint| format!("{} {} {:?}", failpoint.name, failpoint.passage, failpoint.fate));
        let log = role
            .log
            .as_ref()
            .map(|path| File::options().create(true).append(true).open(path).expect("a child can have a log"));
        let child = Command::new(std::env::current_exe().expect("the test binary has a path"))
            .args(["--exact", "child::serves_when_a_test_asks_for_it", "--nocapture", "--test-threads=1"])
            .env(ROLE, "server")
            .env("ROLE_NATS", &role.nats_url)
            .env("ROLE_NKEYS", &role.nkeys)
            .env("ROLE_DSN", &role.dsn)
            .env("ROLE_SERVICES", role.services.join(","))
            .env("ROLE_LANES", role.lanes.to_string())
            .env("ROLE_EDGE_PORT", role.edge_port.map_or(String::new(), |port| port.to_string()))
            .env("ROLE_FAILPOINT", failpoint.unwrap_or_default())
            .env("ROLE_BUGS", role.bugs.join(","))
            .env("ROLE_WORLD", role.world.map_or(String::new(), |world| world.to_string()))
            .env("ROLE_ONE_IN", role.one_in.to_string())
            .env("ROLE_SEED", role.seed.to_string())
            .env("ROLE_RELAXED", if role.relaxed { "yes" } else { "" })
            .env("ROLE_MAIL", role.mail.as_deref().unwrap_or(std::path::Path::new("")))
            .env("ROLE_PROVIDERS", role.providers.as_deref().unwrap_or(std::path::Path::new("")))
            .env("ROLE_LOG", if log.is_some() { "yes" } else { "" })
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(match log {
                Some(log) => log.into(),
                None if std::env::var_os("PLYO_TEST_LOG").is_some() => Stdio::inherit(),
                None => Stdio::null(),
            })
            .spawn()
            .expect("the test binary starts again");
        Self(child)
    }

    pub fn signal(&self, signal: Signal) {
        // A child that is gone needs no signal.
        let _ = kill(Pid::from_raw(self.0.id() as i32), signal);
    }

    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("a child can be waited for").is_some()
    }

    /// Stopped by a signal, as `/proc` says.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the world outside is, as this child was told.
pub fn world() -> SocketAddr {
    std::env::var("ROLE_WORLD").ok().and_then(|world| world.parse().ok()).expect("a world outside")
}

/// Not a test of its own: this is the child.
#[test]
fn serves_when_a_test_asks_for_it() {
    if std::env::var(ROLE).is_err() {
        return;
    }
    let role = |name: &str| std::env::var(format!("ROLE_{name}")).unwrap_or_default();
    plan_fates(&role("FAILPOINT"), role("ONE_IN").parse().unwrap_or(0), role("SEED").parse().unwrap_or(0));
    for bug in role("BUGS").split(',').filter(|bug| !bug.is_empty()) {
        fail::cfg(bug, "return").expect("a bug can be planted");
    }
    if std::env::var_os("PLYO_TEST_LOG").is_some() || !role("LOG").is_empty() {
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let lanes = Some(role("LANES").parse().expect("a number of lanes")).filter(|lanes| *lanes > 0);
    let mut config = crate::platform::config(&role("NATS"), role("NKEYS").into(), &role("DSN"), lanes);
    if !role("RELAXED").is_empty() {
        config.durability = Durability::Relaxed;
    }
    if !role("MAIL").is_empty() {
        config.mail = Some(MailFolder { directory: role("MAIL").into(), base_url: "https://plyo.example".to_owned() });
    }
    if !role("PROVIDERS").is_empty() {
        config.providers = Providers::read(role("PROVIDERS").as_ref()).expect("the providers can be read");
    }
    let error = runtime.block_on(crate::platform::serve(config, &role("SERVICES"), role("EDGE_PORT").parse().ok()));
    panic!("the child ended: {error:?}");
}

fn plan_fates(failpoint: &str, one_in: u32, seed: u64) {
    if one_in > 0 {
        for (index, name) in LANE_FAILPOINTS.into_iter().chain(EFFECT_FAILPOINTS).enumerate() {
            let random = std::sync::Mutex::new(Random(seed.wrapping_mul(31).wrapping_add(index as u64 + 1)));
            meet(name, move || {
                let mut random = random.lock().expect("not poisoned");
                random.next().is_multiple_of(u64::from(one_in)).then(|| random.next().is_multiple_of(4))
            });
        }
    }
    if let [name, passage, fate] = failpoint.split(' ').collect::<Vec<_>>()[..] {
        let passage: u32 = passage.parse().expect("a number");
        let stop = fate == "Stop";
        let passed = AtomicU32::new(0);
        meet(name, move || (passed.fetch_add(1, Ordering::SeqCst) + 1 == passage).then_some(stop));
    }
}

/// At this failpoint: `Some(true)` stops the process, `Some(false)` aborts it.
fn meet(failpoint: &str, fate: impl Fn() -> Option<bool> + Send + Sync + 'static) {
    fail::cfg_callback(failpoint, move || match fate() {
        None => {}
        Some(true) => raise(Signal::SIGSTOP).expect("a process can stop itself"),
        Some(false) => std::process::abort(),
    })
    .expect("a failpoint can be met");
}

/// xorshift64*: a seed is a story that can be told again.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.max(1);
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
