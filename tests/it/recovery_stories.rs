//! Coming back is bounded: a server that vanished without a word is given up in seconds, and when one answers again, so does
//! the platform.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use plyo_client::Client;
use plyo_nats::{Nats, NatsConfig, ping, raw, streams};
use plyo_servers::{free_port, nkeys};

use crate::{
    child::{Role, Server},
    people::{log_in, somebody, workout},
    platform::{Fixture, REAL, eventually},
    wire::{Swallowing, Wire},
};

/// How soon every lane is owned once its servers answer.
const SOON: Duration = Duration::from_secs(8);

/// Waits until the service says this of its lane.
async fn lane_says(nats: &Nats, service: &str, word: &str) {
    eventually(&format!("{service} says {word}"), Duration::from_secs(20), async || {
        let instances = ping(nats, service, Duration::from_millis(300)).await;
        Ok(instances.iter().any(|instance| instance["endpoints"][0]["data"].to_string().contains(word)).then_some(()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_whose_postgres_swallows_what_is_sent_to_it_says_so_and_owns_soon_after_one_answers() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let swallowing = Swallowing::new().await;
    let port = swallowing.port;
    let dsn = format!("postgres://{{role}}@127.0.0.1:{port}/plyo");
    let _service = Server::start(&Role { dsn, ..fixture.role(&["workout"]) });
    lane_says(&nats, "workout", &format!("connect to Postgres at 127.0.0.1:{port}: no response within 3 s")).await;
    drop(swallowing);
    let _wire = Wire::at(port, fixture.postgres.port()).await;
    let answers = Instant::now();
    lane_says(&nats, "workout", "owning").await;
    assert!(answers.elapsed() < SOON, "{:?}", answers.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_replaced_without_a_word_is_noticed_and_fails_no_later_request() {
    let mut fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let wire = Wire::to(fixture.postgres.port()).await;
    let (dsn, port) = (format!("postgres://{{role}}@127.0.0.1:{}/plyo", wire.port), free_port().unwrap());
    let _platform = Server::start(&Role { dsn, edge_port: Some(port), ..fixture.role(&REAL) });
    let url = format!("http://127.0.0.1:{port}");
    fixture.ready(&url).await;
    let mut ada = somebody(&url, "ada").await;
    ada.command("POST", "/api/v1/workouts", "monday", Some(&workout(60.0))).await.unwrap().success().unwrap();
    fixture.settle(&REAL).await;

    wire.cut().await;
    fixture.postgres.kill();
    fixture.postgres.restart().unwrap();
    let answers = Instant::now();
    let owning = r#""lane":"owning""#;
    // A lane that has not noticed says that it owns: a command shows that it does.
    ada.command("POST", "/api/v1/workouts", "tuesday", Some(&workout(61.0))).await.unwrap().success().unwrap();
    join_all(REAL.iter().map(|service| lane_says(&nats, service, owning))).await;
    assert!(answers.elapsed() < SOON, "{:?}", answers.elapsed());

    // More than the pools have connections.
    let token = ada.token().unwrap();
    let asking = (0..24).map(|number| {
        let mut ada = Client::new(&url).unwrap();
        ada.set_token(token);
        let path = if number % 2 == 0 { "/api/v1/workouts" } else { "/api/v1/auth/me" };
        async move { ada.get(path).await.unwrap().status }
    });
    assert_eq!(join_all(asking).await, vec![200; 24]);
    for _ in 0..3 {
        log_in(&url, "ada").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_instance_was_asked_when_it_died_is_answered_by_the_one_that_stands_by() {
    let fixture = Fixture::new().await;
    let (_platform, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    ada.command("POST", "/api/v1/workouts", "monday", Some(&workout(60.0))).await.unwrap().success().unwrap();
    let mut second = fixture.start(&["workout"]);
    let nats = fixture.nats().await;
    eventually("two instances answer", Duration::from_secs(20), async || {
        Ok((ping(&nats, "workout", Duration::from_millis(300)).await.len() == 2).then_some(()))
    })
    .await;
    second.signal(Signal::SIGSTOP);
    eventually("the second is stopped", Duration::from_secs(5), async || Ok(second.is_stopped().then_some(()))).await;
    // About half of them are asked of the one that will never answer.
    let token = ada.token().unwrap().to_owned();
    let answered = AtomicU32::new(0);
    let asking = (0..16).map(|_| {
        let (url, token, answered) = (url.clone(), token.clone(), &answered);
        async move {
            let mut ada = Client::new(&url).unwrap();
            ada.set_token(&token);
            let asked = Instant::now();
            let status = ada.get("/api/v1/workouts").await.unwrap().status;
            answered.fetch_add(1, Ordering::Relaxed);
            (status, asked.elapsed() < Duration::from_secs(4))
        }
    });
    let dying = async {
        eventually("some are answered, by the other", Duration::from_secs(10), async || {
            Ok((answered.load(Ordering::Relaxed) > 1).then_some(()))
        })
        .await;
        second.signal(Signal::SIGKILL);
        eventually("it is dead", Duration::from_secs(5), async || Ok(second.has_ended().then_some(()))).await;
    };
    let (answers, ()) = tokio::join!(join_all(asking), dying);
    assert_eq!(answers, vec![(200, true); 16]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_is_over_is_not_spoken_of() {
    let mut fixture = Fixture::new().await;
    let nats = fixture.config().nats("workout").await.unwrap();
    let publisher = nats.clone();
    let denied = vec![("cmd.user.register.nobody".to_owned(), Vec::new(), Vec::new())];
    let publishing = tokio::spawn(async move { raw::publish_pipelined(&publisher, denied, 1).await });
    eventually("the server refuses", Duration::from_secs(10), async || Ok(nats.last_error())).await;
    publishing.abort();
    fixture.nats_server.kill();
    fixture.nats_server.restart().unwrap();
    eventually("nothing is complained of", Duration::from_secs(10), async || {
        let is_over = streams::state(&nats, "EVENTS").await.is_ok() && nats.last_error().is_none();
        Ok(is_over.then_some(()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_that_are_lost_again_and_again_leave_no_connection_behind() {
    let mut fixture = Fixture::new().await;
    let services = ["workout", "achievement"];
    let _running = fixture.start(&services);
    let nats = fixture.nats().await;
    for _ in 0..4 {
        join_all(services.iter().map(|service| lane_says(&nats, service, r#""lane":"owning""#))).await;
        fixture.nats_server.kill();
        fixture.nats_server.restart().unwrap();
    }
    join_all(services.iter().map(|service| lane_says(&nats, service, r#""lane":"owning""#))).await;
    // One that had been left behind would knock once a second at least, and be refused.
    let mut monitor = Client::new(&fixture.nats_server.monitor_url()).unwrap();
    let mut knocked = async || monitor.get("/varz").await.unwrap().body["total_connections"].as_u64().unwrap();
    let before = knocked().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(knocked().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_server_reaches_no_stream_moves_to_one_that_does() {
    let mut fixture = Fixture::new().await;
    fixture.nats_server.kill();
    // It knows no streams, as one that is cut off from its peers.
    let deaf = Deaf::start();
    let url = format!("{},{}", fixture.nats_url(), deaf.url);
    let nkey_seed = nkeys::seed(&fixture.nats_server.nkeys(), "operator").ok();
    let config = NatsConfig { url, name: "operator".into(), nkey_seed };
    let nats =
        eventually("it is there", Duration::from_secs(10), async || Nats::connect(&config).await.map(Some)).await;
    assert!(streams::state(&nats, "EVENTS").await.is_err(), "it is on the deaf one");
    fixture.nats_server.restart().unwrap();
    eventually("a stream answers", Duration::from_secs(15), async || {
        Ok(streams::state(&nats, "EVENTS").await.ok().map(|_| ()))
    })
    .await;
}

/// A nats-server without JetStream, which lets everybody in.
struct Deaf {
    url: String,
    process: Child,
}

impl Deaf {
    fn start() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/nats-server");
        let mut command = Command::new(if own.exists() { own } else { "nats-server".into() });
        let port = free_port().unwrap();
        command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).stderr(Stdio::null());
        Self { url: format!("nats://127.0.0.1:{port}"), process: command.spawn().unwrap() }
    }
}

impl Drop for Deaf {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
