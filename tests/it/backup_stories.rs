//! `plyo backup` and `plyo restore`: what was acknowledged is there once, on another machine, too; what is damaged or in the
//! way is refused by its name; and halves of different ages end as halves do.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use plyo_client::{Client, Live};
use plyo_events::{Event, UserId};
use plyo_nats::{raw, streams};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    avatar_stories::{picture, set_picture},
    child::Server,
    ledger,
    people::{log_in, somebody, workout},
    platform::{Fixture, REAL, eventually},
    replay_stories,
};

/// Runs `plyo` for the operator of these servers, beside everything else.
fn plyo(fixture: &Fixture, arguments: &[&str]) -> Output {
    tokio::task::block_in_place(|| replay_stories::plyo(fixture, arguments))
}

/// The same for what has to succeed; gives what it says.
fn operate(fixture: &Fixture, arguments: &[&str]) -> String {
    let output = plyo(fixture, arguments);
    let said = replay_stories::said(&output);
    assert!(output.status.success(), "plyo {}: {said}", arguments.join(" "));
    said
}

/// The same for what has to be refused.
fn refused(fixture: &Fixture, arguments: &[&str]) -> String {
    let output = plyo(fixture, arguments);
    let said = replay_stories::said(&output);
    assert!(!output.status.success(), "plyo {}: {said}", arguments.join(" "));
    said
}

/// Where a backup goes.
fn place(directory: &tempfile::TempDir, name: &str) -> String {
    directory.path().join(name).display().to_string()
}

/// Logs a workout under a key; gives the workout's id.
async fn post(client: &mut Client, key: &str) -> Value {
    let saved = client.command("POST", "/api/v1/workouts", key, Some(&workout(60.0))).await.unwrap();
    saved.success().unwrap()["workout_id"].clone()
}

/// Posts one workout after another until it is `over`: each with its key, and when it was acknowledged.
async fn keep_posting(mut client: Client, over: Arc<AtomicBool>) -> Vec<(String, Value, Timestamp)> {
    let mut posted = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let key = format!("under-way-{}", posted.len());
        let id = post(&mut client, &key).await;
        posted.push((key, id, Timestamp::now()));
    }
    posted
}

/// Sets reminders that come due one after the other, `apart` from each other.
async fn remind(client: &mut Client, count: u32, apart: Duration) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    for number in 1..=count {
        let due = Timestamp::now() + Duration::from_secs(2) + apart * number;
        let reminder = json!({ "due_at": due.to_string() });
        let saved = client.command("POST", "/api/v1/workouts/reminders", &format!("r{number}"), Some(&reminder)).await;
        set.insert(saved.unwrap().success().unwrap()["reminder_id"].as_str().unwrap().to_owned());
    }
    set
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_the_platform_on_another_machine_and_nothing_is_there_twice() {
    let directory = tempfile::tempdir().unwrap();
    let backup = place(&directory, "backup");
    let fixture = Fixture::new().await;
    let (server, url) = start(&fixture).await;
    let (mut ada, bob) = (somebody(&url, "ada").await, somebody(&url, "bob").await);
    let live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    set_picture(&mut ada, [200, 150, 120]).await;
    let face = picture(&mut ada).await;
    let mut before = BTreeMap::new();
    for number in 0..10 {
        let key = format!("before-{number}");
        let id = post(&mut ada, &key).await;
        before.insert(key, id);
    }
    let reminders = remind(&mut ada, 40, Duration::from_millis(50)).await;
    let over = Arc::new(AtomicBool::new(false));
    let posting = tokio::spawn(keep_posting(bob, Arc::clone(&over)));
    // The first of them have come, the last have not.
    eventually("a reminder has come", Duration::from_secs(10), async || {
        let events = ledger::events(&fixture).await;
        Ok(events.iter().any(|event| matches!(event.body, Event::ReminderDue(_))).then_some(()))
    })
    .await;
    let began = Timestamp::now();
    let said = operate(&fixture, &["backup", &backup]);
    assert!(said.contains("MB/s"), "{said}");
    over.store(true, Ordering::Relaxed);
    let posted = posting.await.unwrap();
    let cursor = live.welcome["head"].as_str().unwrap().to_owned();
    drop((server, live, fixture));

    let other = Fixture::new().await;
    operate(&other, &["restore", &backup]);
    let (_server, url) = start(&other).await;
    let (mut ada, tokens) = log_in(&url, "ada").await;
    let (mut bob, _) = log_in(&url, "bob").await;
    let token = tokens["access_token"].as_str().unwrap();
    let live = Live::connect(ada.authority(), token, Some(&cursor), &["me"]).await.unwrap();
    assert_eq!(live.welcome["resume"], json!({ "mode": "reset", "why": "epoch" }));
    other.settle(&REAL).await;
    let listed = listed(&mut bob).await;
    let mut kept = 0;
    for (key, id, at) in &posted {
        let is_there = listed.contains(id);
        assert!(is_there || *at > began, "{key} was acknowledged before the backup and is not there");
        kept += usize::from(is_there);
    }
    assert_eq!(listed.len(), kept, "nothing is there that was not posted, and nothing twice");
    assert!(face.is_some() && picture(&mut ada).await == face);
    // The same key has the same answer.
    for (key, id) in &before {
        assert_eq!(post(&mut ada, key).await, *id);
    }
    for (key, id, _) in posted.iter().filter(|(_, id, _)| listed.contains(id)) {
        assert_eq!(post(&mut bob, key).await, *id);
    }
    let mut came = BTreeMap::<String, u32>::new();
    eventually("every reminder has come", Duration::from_secs(20), async || {
        other.settle(&REAL).await;
        came.clear();
        for event in ledger::events(&other).await {
            if let Event::ReminderDue(due) = &event.body {
                *came.entry(due.reminder_id.to_string()).or_default() += 1;
            }
        }
        Ok((came.len() >= reminders.len()).then_some(()))
    })
    .await;
    assert_eq!(came, reminders.into_iter().map(|reminder| (reminder, 1)).collect());
    let events = ledger::events(&other).await;
    let completed = events.iter().filter(|event| matches!(event.body, Event::WorkoutCompleted(_))).count();
    assert_eq!(completed, before.len() + kept);
    let told = events.iter().filter_map(|event| match &event.body {
        Event::NotificationCreated(created) => Some(created.because.event.uuid()),
        _ => None,
    });
    let told: Vec<Uuid> = told.collect();
    assert_eq!(told.len(), told.iter().collect::<BTreeSet<_>>().len(), "nobody is told of one thing twice");
    operate(&other, &["verify"]);
    operate(&other, &["verify", "--deep"]);
}

