//! A socket through what happens to the servers behind it: the broker stops and starts, the edge is shut down, and whoever
//! listens gets everything once and in order.

use std::{
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::StreamExt;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plyo_client::{Client, Live, Push};
use plyo_events::UserId;
use plyo_nats::{CommandPublisher, streams};
use plyo_servers::free_port;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{client_async, tungstenite::Message};

use crate::{
    command_line,
    ledger::{self, log, send},
    people::{credentials, log_in, somebody, workout},
    platform::{Fixture, REAL, eventually},
};

/// What came on one socket for as long as it stayed.
#[derive(Default)]
struct Heard {
    pushes: Vec<Push>,
    gaps: u64,
    duplicates: u64,
    end: Option<String>,
}

async fn listen(mut live: Live, heard: Arc<Mutex<Heard>>) {
    loop {
        let next = live.next().await;
        let mut heard = heard.lock().unwrap();
        (heard.gaps, heard.duplicates) = (live.gaps, live.duplicates);
        match next {
            Ok(push) => heard.pushes.push(push),
            Err(error) => {
                heard.end = Some(error.to_string());
                return;
            }
        }
    }
}

/// Ada listens and logs workouts. Three times the broker goes away while commands are under way and the edge has not yet
/// looked at what it was sent; she hears what `EVENTS` says, each event once, on the one socket.
async fn a_socket_outlives_the_broker(going: impl Fn(&mut Fixture)) {
    let mut fixture = Fixture::new().await;
    let _services = fixture.start(&REAL);
    let edge = Edge::start(&fixture).await;
    Client::new(&edge.url)
        .unwrap()
        .post("/api/v1/auth/register", &credentials("ada"))
        .await
        .unwrap()
        .success()
        .unwrap();
    let (mut ada, tokens) = log_in(&edge.url, "ada").await;
    let user: UserId = tokens["user_id"].as_str().unwrap().parse().unwrap();
    fixture.settle(&REAL).await;
    let before = ledger::events(&fixture).await.len();
    let heard = Arc::new(Mutex::new(Heard::default()));
    let live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let listening = tokio::spawn(listen(live, Arc::clone(&heard)));
    let nats = fixture.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    for round in 0..3 {
        let pushes = heard.lock().unwrap().pushes.len();
        let one_by_one = tokio::spawn(async move {
            for number in 0..5 {
                let key = format!("{round}-{number}");
                let answer = ada.command("POST", "/api/v1/workouts", &key, Some(&workout(60.0))).await.unwrap();
                assert_eq!(answer.status, 201, "{answer:?}");
            }
            ada
        });
        eventually("pushes come", Duration::from_secs(30), async || {
            Ok((heard.lock().unwrap().pushes.len() > pushes).then_some(()))
        })
        .await;
        edge.signal(Signal::SIGSTOP);
        let head = streams::state(&nats, "EVENTS").await.unwrap().last;
        let many: Vec<_> = (0..50).map(|_| log(user, 5)).collect();
        futures_util::future::join_all(many.iter().map(|command| send(&publisher, command))).await;
        eventually("events come", Duration::from_secs(30), async || {
            Ok((streams::state(&nats, "EVENTS").await?.last >= head + 50).then_some(()))
        })
        .await;
        going(&mut fixture);
        fixture.nats_server.restart().unwrap();
        edge.signal(Signal::SIGCONT);
        ada = one_by_one.await.unwrap();
    }
    fixture.settle(&REAL).await;
    let stored = ids_from(&fixture, before).await;
    eventually("everything is pushed", Duration::from_secs(20), async || {
        Ok((heard.lock().unwrap().pushes.len() >= stored.len()).then_some(()))
    })
    .await;
    listening.abort();
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    let pushed: Vec<String> = heard.pushes.iter().map(|push| push.id.clone()).collect();
    assert_eq!((heard.gaps, heard.duplicates, heard.end), (0, 0, None));
    assert!(pushed == stored, "{} were pushed, {} are stored, or in another order", pushed.len(), stored.len());
    let completed = heard.pushes.iter().filter(|push| push.kind == "workout.completed.v1").count();
    assert_eq!(completed, 3 * (50 + 5));
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

/// The ids of the events from the `first` on, as `EVENTS` has them.
async fn ids_from(fixture: &Fixture, first: usize) -> Vec<String> {
    ledger::events(fixture).await[first..].iter().map(|event| event.id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_stopped_in_good_order_costs_a_socket_nothing() {
    a_socket_outlives_the_broker(|fixture| fixture.nats_server.stop()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_costs_a_socket_nothing() {
    a_socket_outlives_the_broker(|fixture| fixture.nats_server.kill()).await;
}

/// `plyo serve --only edge`; it ends with its test.
struct Edge {
    process: Child,
    url: String,
    _program: TempDir,
}

impl Edge {
    async fn start(fixture: &Fixture) -> Self {
        let program = tempfile::tempdir().unwrap();
        command_line::install(program.path());
        let authority = format!("127.0.0.1:{}", free_port().unwrap());
        let mut command = Command::new(program.path().join("plyo"));
        command.args(["serve", "--only", "edge", "--limits", "off", "--listen", &authority]);
        let server = &fixture.nats_server;
        command.args(["--nats-url", &server.url(), "--nats-monitor-url", &server.monitor_url()]);
        command.args(["--postgres-url", &fixture.dsn(), "--nkeys"]).arg(server.nkeys());
        command.current_dir(program.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let edge = Self { process, url: format!("http://{authority}"), _program: program };
        fixture.ready(&edge.url).await;
        edge
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).unwrap();
    }

    async fn ended(&mut self) -> std::process::ExitStatus {
        eventually("the edge has ended", Duration::from_secs(10), async || Ok(self.process.try_wait()?)).await
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_is_shut_down_says_bye_and_its_clients_go_on_at_the_next_one() {
    let fixture = Fixture::new().await;
    let _services = fixture.start(&REAL);
    let (mut first, next) = (Edge::start(&fixture).await, Edge::start(&fixture).await);
    let mut ada = somebody(&next.url, "ada").await;
    fixture.settle(&REAL).await;
    let before = ledger::events(&fixture).await.len();
    let token = ada.token().unwrap().to_owned();
    let authority = |edge: &Edge| edge.url.strip_prefix("http://").unwrap().to_owned();
    let mut lives = Vec::new();
    for _ in 0..100 {
        let mut live = Live::connect(&authority(&first), &token, None, &["me"]).await.unwrap();
        let ready = live.frame().await.unwrap();
        assert_eq!(ready["t"], "ready");
        lives.push((live, ready));
    }
    // One that has not said hello yet.
    let stream = TcpStream::connect(authority(&first)).await.unwrap();
    let (mut silent, _) = client_async(format!("ws://{}/api/v1/live", authority(&first)), stream).await.unwrap();

    ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    first.signal(Signal::SIGTERM);
    // Meanwhile she goes on at the other edge.
    ada.post("/api/v1/workouts", &workout(62.5)).await.unwrap().success().unwrap();
    let mut heard = Vec::new();
    for (mut live, ready) in lives {
        heard.push(until_bye(&mut live, &ready).await);
    }
    let bye = silent.next().await.unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Value>(bye.to_text().unwrap()).unwrap()["code"], 4000);
    let Some(Ok(Message::Close(Some(close)))) = silent.next().await else { panic!("no close") };
    assert_eq!(u16::from(close.code), 4000);
    drop(silent);
    assert!(first.ended().await.success());

    ada.post("/api/v1/workouts", &workout(65.0)).await.unwrap().success().unwrap();
    fixture.settle(&REAL).await;
    let stored = ids_from(&fixture, before).await;
    for (mut heard, cursor) in heard {
        let mut again = Live::connect(&authority(&next), &token, Some(&cursor), &["me"]).await.unwrap();
        assert_eq!(again.welcome["resume"]["mode"], "replay");
        while heard.len() < stored.len() {
            let push = tokio::time::timeout(Duration::from_secs(10), again.next()).await.expect("a push comes");
            heard.push(push.unwrap().id);
        }
        assert_eq!(heard, stored);
        assert_eq!((again.gaps, again.duplicates), (0, 0));
    }
}

/// The ids of what is pushed until the edge says bye and closes with the same code, and the last cursor.
async fn until_bye(live: &mut Live, ready: &Value) -> (Vec<String>, String) {
    let (mut ids, mut cursor) = (Vec::new(), ready["c"].clone());
    let bye = loop {
        let frame = live.frame().await.unwrap();
        if frame["t"] != "evt" {
            break frame;
        }
        assert_eq!(frame["p"], cursor, "a gap");
        cursor = frame["c"].clone();
        ids.push(frame["id"].as_str().unwrap().to_owned());
    };
    assert_eq!((&bye["t"], &bye["code"], &bye["resume"]), (&json!("bye"), &json!(4000), &json!(true)), "{bye}");
    let closed = live.frame().await.unwrap_err().to_string();
    assert!(closed.contains("4000"), "{closed}");
    (ids, cursor.as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_with_a_field_that_nobody_knows_is_refused_over_a_socket_as_over_http() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let saved = ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    let id = saved["workout_id"].as_str().unwrap();
    let path = format!("/api/v1/workouts/{id}");
    let with = |mut object: Value| {
        object["mood"] = json!("good");
        object
    };
    let over_http = ada.send("PUT", &path, &[], Some(with(workout(62.5)).to_string())).await.unwrap();
    assert_eq!(over_http.status, 422, "{over_http:?}");
    assert_eq!(over_http.body["violations"][0]["pointer"], "/mood");

    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["announcements"]).await.unwrap();
    assert_eq!(live.frame().await.unwrap()["t"], "ready");
    let right = json!({ "workout_id": id, "workout": workout(62.5) });
    for (kind, data, pointer) in [
        ("workout.correct.v1", with(right.clone()), "/mood"),
        ("workout.correct.v1", json!({ "workout_id": id, "workout": with(workout(62.5)) }), "/workout/mood"),
        ("workout.log.v1", with(workout(62.5)), "/mood"),
        ("workout.delete.v1", with(json!({ "workout_id": id })), "/mood"),
    ] {
        live.say(&json!({ "t": "cmd", "n": 1, "type": kind, "data": data })).await.unwrap();
        let refused = live.frame().await.unwrap();
        assert_eq!((&refused["t"], &refused["code"]), (&json!("err"), &over_http.body["code"]), "{refused}");
        assert_eq!(refused["problem"]["violations"][0]["pointer"], pointer, "{refused}");
    }
    // What the edge refuses, and what the service does, leads into what the socket sent.
    let (mut tomorrow, mut unknown) = (right.clone(), right.clone());
    tomorrow["workout"]["started_at"] = json!("2199-01-01T00:00:00Z");
    unknown["workout"]["exercises"][0]["exercise"] = json!("moonwalk");
    for (data, pointer) in [(tomorrow, "/workout/started_at"), (unknown, "/workout/exercises/0/exercise")] {
        live.say(&json!({ "t": "cmd", "n": 1, "type": "workout.correct.v1", "data": data })).await.unwrap();
        let refused = live.frame().await.unwrap();
        assert_eq!(refused["problem"]["violations"][0]["pointer"], pointer, "{refused}");
    }
    assert_eq!(ada.get(&path).await.unwrap().body["revision"], 1);
    live.say(&json!({ "t": "cmd", "n": 2, "type": "workout.correct.v1", "data": right })).await.unwrap();
    assert_eq!(live.frame().await.unwrap()["result"]["revision"], 2);
}

/// The answer to command `n` on this socket.
async fn answered(live: &mut Live, n: u64) -> Value {
    tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let frame = live.frame().await.unwrap();
            if frame["n"] == n && frame["t"] != "evt" {
                return frame;
            }
        }
    })
    .await
    .expect("the command is answered")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_falls_back_from_a_socket_to_http_with_its_key_is_handled_once() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["announcements"]).await.unwrap();
    let cmd = |n: u64, key: &str, kind: &str, data: Value| json!({ "t": "cmd", "n": n, "key": key, "type": kind, "data": data });
    live.say(&cmd(1, "monday", "workout.log.v1", workout(60.0))).await.unwrap();
    let logged = answered(&mut live, 1).await["result"].clone();
    // The same, written otherwise: what it says counts.
    let pretty = serde_json::to_string_pretty(&workout(60.0)).unwrap();
    let again = ada.send("POST", "/api/v1/workouts", &[("idempotency-key", "monday")], Some(pretty)).await.unwrap();
    assert_eq!((again.status, &again.body), (201, &logged), "{again:?}");

    // And the other way round, for a command that names what it is about.
    let path = format!("/api/v1/workouts/{}", logged["workout_id"].as_str().unwrap());
    let corrected = ada.command("PUT", &path, "tuesday", Some(&workout(61.0))).await.unwrap();
    assert_eq!((corrected.status, &corrected.body["revision"]), (200, &json!(2)), "{corrected:?}");
    let correct = |kg: f64| json!({ "workout_id": logged["workout_id"], "workout": workout(kg) });
    live.say(&cmd(2, "tuesday", "workout.correct.v1", correct(61.0))).await.unwrap();
    assert_eq!(answered(&mut live, 2).await["result"], corrected.body);
    live.say(&cmd(3, "tuesday", "workout.correct.v1", correct(62.0))).await.unwrap();
    assert_eq!(answered(&mut live, 3).await["code"], "idempotency_key_reused");
    // About another workout the same key is another command.
    let other = ada.command("POST", "/api/v1/workouts", "wednesday", Some(&workout(70.0))).await.unwrap();
    let path = format!("/api/v1/workouts/{}", other.body["workout_id"].as_str().unwrap());
    let corrected = ada.command("PUT", &path, "tuesday", Some(&workout(71.0))).await.unwrap();
    assert_eq!((corrected.status, &corrected.body["revision"]), (200, &json!(2)), "{corrected:?}");

    fixture.settle(&REAL).await;
    let events = ledger::events(&fixture).await;
    let count = |name: &str| events.iter().filter(|event| event.body.kind().name() == name).count();
    assert_eq!((count("workout.completed"), count("workout.corrected")), (2, 2));
}
