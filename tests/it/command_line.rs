//! `plyo` as a newcomer and an operator call it: the test binary runs itself again as `plyo`.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plyo_client::Client;
use plyo_servers::free_port;
use serde_json::json;
use sqlx::Connection;
use tempfile::TempDir;

use crate::{
    people::{somebody, workout},
    platform::{Fixture, eventually},
};

const ARGUMENTS: &str = "PLYO_TEST_ARGUMENTS";
const AS_PLYO: [&str; 4] = ["--exact", "command_line::runs_plyo_when_a_test_asks_for_it", "--nocapture", "--quiet"];

/// Not a test of its own: this is `plyo`.
#[tokio::test(flavor = "multi_thread")]
async fn runs_plyo_when_a_test_asks_for_it() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else { return };
    if let Err(error) = plyo::cli::Plyo::read(arguments.split('\n')).run().await {
        eprintln!("plyo: {error:#}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

pub fn plyo(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(AS_PLYO)
        .env(ARGUMENTS, arguments.join("\n"))
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Puts an executable `plyo` into this directory, for programs that look for it on PATH.
pub fn install(directory: &Path) {
    let program = std::env::current_exe().unwrap();
    // "$*" joins by the first character of IFS, and a line is an argument.
    let script = format!(
        "#!/bin/sh\nIFS='\n'\n{ARGUMENTS}=\"$*\"\nexport {ARGUMENTS}\nunset IFS\nexec '{}' {}\n",
        program.display(),
        AS_PLYO.join(" ")
    );
    fs::write(directory.join("plyo"), script).unwrap();
    fs::set_permissions(directory.join("plyo"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs `plyo` to its end.
pub fn output(directory: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = plyo(directory, arguments).spawn().unwrap();
    // One that ends before it has read everything says so by itself.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A running `plyo` that ends with its test.
pub struct Up(pub Child);

impl Up {
    async fn start(directory: &Path, port: u16) -> Self {
        Self::start_with(directory, port, &[]).await
    }

    async fn start_with(directory: &Path, port: u16, more: &[&str]) -> Self {
        let command = plyo(directory, &[&["up", "--port", &port.to_string()], more].concat());
        Self::when_ready(command, directory, port).await
    }

    /// The same of another `plyo`.
    pub async fn start_as(mut plyo: Command, directory: &Path, port: u16) -> Self {
        plyo.args(["up", "--port", &port.to_string()]).current_dir(directory);
        Self::when_ready(plyo, directory, port).await
    }

    async fn when_ready(mut command: Command, directory: &Path, port: u16) -> Self {
        let log = fs::File::create(directory.join("up.log")).unwrap();
        let up = Self(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
        eventually("the platform is ready", Duration::from_secs(60), async || {
            Ok((Client::new(&format!("http://127.0.0.1:{port}"))?.get("/ready").await?.status == 200).then_some(()))
        })
        .await;
        up
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id() as i32), signal).unwrap();
    }

    pub async fn ended(&mut self) -> std::process::ExitStatus {
        eventually("plyo has ended", Duration::from_secs(30), async || Ok(self.0.try_wait()?)).await
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Servers whose data is under this directory.
fn servers_in(directory: &Path) -> Vec<PathBuf> {
    let places =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| fs::read_link(entry.path().join("cwd")).ok());
    places.filter(|place| place.starts_with(directory.join(".plyo"))).collect()
}

async fn log_in(url: &str) -> anyhow::Result<()> {
    let credentials = json!({ "email": "ada@example.org", "password": "long enough" });
    Client::new(url)?.post("/api/v1/auth/login", &credentials).await?.success()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn plyo_up_leaves_nothing_running_and_finds_its_data_again() {
    let directory = reachable_directory();
    let port = free_port().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let mut up = Up::start(directory.path(), port).await;
    let credentials = json!({ "email": "ada@example.org", "password": "long enough" });
    Client::new(&url).unwrap().post("/api/v1/auth/register", &credentials).await.unwrap().success().unwrap();

    let second = output(directory.path(), &["up", "--port", &free_port().unwrap().to_string()], b"");
    assert!(!second.status.success() && said(&second).contains("already running on"), "{}", said(&second));

    up.signal(Signal::SIGTERM);
    assert!(up.ended().await.success(), "{}", fs::read_to_string(directory.path().join("up.log")).unwrap());
    assert_eq!(servers_in(directory.path()), Vec::<PathBuf>::new());
    let ports = fs::read_to_string(directory.path().join(".plyo/ports.json")).unwrap();

    let mut up = Up::start(directory.path(), port).await;
    let again = fs::read_to_string(directory.path().join(".plyo/ports.json")).unwrap();
    let port_of = |text: &str, name: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()[name].clone();
    for name in ["nats", "postgres", "redis"] {
        assert_eq!(port_of(&again, name), port_of(&ports, name), "{name}");
    }
    log_in(&url).await.unwrap();

    up.signal(Signal::SIGKILL);
    up.ended().await;
    eventually("its servers end with it", Duration::from_secs(10), async || {
        Ok(servers_in(directory.path()).is_empty().then_some(()))
    })
    .await;
    let _up = Up::start(directory.path(), port).await;
    eventually("the user service answers", Duration::from_secs(20), async || Ok(log_in(&url).await.ok())).await;
    let verified = output(directory.path(), &["verify"], b"");
    assert!(verified.status.success(), "{}", said(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn plyo_up_goes_on_elsewhere_from_a_backup_and_not_over_data_that_are_there() {
    let directory = reachable_directory();
    let port = free_port().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let mut up = Up::start(directory.path(), port).await;
    let mut ada = somebody(&url, "ada").await;
    let logged = ada.command("POST", "/api/v1/workouts", "squats", Some(&workout(60.0))).await.unwrap();
    let logged = logged.success().unwrap()["workout_id"].clone();
    let backup = output(directory.path(), &["backup", "monday"], b"");
    assert!(backup.status.success(), "{}", said(&backup));
    up.signal(Signal::SIGTERM);
    assert!(up.ended().await.success());

    let elsewhere = reachable_directory();
    let monday = directory.path().join("monday").display().to_string();
    let mut up = Up::start_with(elsewhere.path(), port, &["--restore", &monday]).await;
    let (mut ada, _) = crate::people::log_in(&url, "ada").await;
    let there = ada.get("/api/v1/workouts").await.unwrap().body;
    assert_eq!(there["items"][0]["workout_id"], logged, "{there}");
    let verified = output(elsewhere.path(), &["verify"], b"");
    assert!(verified.status.success(), "{}", said(&verified));
    up.signal(Signal::SIGTERM);
    assert!(up.ended().await.success());

    let over = output(elsewhere.path(), &["up", "--port", &port.to_string(), "--restore", &monday], b"");
    assert!(!over.status.success(), "{}", said(&over));
    let _up = Up::start(elsewhere.path(), port).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_beside_plyo_up_signs_in_to_postgres_as_itself() {
    let directory = reachable_directory();
    let _up = Up::start(directory.path(), free_port().unwrap()).await;
    let port = free_port().unwrap();
    let listen = format!("127.0.0.1:{port}");
    let _served = Up(plyo(directory.path(), &["serve", "--only", "workout", "--listen", &listen]).spawn().unwrap());
    let ready = eventually("the service is ready", Duration::from_secs(30), async || {
        let answer = Client::new(&format!("http://{listen}"))?.get("/ready").await?;
        Ok((answer.status == 200).then_some(answer.body))
    })
    .await;
    assert_eq!(ready["nats"], json!({ "workout": null }));

    let places = fs::read_to_string(directory.path().join(".plyo/ports.json")).unwrap();
    let places: serde_json::Value = serde_json::from_str(&places).unwrap();
    let url = format!("postgres://plyo@127.0.0.1:{}/plyo", places["postgres"]);
    let mut db = sqlx::PgConnection::connect(&url).await.unwrap();
    let sessions = "SELECT usename::text, count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1";
    eventually("only roles of services are signed in", Duration::from_secs(10), async || {
        let sessions: Vec<(String, i64)> = sqlx::query_as(sessions).fetch_all(&mut db).await?;
        Ok((!sessions.is_empty() && sessions.iter().all(|(role, _)| role.starts_with("plyo_"))).then_some(()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_refuses_to_start_on_what_is_misconfigured() {
    let fixture = Fixture::new().await;
    let directory = reachable_directory();
    let (nats, monitor, nkeys) =
        (fixture.nats_server.url(), fixture.nats_server.monitor_url(), fixture.nats_server.nkeys());
    let dsn = fixture.dsn();
    let serve = |dsn: &str, more: &[&str]| {
        let port = format!("127.0.0.1:{}", free_port().unwrap());
        let servers =
            ["serve", "--only", "workout", "--listen", &port, "--nats-url", &nats, "--nkeys", nkeys.to_str().unwrap()];
        output(directory.path(), &[&servers[..], &["--postgres-url", dsn], more].concat(), b"")
    };
    let unasked = serve(&dsn, &[]);
    assert!(!unasked.status.success() && said(&unasked).contains("PLYO_NATS_MONITOR_URL"), "{}", said(&unasked));
    let placeholder = serve("postgres://plyo:changeme@127.0.0.1/plyo", &["--nats-monitor-url", &monitor]);
    assert!(!placeholder.status.success() && said(&placeholder).contains("placeholder"), "{}", said(&placeholder));
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9000, 'newer', now(), true, '', 0)")
        .execute(&mut fixture.database("workout").await)
        .await
        .unwrap();
    let newer = serve(&dsn, &["--nats-monitor-url", &monitor, "--wait", "0"]);
    assert!(!newer.status.success() && said(&newer).contains("newer than this binary"), "{}", said(&newer));

    let relaxed = Fixture::with(plyo_servers::Durability::Relaxed).await;
    let late = output(
        directory.path(),
        &[
            "serve",
            "--only",
            "workout",
            "--nats-url",
            &relaxed.nats_server.url(),
            "--nats-monitor-url",
            &relaxed.nats_server.monitor_url(),
            "--nkeys",
            relaxed.nats_server.nkeys().to_str().unwrap(),
            "--postgres-url",
            &relaxed.dsn(),
        ],
        b"",
    );
    assert!(!late.status.success() && said(&late).contains("sync_interval: always"), "{}", said(&late));
}

#[test]
fn decode_leaves_json_as_it_is_shows_messagepack_as_json_and_names_what_is_none() {
    let directory = reachable_directory();
    let body = [0x82, 0xa4, b'r', b'e', b'p', b's', 5, 0xa2, b'k', b'g', 0xcb, 0x40, 0x4e, 0, 0, 0, 0, 0, 0];
    let decoded = output(directory.path(), &["decode"], &body);
    assert!(decoded.status.success(), "{}", said(&decoded));
    assert!(said(&decoded).contains("\"reps\": 5") && said(&decoded).contains("\"kg\": 60.0"), "{}", said(&decoded));
    let json = br#"{"due_at":"2026-12-01T06:00:00Z",  "reminder_id":"x"}"#;
    let left = output(directory.path(), &["decode"], json);
    assert!(left.status.success() && said(&left).contains(str::from_utf8(json).unwrap()), "{}", said(&left));
    for wrong in [&body[..4], b"\xc1", b"{}}"] {
        let refused = output(directory.path(), &["decode"], wrong);
        assert_eq!(refused.status.code(), Some(1), "{wrong:?}");
        assert!(said(&refused).contains("MessagePack"), "{}", said(&refused));
    }
}

/// Under the system's temporary directory, open to Postgres' user.
pub fn reachable_directory() -> TempDir {
    let directory = tempfile::Builder::new().prefix("plyo-cli-").tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}
