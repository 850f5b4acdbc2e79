//! `plyo verify` and `plyo rebuild` beside services that run: what is wrong is named and made right, and another history
//! than the tables know is taken only when an operator says so.

use std::{
    process::{Command, Output},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Result;
use plyo_events::UserId;
use plyo_nats::{
    CommandPublisher, Nats, ping,
    replay::{Purpose, Replay, Report, shadow_schema},
    streams,
};

use crate::{
    command_line,
    ledger::{Ledger, log, send},
    people::{somebody, workout},
    platform::{Fixture, REAL, entry, eventually},
    tally,
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];

/// `plyo` as the operator of these servers calls it.
pub fn plyo(fixture: &Fixture, arguments: &[&str]) -> Output {
    let programs = tempfile::tempdir().unwrap();
    command_line::install(programs.path());
    let mut command = Command::new(programs.path().join("plyo"));
    command.args(arguments).args([
        "--nats-url",
        &fixture.nats_server.url(),
        "--postgres-url",
        &fixture.dsn(),
        "--nkeys",
    ]);
    command.arg(fixture.nats_server.nkeys()).current_dir(programs.path()).output().unwrap()
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Folds a tally again and puts it in place, as `plyo rebuild` does with the tables of a service.
pub async fn rebuild(fixture: &Fixture, name: &str, mended: bool, new_history: bool) -> Result<Report> {
    let service = tally::service(name).expect("a tally of that name")();
    let shadow = shadow_schema(service.name());
    entry(service.name()).create_shadow(&fixture.dsn()).await?;
    let role = plyo_migrations::role(service.name());
    let table = format!("SET ROLE \"{role}\"; SET search_path TO \"{shadow}\"; {}", tally::TABLES);
    sqlx::raw_sql(sqlx::AssertSqlSafe(table)).execute(&mut fixture.database(service.name()).await).await?;
    let purpose = Purpose::Rebuild { mended, new_history };
    service.replay(Replay { nats: fixture.nats().await, dsn: fixture.dsn(), purpose, progress: |_, _| {} }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_by_hand_is_named_and_mended_beside_the_service_that_runs() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    for kg in [60.0, 62.5, 65.0] {
        ada.post("/api/v1/workouts", &workout(kg)).await.unwrap().success().unwrap();
    }
    fixture.settle(&REAL).await;
    let right = plyo(&fixture, &["verify", "workout"]);
    assert!(right.status.success() && said(&right).contains("every table matches the fold of"), "{}", said(&right));

    let damage =
        "UPDATE workout SET revision = 41 WHERE workout_id = (SELECT min(workout_id::text)::uuid FROM workout)";
    let damaged = sqlx::query(damage).execute(&mut fixture.database("workout").await).await.unwrap();
    assert_eq!(damaged.rows_affected(), 1);
    let wrong = plyo(&fixture, &["verify", "workout"]);
    let named = "workout: table workout has 1 rows that do not follow from EVENTS, and lacks 1 that do";
    assert!(!wrong.status.success() && said(&wrong).contains(named), "{}", said(&wrong));
    assert!(said(&wrong).contains("\"revision\": 41") && said(&wrong).contains("plyo rebuild"), "{}", said(&wrong));

    let rebuilt = plyo(&fixture, &["rebuild", "workout"]);
    assert!(rebuilt.status.success() && said(&rebuilt).contains("workout: rebuilt from"), "{}", said(&rebuilt));
    // The lane is taken again, and both sides of the service find the tables that came in place.
    let saved = ada.command("POST", "/api/v1/workouts", "after", Some(&workout(67.5))).await.unwrap();
    assert_eq!(saved.status, 201, "{saved:?}");
    let listed = ada.get("/api/v1/workouts").await.unwrap().body["items"].clone();
    let revisions = listed.as_array().unwrap().iter().map(|item| item["revision"].as_u64().unwrap());
    assert_eq!(revisions.collect::<Vec<_>>(), [1, 1, 1, 1]);
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_a_service_forgot_to_name_is_not_left_out_of_verify_but_named() {
    let fixture = Fixture::new().await;
    // The tables of the real service, of which the tally names none.
    entry("workout").create_shadow(&fixture.dsn()).await.unwrap();
    let purpose = Purpose::Verify;
    let replay = Replay { nats: fixture.nats().await, dsn: fixture.dsn(), purpose, progress: |_, _| {} };
    let error = tally::service("tally:workout").unwrap()().replay(replay).await.unwrap_err().to_string();
    assert!(error.contains("workout service") && error.contains("reminder"), "{error}");
    assert!(!error.contains("_sqlx_migrations"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_takes_nothing_from_the_commands_that_come_meanwhile() {
    let fixture = Fixture::new().await;
    let _server = fixture.start(&BOTH);
    let publisher = CommandPublisher::new(&fixture.nats().await, "test");
    fixture.settle(&BOTH).await;
    let over = AtomicBool::new(false);
    let rebuilding = async {
        for name in BOTH.repeat(2) {
            let before = streams::state(&fixture.nats().await, "EVENTS").await.unwrap().last;
            rebuild(&fixture, name, false, false).await.unwrap();
            eventually("the lanes go on", Duration::from_secs(20), async || {
                Ok((streams::state(&fixture.nats().await, "EVENTS").await?.last > before + 20).then_some(()))
            })
            .await;
        }
        over.store(true, Ordering::Relaxed);
    };
    let (ledger, ()) = tokio::join!(Ledger::keep_logging(&publisher, &over), rebuilding);
    fixture.settle(&BOTH).await;
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_created_anew_stops_every_lane_until_an_operator_takes_it() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let _server = fixture.start(&BOTH);
    let user = UserId::mint();
    log_so_many(&nats, user, 5).await;
    fixture.settle(&BOTH).await;

    streams::delete(&nats, "EVENTS").await.unwrap();
    streams::apply(&nats, &fixture.config().streams()).await.unwrap();
    for service in ["workout", "achievement"] {
        let reason = refusal(&nats, service, "EVENTS was recreated").await;
        assert!(reason.contains("restore its backup") && reason.contains("--new-history"), "{reason}");
    }
    let waiting = log_so_many(&nats, user, 1).await;
    let refused = rebuild(&fixture, "tally:workout", false, false).await.unwrap_err().to_string();
    assert!(refused.contains("recreated") && refused.contains("--new-history"), "{refused}");
    assert_eq!(streams::state(&nats, "EVENTS").await.unwrap().messages, 0, "a lane that refuses says nothing");

    for name in BOTH {
        rebuild(&fixture, name, false, true).await.unwrap();
    }
    fixture.settle(&BOTH).await;
    let mut ledger = Ledger::default();
    ledger.add(user, waiting);
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_older_than_the_tables_stops_every_lane_until_an_operator_takes_it() {
    let mut fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let _server = fixture.start(&BOTH);
    let user = UserId::mint();
    let mut kept = log_so_many(&nats, user, 5).await;
    fixture.settle(&BOTH).await;
    let backup = fixture.back_up_streams().unwrap();
    log_so_many(&nats, user, 5).await;
    fixture.settle(&BOTH).await;

    fixture.restore_streams(&backup).unwrap();
    for service in ["workout", "achievement"] {
        let reason = refusal(&nats, service, "EVENTS ends at").await;
        assert!(reason.contains("restore a newer backup") && reason.contains("--new-history"), "{reason}");
    }
    for name in BOTH {
        rebuild(&fixture, name, false, true).await.unwrap();
    }
    kept.extend(log_so_many(&nats, user, 1).await);
    fixture.settle(&BOTH).await;
    let mut ledger = Ledger::default();
    ledger.add(user, kept);
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
}

/// Logs workouts one after another; gives the ids of their commands.
async fn log_so_many(nats: &Nats, user: UserId, count: usize) -> Vec<uuid::Uuid> {
    let publisher = CommandPublisher::new(nats, "test");
    let mut ids = Vec::new();
    for _ in 0..count {
        let command = log(user, 5);
        send(&publisher, &command).await;
        ids.push(command.id);
    }
    ids
}

/// Why a service's lane does not run, once it says so.
async fn refusal(nats: &Nats, service: &str, why: &str) -> String {
    eventually(&format!("the lane of {service} says: {why}"), Duration::from_secs(30), async || {
        let stats = ping(nats, service, Duration::from_millis(300)).await;
        let lane = stats.first().map(|stats| stats["endpoints"][0]["data"].clone()).unwrap_or_default();
        Ok(lane["reason"].as_str().filter(|reason| reason.contains(why)).map(str::to_owned))
    })
    .await
}
