//! Starting and stopping as operators do it: nobody is refused a connection, and nobody is cut off.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plyo_client::{Answer, Client};
use plyo_nats::streams;
use plyo_servers::free_port;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    command_line::{self, Up, plyo, reachable_directory, said},
    people::{somebody, workout},
    platform::{Fixture, REAL, eventually},
};

/// `plyo serve` with an edge, which ends with its test.
struct Served {
    process: Up,
    url: String,
    _directory: TempDir,
}

impl Served {
    fn start(fixture: &Fixture, more: &[&str]) -> Self {
        let directory = reachable_directory();
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        let arguments = [&["serve", "--listen", &listen, "--limits", "off"], more].concat();
        let mut command =
            plyo(directory.path(), &[&arguments[..], &servers(fixture).each_ref().map(|s| &**s)].concat());
        command.stdout(Stdio::null());
        if std::env::var_os("PLYO_TEST_LOG").is_some() {
            command.stderr(Stdio::inherit());
        } else {
            command.stderr(Stdio::null());
        }
        fixture.ending.note(&REAL);
        let process = Up(command.spawn().unwrap());
        Self { process, url: format!("http://{listen}"), _directory: directory }
    }

    fn ask_to_stop(&self) {
        kill(Pid::from_raw(self.process.0.id() as i32), Signal::SIGTERM).unwrap();
    }

    async fn ended(&mut self, within: Duration) -> Option<i32> {
        let process = &mut self.process.0;
        eventually("it has ended", within, async || Ok(process.try_wait()?)).await.code()
    }

    async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        Client::new(&self.url)?.get(path).await
    }
}

