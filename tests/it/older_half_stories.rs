//! Postgres and the streams are two halves: what happens when one of them is restored from a backup that is older than the
//! other.

use std::{sync::atomic::AtomicBool, time::Duration};

use plyo_client::Client;
use plyo_events::{EventKind, UserId};
use plyo_nats::{CommandPublisher, raw, streams};
use serde_json::{Value, json};

use crate::{
    child::{Role, Server},
    ledger::{self, Ledger},
    people::{credentials, log_in, somebody},
    platform::{Fixture, REAL, eventually},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];

/// The `number`th workout of somebody, a minute after the one before.
fn workout(number: usize) -> Value {
    json!({ "started_at": format!("2026-11-23T18:{number:02}:00+01:00"), "exercises": [
        { "exercise": "barbell-bench-press", "sets": [{ "reps": 5, "load": { "kg": 60 + number } }] }] })
}

/// Posts workouts, each with a key of its own; gives what was answered.
async fn train(client: &mut Client, numbers: std::ops::Range<usize>) -> Vec<Value> {
    let mut saved = Vec::new();
    for number in numbers {
        let (key, body) = (format!("workout-{number}"), workout(number).to_string());
        let answer = client.send("POST", "/api/v1/workouts", &[("idempotency-key", &key)], Some(body)).await.unwrap();
        saved.push(answer.success().unwrap());
    }
    saved
}

