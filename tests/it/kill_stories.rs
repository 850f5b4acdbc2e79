//! kill -9 of the broker, the database, the services and the edge, under load: what was acknowledged is there, once, and
//! nothing else has to be started again.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use plyo_nats::{CommandPublisher, streams};
use plyo_servers::{Durability, free_port};

use crate::{
    child::{Role, Server},
    ledger::{self, Ledger},
    listeners::Listener,
    people::{somebody, workout},
    platform::{Ground, REAL, eventually},
};

/// Logs workouts while `killing` goes on, then checks everything.
async fn nothing_is_lost(ground: &mut Ground, mut killing: impl AsyncFnMut(&mut Ground, u32)) {
    let nats = ground.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let over = AtomicBool::new(false);
    let logging = Ledger::keep_logging(&publisher, &over);
    let breaking = async {
        let mut seen = 0;
        for round in 0..3 {
            // It goes on again, and more is under way when the next one dies.
            seen = eventually("work is under way", Duration::from_secs(60), async || {
                let last = streams::state(&nats, "EVENTS").await?.last;
                Ok((last > seen + 50).then_some(last))
            })
            .await;
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

/// Postgres loses what it committed last, then, and the streams have it; commands are gone from theirs only when what
/// they came to is on disk.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_killed_under_load_where_the_disk_may_be_late() {
    let mut ground = Ground::with(Durability::Relaxed).await;
    let mut db = ground.database("workout").await;
    // Nothing gets to the disk that is not waited for.
    for setting in ["wal_writer_delay = '10s'", "wal_writer_flush_after = '1GB'"] {
        let set = sqlx::AssertSqlSafe(format!("ALTER SYSTEM SET {setting}"));
        sqlx::raw_sql(set).execute(&mut db).await.unwrap();
    }
    sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut db).await.unwrap();
    let log = ground.nats_server.nkeys().with_file_name("services.log");
    let role = Role { relaxed: true, log: Some(log.clone()), ..ground.role(&REAL) };
    let _server = Server::start(&role);
    let nats = ground.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let over = AtomicBool::new(false);
    let logging = Ledger::keep_logging(&publisher, &over);
    let breaking = async {
        for _ in 0..2 {
            let before = streams::state(&nats, "COMMANDS_workout").await.unwrap().first;
            eventually("commands are removed", Duration::from_secs(30), async || {
                Ok((streams::state(&nats, "COMMANDS_workout").await?.first > before.max(1)).then_some(()))
            })
            .await;
            let flushed = streams::state(&nats, "EVENTS").await.unwrap().last;
            eventually("more is committed after that", Duration::from_secs(30), async || {
                Ok((streams::state(&nats, "EVENTS").await?.last > flushed + 50).then_some(()))
            })
            .await;
            ground.postgres.kill();
            ground.postgres.restart().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    };
    let (ledger, ()) = tokio::join!(logging, breaking);
    ground.settle(&REAL).await;
    assert_eq!(ledger.check(&ground, &REAL).await, Vec::<String>::new());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("the tables were older than EVENTS"), "Postgres lost nothing: {log}");
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

/// Ada logs workouts over HTTP and listens, while something is killed three times: what was acknowledged is pushed once
/// and in order, as is all that follows from it. Gives how often she had to connect.
async fn what_is_acknowledged_is_pushed(ground: &Ground, url: &str, mut killing: impl AsyncFnMut()) -> u32 {
    let mut ada = somebody(url, "ada").await;
    let listener = Listener::start(&ada).await;
    ground.settle(&REAL).await;
    let before = ledger::events(ground).await.len();
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let logged = AtomicU32::new(0);
        let logging = async {
            for number in 0..15 {
                let key = format!("{round}-{number}");
                let answer = ada.command("POST", "/api/v1/workouts", &key, Some(&workout(60.0))).await.unwrap();
                assert_eq!(answer.status, 201, "{answer:?}");
                acknowledged.push(answer.body["workout_id"].as_str().unwrap().to_owned());
                logged.fetch_add(1, Ordering::Relaxed);
            }
        };
        let killing = async {
            eventually("work is under way", Duration::from_secs(30), async || {
                Ok((logged.load(Ordering::Relaxed) >= 3).then_some(()))
            })
            .await;
            killing().await;
        };
        tokio::join!(killing, logging);
    }
    ground.settle(&REAL).await;
    let stored: Vec<String> = ledger::events(ground).await[before..].iter().map(|event| event.id.to_string()).collect();
    let heard = listener.heard(stored.len()).await;
    assert_eq!(heard.ids(), stored, "she is alone: what is stored is hers");
    let completed = heard.pushes.iter().filter(|push| push.kind == "workout.completed.v1");
    assert_eq!(completed.map(|push| push.command.clone()).collect::<Vec<_>>(), acknowledged);
    assert_eq!((heard.gaps, &heard.resets), (0, &Vec::new()));
    assert_eq!(ada.get("/api/v1/workouts?limit=100").await.unwrap().body["items"].as_array().unwrap().len(), 45);
    heard.connections
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_are_killed_and_what_is_acknowledged_is_pushed_once_and_in_order() {
    let ground = Ground::new().await;
    let mut services = ground.start(&REAL);
    let port = free_port().unwrap();
    let _edge = Server::start(&Role { edge_port: Some(port), ..ground.role(&[]) });
    let url = format!("http://127.0.0.1:{port}");
    ground.ready(&url).await;
    let connections = what_is_acknowledged_is_pushed(&ground, &url, async || services = ground.start(&REAL)).await;
    assert_eq!(connections, 1, "a socket outlives the services");
    assert_eq!(ground.verify(&REAL).await, Vec::<String>::new());
    drop(services);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_is_killed_and_a_socket_that_comes_again_with_its_cursor_misses_nothing() {
    let ground = Ground::new().await;
    let _services = ground.start(&REAL);
    let port = free_port().unwrap();
    let edge = || Server::start(&Role { edge_port: Some(port), ..ground.role(&[]) });
    let url = format!("http://127.0.0.1:{port}");
    let mut running = edge();
    ground.ready(&url).await;
    let connections = what_is_acknowledged_is_pushed(&ground, &url, async || {
        drop(std::mem::replace(&mut running, edge()));
    })
    .await;
    assert!(connections > 1, "her socket ended with its edge");
    assert_eq!(ground.verify(&REAL).await, Vec::<String>::new());
}