/// What `plyo` is told of the servers.
fn servers(fixture: &Fixture) -> [String; 8] {
    let nkeys = fixture.nats_server.nkeys().display().to_string();
    let nowhere = free_port().unwrap();
    // Of a list, one that is away hurts nobody.
    let nats = format!("nats://127.0.0.1:{nowhere},{}", fixture.nats_server.url());
    let monitors = format!("http://127.0.0.1:{nowhere},{}", fixture.nats_server.monitor_url());
    [
        "--nats-url".into(),
        nats,
        "--nats-monitor-url".into(),
        monitors,
        "--nkeys".into(),
        nkeys,
        "--postgres-url".into(),
        fixture.dsn(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_stops_says_so_first_and_refuses_nobody_and_cuts_nobody_off() {
    let fixture = Fixture::new().await;
    // Nobody handles workouts, so that their outcomes never come.
    let mut served = Served::start(&fixture, &["--only", "user,edge", "--grace", "3"]);
    fixture.ready(&served.url).await;
    let ada = somebody(&served.url, "ada").await;
    let nats = fixture.nats().await;
    let mut slow = TcpStream::connect(ada.authority()).await.unwrap();
    let body = workout(60.0).to_string();
    let (first, rest) = body.split_at(body.len() / 2);
    let head = format!(
        "POST /api/v1/workouts HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nprefer: respond-async\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{first}",
        ada.authority(),
        ada.token().unwrap(),
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();

    let mut waiting = Client::new(&served.url).unwrap();
    waiting.set_token(ada.token().unwrap());
    let patient = async {
        let headers = [("prefer", "wait=7")];
        let asked = Instant::now();
        let answer = waiting.send("POST", "/api/v1/workouts", &headers, Some(workout(61.0).to_string())).await.unwrap();
        (answer.status, asked.elapsed() > Duration::from_secs(6))
    };
    let stopping = async {
        eventually("both requests are under way", Duration::from_secs(10), async || {
            // The second was made after the first.
            Ok((streams::state(&nats, "COMMANDS_workout").await?.messages > 0).then_some(()))
        })
        .await;
        served.ask_to_stop();
        let asked = Instant::now();
        let ready = eventually("it says that it stops", Duration::from_secs(2), async || {
            Ok(Some(served.get("/ready").await?).filter(|ready| ready.status == 503))
        })
        .await;
        assert!(ready.body["missing"].to_string().contains("shutting down"), "{ready:?}");
        while asked.elapsed() < Duration::from_secs(2) {
            let headers = [("prefer", "respond-async")];
            let mut new = Client::new(&served.url).unwrap();
            new.set_token(ada.token().unwrap());
            let taken = new.send("POST", "/api/v1/workouts", &headers, Some(body.clone())).await.unwrap();
            assert_eq!((taken.status, taken.headers["connection"].to_str().unwrap()), (202, "close"));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        eventually("it takes nobody any more", Duration::from_secs(4), async || {
            Ok(TcpStream::connect(slow.peer_addr()?).await.is_err().then_some(()))
        })
        .await;
        slow.write_all(rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        slow.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    };
    let (answered, ()) = tokio::join!(patient, stopping);
    assert_eq!(answered, (202, true));
    drop((ada, waiting));
    assert_eq!(served.ended(Duration::from_secs(10)).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_twice_does_not_wait() {
    let fixture = Fixture::new().await;
    let mut served = Served::start(&fixture, &["--only", "user,edge", "--grace", "60"]);
    fixture.ready(&served.url).await;
    served.ask_to_stop();
    eventually("it says that it stops", Duration::from_secs(2), async || {
        Ok((served.get("/ready").await?.status == 503).then_some(()))
    })
    .await;
    served.ask_to_stop();
    assert_eq!(served.ended(Duration::from_secs(2)).await, Some(143));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_whose_broker_is_away_answers_whenever_it_was_started() {
    let mut fixture = Fixture::new().await;
    let before = Served::start(&fixture, &["--grace", "0"]);
    fixture.ready(&before.url).await;
    let mut ada = somebody(&before.url, "ada").await;
    fixture.nats_server.kill();
    let after = Served::start(&fixture, &["--grace", "0", "--wait", "60"]);
    for served in [&before, &after] {
        let ready = eventually("it answers", Duration::from_secs(10), async || {
            Ok(Some(served.get("/ready").await?).filter(|ready| ready.status == 503))
        })
        .await;
        let missing = ready.body["missing"].to_string().to_lowercase();
        assert!(missing.contains("nats"), "{ready:?}");
        assert_eq!(served.get("/health").await.unwrap().status, 200);
        let mut anybody = Client::new(&served.url).unwrap();
        anybody.set_token(ada.token().unwrap());
        let refused = anybody.post("/api/v1/workouts", &workout(60.0)).await.unwrap();
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    }
    fixture.nats_server.restart().unwrap();
    for served in [&before, &after] {
        fixture.ready(&served.url).await;
    }
    ada.command("POST", "/api/v1/workouts", "monday", Some(&workout(60.0))).await.unwrap().success().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_starts_before_the_migration_waits_for_it_and_says_so() {
    let fixture = Fixture::new().await;
    let mut db = fixture.database("public").await;
    sqlx::raw_sql("CREATE DATABASE fresh").execute(&mut db).await.unwrap();
    let fresh = fixture.postgres.dsn("fresh");
    let directory = reachable_directory();
    let [nats, nats_url, monitor, monitor_url, nkeys, seeds, postgres, _] = servers(&fixture);
    let servers = [&*nats, &nats_url, &*monitor, &monitor_url, &*nkeys, &seeds, &*postgres, &fresh];
    for command in [&["verify", "user"][..], &["rebuild", "user"]] {
        let asked = Instant::now();
        let early = command_line::output(directory.path(), &[command, &servers[..]].concat(), b"");
        assert!(!early.status.success() && said(&early).contains("run `plyo migrate` first"), "{}", said(&early));
        assert!(asked.elapsed() < Duration::from_secs(10));
    }

    let listen = format!("127.0.0.1:{}", free_port().unwrap());
    let serve = ["serve", "--listen", &listen, "--wait", "60"];
    let _served =
        Up(plyo(directory.path(), &[&serve[..], &servers[..]].concat()).stderr(Stdio::null()).spawn().unwrap());
    let url = format!("http://{listen}");
    eventually("it says what it waits for", Duration::from_secs(10), async || {
        let ready = Client::new(&url)?.get("/ready").await?;
        Ok((ready.status == 503 && ready.body["missing"].to_string().contains("run `plyo migrate`")).then_some(()))
    })
    .await;
    let refused = command_line::output(directory.path(), &[&["serve", "--wait", "0"], &servers[..]].concat(), b"");
    assert!(!refused.status.success() && said(&refused).contains("run `plyo migrate`"), "{}", said(&refused));
    let migrated = command_line::output(directory.path(), &[&["migrate"], &servers[..]].concat(), b"");
    assert!(migrated.status.success(), "{}", said(&migrated));
    fixture.ready(&url).await;
}

/// As process 1 of a container, a command hears a signal only if it asks for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_waits_ends_by_itself_when_it_is_asked_to() {
    let directory = reachable_directory();
    let mut decode = Up(plyo(directory.path(), &["decode"]).spawn().unwrap());
    let process = decode.0.id();
    eventually("it asks for SIGTERM", Duration::from_secs(10), async || {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0").trim();
        let terminate = 1 << (Signal::SIGTERM as u64 - 1);
        Ok((u64::from_str_radix(caught, 16)? & terminate != 0).then_some(()))
    })
    .await;
    kill(Pid::from_raw(process as i32), Signal::SIGTERM).unwrap();
    let ended = eventually("it has ended", Duration::from_secs(5), async || Ok(decode.0.try_wait()?)).await;
    assert_eq!(ended.code(), Some(143));
}
