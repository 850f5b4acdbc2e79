//! kill -9 of the broker, the database, the services and the edge, under load: what was acknowledged is there, once, and
//! nothing else has to be started again.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use plyo_nats::CommandPublisher;

use crate::{
    child::{Role, Server},
    ledger::Ledger,
    platform::{Ground, REAL},
};

/// Logs workouts while `killing` goes on, then checks everything.
async fn nothing_is_lost(ground: &mut Ground, mut killing: impl AsyncFnMut(&mut Ground, u32)) {
    let publisher = CommandPublisher::new(&ground.nats().await, "test");
    let over = AtomicBool::new(false);
    let logging = Ledger::keep_logging(&publisher, &over);
    let breaking = async {
        for round in 0..3 {
            // Long enough for work to be under way when the next one dies.
            tokio::time::sleep(Duration::from_millis(400)).await;
            killing(ground, round).await;
        }
        over.store(true, Ordering::Relaxed);
    };
    let (ledger, ()) = tokio::join!(logging, breaking);
    ground.settle(&REAL).await;
    assert_eq!(ledger.check(ground, &REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_killed_under_load() {
    let mut ground = Ground::new().await;
    let _server = ground.start(&REAL);
    nothing_is_lost(&mut ground, async |ground, _| {
        ground.nats_server.kill();
        ground.nats_server.restart().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_killed_under_load() {
    let mut ground = Ground::new().await;
    let _server = ground.start(&REAL);
    nothing_is_lost(&mut ground, async |ground, _| {
        ground.postgres.kill();
        ground.postgres.restart().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_are_killed_under_load() {
    let mut ground = Ground::new().await;
    let mut server = ground.start(&REAL);
    nothing_is_lost(&mut ground, async |ground, _| {
        // Dropping a child kills it.
        server = ground.start(&REAL);
    })
    .await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_is_killed_under_load_and_what_it_acknowledged_is_there() {
    use serde_json::json;
    let ground = Ground::new().await;
    let _services = ground.start(&REAL);
    let port = plyo::servers::free_port().unwrap();
    let edge = || Server::start(&Role { edge_port: Some(port), ..ground.role(&[]) });
    let url = format!("http://127.0.0.1:{port}");
    let mut running = edge();
    ground.ready(&url).await;
    let mut ada = plyo::client::Client::new(&url).unwrap();
    let credentials = json!({ "email": "ada@example.org", "password": "long enough" });
    ada.post("/api/v1/auth/register", &credentials).await.unwrap().success().unwrap();
    let tokens = ada.post("/api/v1/auth/login", &credentials).await.unwrap().success().unwrap();
    ada.set_token(tokens["access_token"].as_str().unwrap());
    let mut sent = 0;
    for round in 0..3 {
        let killing = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            drop(std::mem::replace(&mut running, edge()));
        };
        let logging = async {
            for number in 0..15 {
                let key = format!("{round}-{number}");
                let workout = json!({ "started_at": "2026-11-23T18:30:00Z", "exercises": [
                    { "exercise": "push-up", "sets": [{ "reps": 10 + number }] }] });
                let answer = ada.command("POST", "/api/v1/workouts", &key, Some(&workout)).await.unwrap();
                assert_eq!(answer.status, 201, "{answer:?}");
                sent += 1;
            }
        };
        tokio::join!(killing, logging);
    }
    ground.settle(&REAL).await;
    let logged = ada.get("/api/v1/workouts?limit=100").await.unwrap().body["items"].as_array().unwrap().len();
    assert_eq!(logged, sent);
    assert_eq!(ground.verify(&REAL).await, Vec::<String>::new());
}