async fn event_ids(fixture: &Fixture) -> Vec<uuid::Uuid> {
    ledger::events(fixture).await.iter().map(|event| event.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_older_than_the_history_catch_up_and_nothing_is_emitted_twice() {
    let mut fixture = Fixture::new().await;
    let (server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    train(&mut ada, 0..5).await;
    fixture.settle(&REAL).await;
    let backup = fixture.back_up_tables().unwrap();
    fixture.ready(&url).await;

    let saved = train(&mut ada, 5..25).await;
    let correction = format!("/api/v1/workouts/{}", saved[3]["workout_id"].as_str().unwrap());
    ada.send("PUT", &correction, &[], Some(workout(40).to_string())).await.unwrap().success().unwrap();
    let reminder = json!({ "due_at": (jiff::Timestamp::now() + Duration::from_secs(3_600)).to_string() });
    ada.post("/api/v1/workouts/reminders", &reminder).await.unwrap().success().unwrap();
    let mut bob = somebody(&url, "bob").await;
    train(&mut bob, 0..3).await;
    fixture.settle(&REAL).await;
    let before = event_ids(&fixture).await;
    let listed = ada.get("/api/v1/workouts?limit=100").await.unwrap().body;
    drop(server);
    fixture.restore_tables(&backup).unwrap();

    let (_server, url) = fixture.start_platform().await;
    let mut operator = Client::new(&url).unwrap();
    eventually("each lane that lacked something has it, and says so", Duration::from_secs(30), async || {
        for (service, folded) in
            [("workouts", "folded 25 own"), ("achievements", "own and"), ("notifications", "own and")]
        {
            let health = operator.get(&format!("/api/v1/{service}/health")).await?.body.to_string();
            if !(health.contains("older than EVENTS") && health.contains(folded)) {
                anyhow::bail!("{health}");
            }
        }
        Ok(Some(()))
    })
    .await;
    fixture.settle(&REAL).await;
    assert_eq!(event_ids(&fixture).await, before);
    let (mut ada, _) = log_in(&url, "ada").await;
    assert_eq!(ada.get("/api/v1/workouts?limit=100").await.unwrap().body, listed);
    // What was answered once is answered again, and makes nothing new.
    let again = train(&mut ada, 5..25).await;
    let ids = |saved: &[Value]| saved.iter().map(|saved| saved["workout_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&saved));
    fixture.settle(&REAL).await;
    assert_eq!(event_ids(&fixture).await.len(), before.len() + 1, "only her log-in is new");
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
    // Work goes on.
    train(&mut ada, 25..27).await;
    fixture.settle(&REAL).await;
    assert!(event_ids(&fixture).await.len() > before.len());
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());

    // How somebody logs in is no event: who signed up in the lost span signs up again.
    let mut bob = Client::new(&url).unwrap();
    let refused = bob.post("/api/v1/auth/login", &credentials("bob")).await.unwrap();
    assert_eq!(refused.status, 401, "{refused:?}");
    let mut bob = somebody(&url, "bob").await;
    train(&mut bob, 0..1).await;
}

/// Logs, backs the tables up, logs on, and puts the backup in place; gives what a checker has to say after that.
async fn after_older_tables(fixture: &mut Fixture, bugs: &[&'static str]) -> Vec<String> {
    let publisher = CommandPublisher::new(&fixture.nats().await, "test");
    let over = AtomicBool::new(true);
    let server = fixture.start(&BOTH);
    let mut ledger = Ledger::keep_logging(&publisher, &over).await;
    fixture.settle(&BOTH).await;
    let backup = fixture.back_up_tables().unwrap();
    ledger.absorb(Ledger::keep_logging(&publisher, &over).await);
    fixture.settle(&BOTH).await;
    drop(server);
    fixture.restore_tables(&backup).unwrap();
    let _server = Server::start(&Role { bugs: bugs.to_vec(), ..fixture.role(&BOTH) });
    ledger.absorb(Ledger::keep_logging(&publisher, &over).await);
    fixture.settle(&BOTH).await;
    ledger.check(fixture, &BOTH).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_that_share_the_work_catch_up_each_with_its_own() {
    let mut fixture = Fixture::with_lanes(4).await;
    assert_eq!(after_older_tables(&mut fixture, &[]).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_do_not_catch_up_are_found() {
    let mut fixture = Fixture::new().await;
    let wrong = after_older_tables(&mut fixture, &["bug-no-catch-up"]).await;
    assert!(!wrong.is_empty(), "bug-no-catch-up was not found");
}

/// Logs, backs the streams up, logs on, puts the backup in place, and lets it grow past where the tables are.
async fn older_history_that_grew(fixture: &mut Fixture) {
    let publisher = CommandPublisher::new(&fixture.nats().await, "test");
    let over = AtomicBool::new(true);
    let server = fixture.start(&BOTH);
    Ledger::keep_logging(&publisher, &over).await;
    fixture.settle(&BOTH).await;
    let backup = fixture.back_up_streams().unwrap();
    Ledger::keep_logging(&publisher, &over).await;
    fixture.settle(&BOTH).await;
    let known = streams::state(&fixture.nats().await, "EVENTS").await.unwrap().last;
    drop(server);
    fixture.restore_streams(&backup).unwrap();
    let nats = fixture.nats().await;
    // What a job outside schedules comes, whether or not a lane works.
    while streams::state(&nats, "EVENTS").await.unwrap().last < known + 10 {
        let due = (format!("evt.clock.workout_reminder_due.{}", UserId::mint()), Vec::new(), Vec::new());
        raw::publish_pipelined(&nats, vec![due; 100], 100).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_grew_again_from_an_earlier_end_is_not_taken_for_the_one_it_was() {
    let mut fixture = Fixture::new().await;
    older_history_that_grew(&mut fixture).await;
    let log = fixture.nats_server.nkeys().with_file_name("server.log");
    let _server = Server::start(&Role { log: Some(log.clone()), ..fixture.role(&BOTH) });
    let refused = |service: &str, log: &str| {
        log.lines().any(|line| line.contains(service) && line.contains("so the tables are not a fold of it"))
    };
    eventually("both lanes refuse", Duration::from_secs(20), async || {
        let log = std::fs::read_to_string(&log)?;
        Ok((refused("workout", &log) && refused("achievement", &log)).then_some(()))
    })
    .await;
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("--new-history"), "it says what to do: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_not_compared_is_found() {
    let mut fixture = Fixture::new().await;
    older_history_that_grew(&mut fixture).await;
    let _server = Server::start(&Role { bugs: vec!["bug-another-history"], ..fixture.role(&BOTH) });
    // It works on, with what the history does not have.
    fixture.settle(&BOTH).await;
    let logged =
        ledger::events(&fixture).await.iter().filter(|event| event.body.kind() == EventKind::WorkoutCompleted).count();
    let sum = sqlx::query_scalar("SELECT sum(n)::bigint FROM tally");
    let counted: i64 = sum.fetch_one(&mut fixture.database("workout").await).await.unwrap();
    assert!(counted > logged as i64, "bug-another-history was not found");
}