/// All services and an edge, when each of them answers.
async fn start(fixture: &Fixture) -> (Server, String) {
    let (server, url) = fixture.start_platform().await;
    let mut operator = Client::new(&url).unwrap();
    eventually("every service answers", Duration::from_secs(60), async || {
        for service in ["auth", "workouts", "achievements", "notifications"] {
            let health = operator.get(&format!("/api/v1/{service}/health")).await?;
            anyhow::ensure!(health.status == 200, "{service}: {}", health.body);
        }
        Ok(Some(()))
    })
    .await;
    (server, url)
}

/// Waits until the services that ran have let go of their lanes.
async fn nobody_owns_a_lane(fixture: &Fixture) {
    eventually("no lane has an owner", Duration::from_secs(20), async || {
        let owners = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        let owners: i64 = sqlx::query_scalar(owners).fetch_one(&mut fixture.database("workout").await).await?;
        Ok((owners == 0).then_some(()))
    })
    .await;
}

/// The ids of somebody's workouts, all pages.
async fn listed(client: &mut Client) -> Vec<Value> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/workouts?limit=100{cursor}")).await.unwrap().success().unwrap();
        ids.extend(page["items"].as_array().unwrap().iter().map(|item| item["workout_id"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

/// A copy of a backup, to damage it.
fn copy(backup: &str, name: &str) -> PathBuf {
    let to = Path::new(backup).with_file_name(name);
    fs::create_dir(&to).unwrap();
    for entry in fs::read_dir(backup).unwrap() {
        let from = entry.unwrap().path();
        fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
    }
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_unfinished_newer_or_in_the_way_is_refused_by_its_name_and_nothing_changes() {
    let directory = tempfile::tempdir().unwrap();
    let backup = place(&directory, "backup");
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    operate(&fixture, &["backup", &backup]);
    let said = refused(&fixture, &["backup", &backup]);
    assert!(said.contains("not empty"), "{said}");
    let before = streams::state(&nats, "EVENTS").await.unwrap();

    let unfinished = copy(&backup, "unfinished");
    fs::remove_file(unfinished.join("manifest.json")).unwrap();
    let lacking = copy(&backup, "lacking");
    fs::remove_file(lacking.join("EVENTS.stream")).unwrap();
    let damaged = copy(&backup, "damaged");
    let mut tables = fs::read(damaged.join("workout.tables")).unwrap();
    let middle = tables.len() / 2;
    tables[middle] ^= 1;
    fs::write(damaged.join("workout.tables"), tables).unwrap();
    let newer = copy(&backup, "newer");
    let manifest = fs::read_to_string(newer.join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    manifest["tables"][1]["migrations"]["workout"] = json!(9_000);
    fs::write(newer.join("manifest.json"), manifest.to_string()).unwrap();
    for (wrong, named) in [
        (&unfinished, "there is no backup, or it is incomplete"),
        (&lacking, "EVENTS.stream is missing"),
        (&damaged, "workout.tables is damaged"),
        (&newer, "schema workout in the backup is at 9000, newer than this binary"),
    ] {
        let said = refused(&fixture, &["restore", wrong.to_str().unwrap()]);
        assert!(said.contains(named), "{said}");
    }
    // A half that is whole can be had without the other.
    operate(&fixture, &["restore", lacking.to_str().unwrap(), "--only", "tables"]);

    let event = (format!("evt.clock.workout_reminder_due.{}", UserId::mint()), Vec::new(), Vec::new());
    raw::publish_pipelined(&nats, vec![event], 1).await.unwrap();
    let mut db = fixture.database("workout").await;
    sqlx::query("INSERT INTO skipped VALUES (7, 'kept')").execute(&mut db).await.unwrap();
    let said = refused(&fixture, &["restore", &backup]);
    assert!(said.contains("EVENTS has 1 messages") && said.contains("workout_loop.skipped has rows"), "{said}");
    let after = streams::state(&nats, "EVENTS").await.unwrap();
    assert_eq!((&after.created, after.messages), (&before.created, 1));
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM skipped").fetch_one(&mut db).await.unwrap();
    assert_eq!(kept, 1);
    {
        let _server = start(&fixture).await;
        let said = refused(&fixture, &["restore", &backup, "--replace"]);
        assert!(said.contains("is running: stop it first"), "{said}");
    }
    nobody_owns_a_lane(&fixture).await;
    operate(&fixture, &["restore", &backup, "--replace"]);
    let restored = streams::state(&nats, "EVENTS").await.unwrap();
    assert_ne!((restored.created, restored.messages), (before.created, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn halves_of_different_ages_catch_up_or_are_refused_with_what_mends_them() {
    let directory = tempfile::tempdir().unwrap();
    let (older, newer) = (place(&directory, "older"), place(&directory, "newer"));
    let fixture = Fixture::new().await;
    let (server, url) = start(&fixture).await;
    let mut ada = somebody(&url, "ada").await;
    for number in 0..3 {
        post(&mut ada, &format!("older-{number}")).await;
    }
    fixture.settle(&REAL).await;
    operate(&fixture, &["backup", &older]);
    for number in 0..5 {
        post(&mut ada, &format!("newer-{number}")).await;
    }
    fixture.settle(&REAL).await;
    operate(&fixture, &["backup", &newer]);
    let all = listed(&mut ada).await;
    let said: Vec<Uuid> = ledger::events(&fixture).await.iter().map(|event| event.id).collect();
    drop((server, fixture));

    let fixture = Fixture::new().await;
    operate(&fixture, &["restore", &older, "--only", "tables"]);
    operate(&fixture, &["restore", &newer, "--only", "streams"]);
    let (server, url) = start(&fixture).await;
    let mut operator = Client::new(&url).unwrap();
    eventually("the lane says that it caught up", Duration::from_secs(20), async || {
        let health = operator.get("/api/v1/workouts/health").await?.body.to_string();
        anyhow::ensure!(health.contains("folded 5 own"), "{health}");
        Ok(Some(()))
    })
    .await;
    fixture.settle(&REAL).await;
    // Before anybody logs in, which is told, too.
    assert_eq!(ledger::events(&fixture).await.iter().map(|event| event.id).collect::<Vec<_>>(), said);
    let (mut ada, _) = log_in(&url, "ada").await;
    assert_eq!(listed(&mut ada).await, all);
    operate(&fixture, &["verify"]);
    drop(server);
    nobody_owns_a_lane(&fixture).await;

    operate(&fixture, &["restore", &newer, "--only", "tables", "--replace"]);
    operate(&fixture, &["restore", &older, "--only", "streams", "--replace"]);
    let said = refused(&fixture, &["verify", "workout"]);
    assert!(said.contains("EVENTS ends at") && said.contains("plyo rebuild SERVICE --new-history"), "{said}");
    operate(&fixture, &["rebuild", "workout", "--new-history"]);
    operate(&fixture, &["verify", "workout"]);
    let kept =
        ledger::events(&fixture).await.iter().filter(|event| matches!(event.body, Event::WorkoutCompleted(_))).count();
    assert_eq!(kept, 3);
}
