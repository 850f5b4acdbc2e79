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
    platform::{Fixture, REAL, eventually},
};

/// Logs workouts while `killing` goes on, then checks everything.
async fn nothing_is_lost(fixture: &mut Fixture, mut killing: impl AsyncFnMut(&mut Fixture, u32)) {
    let nats = fixture.nats().await;
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
            killing(fixture, round).await;
        }
        over.store(true, Ordering::Relaxed);
    };
    let (ledger, ()) = tokio::join!(logging, breaking);
    fixture.settle(&REAL).await;
    assert_eq!(ledger.check(fixture, &REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_killed_under_load() {
    let mut fixture = Fixture::new().await;
    let _server = fixture.start(&REAL);
    nothing_is_lost(&mut fixture, async |fixture, _| {
        fixture.nats_server.kill();
        fixture.nats_server.restart().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_killed_under_load() {
    let mut fixture = Fixture::new().await;
    let _server = fixture.start(&REAL);
    nothing_is_lost(&mut fixture, async |fixture, _| {
        fixture.postgres.kill();
        fixture.postgres.restart().unwrap();
    })
    .await;
}

/// Postgres loses what it committed last, then, and the streams have it; commands are gone from theirs only when what
/// they came to is on disk.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_killed_under_load_where_the_disk_may_be_late() {
    let mut fixture = Fixture::with(Durability::Relaxed).await;
    let mut db = fixture.database("workout").await;
    // Nothing gets to the disk that is not waited for.
    for setting in ["wal_writer_delay = '10s'", "wal_writer_flush_after = '1GB'"] {
        let set = sqlx::AssertSqlSafe(format!("ALTER SYSTEM SET {setting}"));
        sqlx::raw_sql(set).execute(&mut db).await.unwrap();
    }
    sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut db).await.unwrap();
    let log = fixture.nats_server.nkeys().with_file_name("services.log");
    let role = Role { relaxed: true, log: Some(log.clone()), ..fixture.role(&REAL) };
    let _server = Server::start(&role);
    let nats = fixture.nats().await;
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
            fixture.postgres.kill();
            fixture.postgres.restart().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    };
    let (ledger, ()) = tokio::join!(logging, breaking);
    fixture.settle(&REAL).await;
    assert_eq!(ledger.check(&fixture, &REAL).await, Vec::<String>::new());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("the tables were older than EVENTS"), "Postgres lost nothing: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_are_killed_under_load() {
    let mut fixture = Fixture::new().await;
    let mut server = fixture.start(&REAL);
    nothing_is_lost(&mut fixture, async |fixture, _| {
        // Dropping a child kills it.
        server = fixture.start(&REAL);
    })
    .await;
    drop(server);
}

/// Ada logs workouts over HTTP and listens, while something is killed three times: what was acknowledged is pushed once
/// and in order, as is all that follows from it. Gives how often she had to connect.
async fn what_is_acknowledged_is_pushed(fixture: &Fixture, url: &str, mut killing: impl AsyncFnMut()) -> u32 {
    let mut ada = somebody(url, "ada").await;
    fixture.settle(&REAL).await;
    let listener = Listener::start(&ada).await;
    let before = ledger::events(fixture).await.len();
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
    fixture.settle(&REAL).await;
    let stored: Vec<String> =
        ledger::events(fixture).await[before..].iter().map(|event| event.id.to_string()).collect();
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
    let fixture = Fixture::new().await;
    let mut services = fixture.start(&REAL);
    let port = free_port().unwrap();
    let _edge = Server::start(&Role { edge_port: Some(port), ..fixture.role(&[]) });
    let url = format!("http://127.0.0.1:{port}");
    fixture.ready(&url).await;
    let connections = what_is_acknowledged_is_pushed(&fixture, &url, async || services = fixture.start(&REAL)).await;
    assert_eq!(connections, 1, "a socket outlives the services");
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
    drop(services);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_is_killed_and_a_socket_that_comes_again_with_its_cursor_misses_nothing() {
    let fixture = Fixture::new().await;
    let _services = fixture.start(&REAL);
    let port = free_port().unwrap();
    let edge = || Server::start(&Role { edge_port: Some(port), ..fixture.role(&[]) });
    let url = format!("http://127.0.0.1:{port}");
    let mut running = edge();
    fixture.ready(&url).await;
    let connections = what_is_acknowledged_is_pushed(&fixture, &url, async || {
        drop(std::mem::replace(&mut running, edge()));
    })
    .await;
    assert!(connections > 1, "her socket ended with its edge");
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}
