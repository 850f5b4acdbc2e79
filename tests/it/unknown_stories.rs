//! When the edge cannot know: a server that hangs, a command that is under way, a database that is away.

use std::time::Duration;

use futures_util::future::join_all;
use plyo_client::Client;
use plyo_events::UserId;
use plyo_nats::raw;
use plyo_servers::free_port;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    child::{Role, Server},
    command_line::{Up, plyo, reachable_directory},
    ledger,
    people::{somebody, workout},
    platform::{Fixture, REAL, eventually},
};

/// A reminder that came due, as no binary of today can read it: the workout service's lane stops before it.
async fn plant_a_newer_reminder(fixture: &Fixture) {
    let user = UserId::mint();
    let header = ("ce-type".to_owned(), "clock.workout_reminder_due.v9".to_owned());
    let newer = (format!("evt.clock.workout_reminder_due.{user}"), vec![header], vec![]);
    raw::publish_pipelined(&fixture.nats().await, vec![newer], 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_hangs_makes_outcomes_unknown_and_the_same_key_tells_the_truth() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let ada = somebody(&url, "ada").await;
    let clients = || {
        (0..20).map(|number| {
            let mut client = Client::new(&url).unwrap();
            client.set_token(ada.token().unwrap());
            (format!("hung-{number}"), client)
        })
    };
    fixture.nats_server.pause();
    let hung = join_all(clients().map(async |(key, mut client)| {
        let body = workout(60.0).to_string();
        let headers = [("idempotency-key", key.as_str())];
        let posting = client.send("POST", "/api/v1/workouts", &headers, Some(body));
        tokio::time::timeout(Duration::from_secs(30), posting).await.expect("the edge does not hang with it").unwrap()
    }))
    .await;
    fixture.nats_server.resume();
    for answer in &hung {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    }
    let unknown = hung.iter().filter(|answer| answer.body["outcome"] == "unknown").count();
    assert!(unknown > 0, "a command that was sent may be stored: {hung:?}");
    let told = join_all(clients().map(async |(key, mut client)| {
        client.command("POST", "/api/v1/workouts", &key, Some(&workout(60.0))).await.unwrap()
    }))
    .await;
    assert!(told.iter().all(|answer| answer.status == 201), "{told:?}");
    fixture.settle(&REAL).await;
    let events = ledger::events(&fixture).await;
    assert_eq!(events.iter().filter(|event| event.body.kind().name() == "workout.completed").count(), 20);
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_under_way_is_in_flight_until_its_lane_goes_on() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    fixture.settle(&REAL).await;
    plant_a_newer_reminder(&fixture).await;
    eventually("the lane has stopped", Duration::from_secs(20), async || {
        Ok((ada.get("/api/v1/workouts/health").await?.body["status"] == "stopped").then_some(()))
    })
    .await;
    let headers = [("idempotency-key", "monday"), ("prefer", "respond-async")];
    let body = workout(60.0).to_string();
    let stored = ada.send("POST", "/api/v1/workouts", &headers, Some(body.clone())).await.unwrap();
    assert_eq!((stored.status, &stored.body["status"]), (202, &"pending".into()), "{stored:?}");
    assert_eq!(stored.headers["preference-applied"], "respond-async");
    let again = ada.send("POST", "/api/v1/workouts", &headers, Some(body)).await.unwrap();
    assert_eq!((again.status, &again.body["code"]), (409, &"in_flight".into()), "{again:?}");
    assert!(again.headers.contains_key("retry-after"), "{again:?}");
    let location = stored.headers["location"].to_str().unwrap();
    assert_eq!(ada.get(location).await.unwrap().status, 202);
    // Queries are answered meanwhile, and so is everything that is not the workout service's.
    assert_eq!(ada.get("/api/v1/workouts").await.unwrap().body["items"], serde_json::json!([]));
    let read = ada.command("POST", "/api/v1/notifications/read-all", "read", None).await.unwrap();
    assert_eq!(read.status, 200, "{read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_with_a_stopped_lane_is_not_ready_and_says_why() {
    let fixture = Fixture::new().await;
    let directory = reachable_directory();
    let (nats, monitor, nkeys) =
        (fixture.nats_server.url(), fixture.nats_server.monitor_url(), fixture.nats_server.nkeys());
    let listen = format!("127.0.0.1:{}", free_port().unwrap());
    let url = format!("http://{listen}");
    let dsn = fixture.postgres.dsn_as("{role}", "plyo");
    let servers = ["--nats-url", &nats, "--nats-monitor-url", &monitor, "--nkeys", nkeys.to_str().unwrap()];
    let serve = ["serve", "--listen", &listen, "--postgres-url", &dsn];
    let _served = Up(plyo(directory.path(), &[&serve[..], &servers].concat()).spawn().unwrap());
    fixture.ready(&url).await;
    plant_a_newer_reminder(&fixture).await;
    let mut operator = Client::new(&url).unwrap();
    let missing = eventually("it is not ready any more", Duration::from_secs(20), async || {
        let answer = operator.get("/ready").await?;
        Ok((answer.status == 503).then(|| answer.body["missing"].to_string()))
    })
    .await;
    assert!(missing.contains("workout: ") && missing.contains("run a newer binary"), "{missing}");
    assert_eq!(operator.get("/health").await.unwrap().status, 200);
    let mut ada = somebody(&url, "ada").await;
    assert_eq!(ada.get("/api/v1/auth/me").await.unwrap().status, 200, "the other services go on");
    // What the stuck lane cannot handle counts, though its consumer has given it long ago.
    eventually("the lag is told", Duration::from_secs(20), async || {
        let metrics = page(&listen, "/metrics").await;
        let labels = ["plyo_consumer_lag{", "service=\"workout\"", "stream=\"EVENTS\""];
        let lag = metrics.lines().find(|line| labels.iter().all(|label| line.contains(label)));
        Ok(lag.filter(|line| !line.trim_end().ends_with(" 0")).map(|_| ()))
    })
    .await;
    let metrics = page(&listen, "/metrics").await;
    for name in ["plyo_consumer_lag", "plyo_batch_size", "plyo_outcomes_total", "plyo_reaction_seconds"] {
        assert!(metrics.contains(name), "no {name}: {metrics}");
    }
}

/// A page that is no JSON.
async fn page(authority: &str, path: &str) -> String {
    let mut connection = TcpStream::connect(authority).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_service_says_so_and_answers_when_it_is_back() {
    let mut fixture = Fixture::new().await;
    let _services = fixture.start(&REAL);
    let port = free_port().unwrap();
    let _edge = Server::start(&Role { edge_port: Some(port), ..fixture.role(&[]) });
    let url = format!("http://127.0.0.1:{port}");
    fixture.ready(&url).await;
    let mut ada = somebody(&url, "ada").await;
    let saved = ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    let path = format!("/api/v1/workouts/{}", saved["workout_id"].as_str().unwrap());
    fixture.postgres.kill();
    let away = ada.get(&path).await.unwrap();
    assert_eq!((away.status, &away.body["code"]), (503, &"unavailable".into()), "{away:?}");
    assert!(away.headers.contains_key("retry-after"), "{away:?}");
    // What is posted meanwhile is stored, and handled later.
    let headers = [("idempotency-key", "away"), ("prefer", "respond-async")];
    let stored = ada.send("POST", "/api/v1/workouts", &headers, Some(workout(61.0).to_string())).await.unwrap();
    assert_eq!(stored.status, 202, "{stored:?}");
    fixture.postgres.restart().unwrap();
    fixture.settle(&REAL).await;
    eventually("it answers again", Duration::from_secs(20), async || {
        let list = ada.get("/api/v1/workouts").await?;
        Ok((list.status == 200 && list.body["items"].as_array().is_some_and(|items| items.len() == 2)).then_some(()))
    })
    .await;
    assert_eq!(ada.get(stored.headers["location"].to_str().unwrap()).await.unwrap().body["status"], "done");
}
