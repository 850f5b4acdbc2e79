//! What somebody takes with them: all that there is of them as a file, its link, and the same tables on another instance.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use plyo_client::{Client, Live};
use plyo_events::UserId;
use plyo_nats::{raw, streams};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;
use uuid::Uuid;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    avatar_stories::{is_of, picture, set_picture},
    command_line,
    people::{pushed, somebody, trained_at, workout},
    platform::{Fixture, REAL, eventually},
    replay_stories::{plyo, said},
};

const EVENTS: &str = "events.jsonl";
const AVATAR: &str = "avatar.webp";
const MANIFEST: &str = "manifest.json";
const PASSWORD: &[u8] = b"another password\n";

/// Somebody who has done a bit of everything; gives their id.
async fn live_a_little(fixture: &Fixture, ada: &mut Client) -> Uuid {
    let mut ids = Vec::new();
    for day in 0..20 {
        let mut training = workout(60.0 + f64::from(day) * 2.5);
        training["started_at"] = json!(trained_at((i64::from(day) - 20) * 24 * 60));
        let saved = ada.post("/api/v1/workouts", &training).await.unwrap().success().unwrap();
        ids.push(saved["workout_id"].as_str().unwrap().to_owned());
    }
    let put = async |ada: &mut Client, method: &str, path: &str, body: Value| {
        ada.send(method, path, &[], Some(body.to_string())).await.unwrap().success().unwrap()
    };
    put(ada, "PUT", &format!("/api/v1/workouts/{}", ids[18]), workout(62.3)).await;
    ada.send("DELETE", &format!("/api/v1/workouts/{}", ids[7]), &[], None).await.unwrap().success().unwrap();
    put(ada, "PATCH", "/api/v1/me/profile", json!({ "display_name": "Ada L.", "handle": "ada", "height_cm": 171 }))
        .await;
    set_picture(ada, [200, 150, 120]).await;
    put(ada, "PUT", "/api/v1/workouts/body-weight", json!({ "date": "2026-01-02", "weight": { "kg": 61.7 } })).await;
    let own = json!({ "name": "Sandbag hold", "measure": "duration", "muscles": ["core"] });
    ada.post("/api/v1/exercises/custom", &own).await.unwrap();
    let due = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(9)).to_string();
    put(ada, "POST", "/api/v1/workouts/reminders", json!({ "due_at": due })).await;
    fixture.settle(&REAL).await;
    let told = ada.get("/api/v1/coach/recommendations").await.unwrap().success().unwrap();
    let open = told.as_array().unwrap().iter().find(|one| one["status"] == "open").expect("something to accept");
    let accept = format!("/api/v1/coach/recommendations/{}/accept", open["recommendation_id"].as_str().unwrap());
    ada.post(&accept, &json!({})).await.unwrap().success().unwrap();
    ada.send("POST", "/api/v1/notifications/read-all", &[], None).await.unwrap().success().unwrap();
    ada.post("/api/v1/auth/tokens", &json!({ "name": "a script", "scopes": ["workouts:read"] })).await.unwrap();
    fixture.settle(&REAL).await;
    ada.get("/api/v1/auth/me").await.unwrap().body["user_id"].as_str().unwrap().parse().unwrap()
}

/// Asks for an export and waits for it.
async fn export(ada: &mut Client) {
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let asked = ada.post("/api/v1/me/export", &json!({ "password": "long enough" })).await.unwrap();
    assert_eq!((asked.status, &asked.body["stage"]), (201, &json!("requested")), "{asked:?}");
    let told = pushed(&mut live, "export.completed.v1").await.data;
    assert_eq!(told["export_id"], asked.body["export_id"]);
    let mine = ada.get("/api/v1/me/export").await.unwrap().success().unwrap();
    assert_eq!((&mine["stage"], &mine["file"]), (&json!("completed"), &told["file"]));
}

async fn link(ada: &mut Client) -> String {
    let link = ada.send("POST", "/api/v1/me/export/link", &[], None).await.unwrap();
    assert_eq!((link.status, link.headers["cache-control"].to_str().unwrap()), (201, "no-store"), "{link:?}");
    link.body["path"].as_str().unwrap().to_owned()
}

/// The file of somebody, in a directory.
async fn downloaded(ada: &mut Client, directory: &TempDir) -> PathBuf {
    let path = link(ada).await;
    let got = Client::new(&format!("http://{}", ada.authority())).unwrap().get(&path).await.unwrap();
    assert_eq!((got.status, got.headers["content-type"].to_str().unwrap()), (200, "application/zip"), "{got:?}");
    let file = directory.path().join("ada.zip");
    std::fs::write(&file, &got.bytes).unwrap();
    file
}

/// What is called so in an archive.
fn entry(archive: &Path, name: &str) -> String {
    let mut zip = ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The same archive with other entries.
fn with(archive: &Path, changed: &[(&str, Vec<u8>)]) -> PathBuf {
    let path = archive.with_file_name(format!("{}.zip", Uuid::new_v4()));
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    for name in ["account.json", EVENTS, "timers.jsonl", MANIFEST] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        let changed = changed.iter().find(|(of, _)| *of == name).map(|(_, content)| content.clone());
        zip.write_all(&changed.unwrap_or_else(|| entry(archive, name).into_bytes())).unwrap();
    }
    for (_, picture) in changed.iter().filter(|(of, _)| *of == AVATAR) {
        zip.start_file(AVATAR, SimpleFileOptions::default()).unwrap();
        zip.write_all(picture).unwrap();
    }
    zip.finish().unwrap();
    path
}

/// `plyo import-account`, with a password on stdin for whoever reads it.
fn import(fixture: &Fixture, arguments: &[&str]) -> Output {
    let programs = tempfile::tempdir().unwrap();
    let arguments = importing(fixture, arguments);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    command_line::output(programs.path(), &arguments, PASSWORD)
}

/// The same, but its process is killed once the first events are there.
async fn begin_to_import(fixture: &Fixture, arguments: &[&str]) {
    let programs = tempfile::tempdir().unwrap();
    let (nats, before) = (fixture.nats().await, streams::state(&fixture.nats().await, "EVENTS").await.unwrap().last);
    let arguments = importing(fixture, arguments);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut begun = command_line::plyo(programs.path(), &arguments).spawn().unwrap();
    begun.stdin.take().unwrap().write_all(PASSWORD).unwrap();
    eventually("events are imported", Duration::from_secs(60), async || {
        Ok((streams::state(&nats, "EVENTS").await?.last > before).then_some(()))
    })
    .await;
    begun.kill().unwrap();
    begun.wait().unwrap();
}

fn importing(fixture: &Fixture, arguments: &[&str]) -> Vec<String> {
    let (nats, dsn, nkeys) = (fixture.nats_server.url(), fixture.dsn(), fixture.nats_server.nkeys());
    let servers = ["--nats-url", &nats, "--postgres-url", &dsn, "--nkeys", nkeys.to_str().unwrap()];
    [&["import-account"][..], arguments, &servers].concat().into_iter().map(str::to_owned).collect()
}

/// Every row about somebody, by service and table. What became of the export itself is not in its file.
async fn rows(fixture: &Fixture, user: Uuid) -> Vec<(String, Value)> {
    let mut db = sqlx::PgConnection::connect(&fixture.dsn()).await.unwrap();
    let mut rows = Vec::new();
    for service in REAL.iter() {
        let sql = "SELECT table_name::text FROM information_schema.columns
                   WHERE table_schema = $1 AND column_name = 'user_id' AND table_name <> 'export' ORDER BY 1";
        let tables: Vec<String> = sqlx::query_scalar(sql).bind(service).fetch_all(&mut db).await.unwrap();
        assert!(!tables.is_empty(), "{service}");
        for table in tables {
            let sql = format!(
                "SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text), '[]')
                 FROM \"{service}\".\"{table}\" t WHERE user_id = $1"
            );
            let found: Value = sqlx::query_scalar(AssertSqlSafe(sql)).bind(user).fetch_one(&mut db).await.unwrap();
            rows.push((format!("{service}.{table}"), found));
        }
    }
    rows
}

/// How many there are; a lane that is taken again adds its mark, which is none.
async fn events(fixture: &Fixture) -> u64 {
    fixture.settle(&REAL).await;
    let subjects = streams::subjects(&fixture.nats().await, "EVENTS", "evt.>").await.unwrap();
    subjects.iter().map(|(_, count)| count).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_gives_the_file_once_and_only_to_whom_it_was_given() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let (mut ada, mut ben) = (somebody(&url, "ada").await, somebody(&url, "ben").await);
    for client in [&mut ada, &mut ben] {
        assert_eq!(client.get("/api/v1/me/export").await.unwrap().status, 404);
        assert_eq!(client.send("POST", "/api/v1/me/export/link", &[], None).await.unwrap().status, 404);
    }
    let wrong = ada.post("/api/v1/me/export", &json!({ "password": "long enougj" })).await.unwrap();
    assert_eq!((wrong.status, &wrong.body["code"]), (403, &json!("wrong_password")));
    ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    fixture.settle(&REAL).await;
    export(&mut ada).await;
    assert_eq!(ben.get("/api/v1/me/export").await.unwrap().status, 404);

    // An earlier link is over, one is used up by one use alone, and by no look at it.
    let (earlier, newer) = (link(&mut ada).await, link(&mut ada).await);
    let mut anybody = Client::new(&url).unwrap();
    assert_eq!(anybody.get(&earlier).await.unwrap().status, 404);
    assert_eq!(anybody.send("HEAD", &newer, &[], None).await.unwrap().status, 200);
    let file = anybody.get(&newer).await.unwrap();
    assert_eq!(file.headers["content-length"].to_str().unwrap(), file.bytes.len().to_string());
    let again = anybody.get(&newer).await.unwrap();
    assert_eq!((again.status, &again.body["code"]), (410, &json!("export_link_over")));
    for nobodys in ["/api/v1/exports/x".to_owned(), newer.replace("exports/", "exports/A")] {
        assert_eq!(anybody.get(&nobodys).await.unwrap().status, 404, "{nobodys}");
    }
    let mut at_once = Vec::new();
    let contested = link(&mut ada).await;
    for _ in 0..8 {
        let (url, path) = (url.clone(), contested.clone());
        at_once.push(tokio::spawn(async move { Client::new(&url).unwrap().get(&path).await.unwrap().status }));
    }
    let mut statuses = Vec::new();
    for one in at_once {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410, 410, 410, 410, 410, 410, 410]);

    // What is in it is hers, and no secret.
    let directory = tempfile::tempdir().unwrap();
    let archive = directory.path().join("ada.zip");
    std::fs::write(&archive, &file.bytes).unwrap();
    let (account, lines) = (entry(&archive, "account.json"), entry(&archive, EVENTS));
    assert!(account.contains("ada@example.org") && entry(&archive, "README.txt").contains(EVENTS), "{account}");
    for secret in ["argon2", "ben@", "sha256", "token\"", "password"] {
        assert!(!account.contains(secret) && !lines.contains(secret), "{secret}: {account}{lines}");
    }
    let manifest: Value = serde_json::from_str(&entry(&archive, MANIFEST)).unwrap();
    assert_eq!(manifest["events"], lines.lines().count());
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&event["specversion"], &event["subject"]), (&json!("1.0"), &manifest["user_id"]));
        assert!(event["data"].is_object(), "{line}");
    }
    assert!(!lines.contains("Sandbag") || lines.contains(r#""text":"Sandbag hold""#), "{lines}");

    // Another export takes its place, and with it what led to it.
    let old = link(&mut ada).await;
    export(&mut ada).await;
    assert_eq!(anybody.get(&old).await.unwrap().status, 410);
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

/// Like a workout of a few exercises, of a service that there is not, so that nobody reads it.
fn elsewhere(user: Uuid) -> raw::Raw {
    let set = json!({ "reps": 5, "load": { "kg": 62.5 }, "rpe": 8.5 });
    let exercises: Vec<Value> = (0..12).map(|_| json!({ "exercise": "pull-up", "sets": [set, set, set] })).collect();
    let headers = [
        ("ce-specversion", "1.0".to_owned()),
        ("ce-id", Uuid::new_v4().to_string()),
        ("ce-type", "elsewhere.trained.v1".to_owned()),
        ("ce-source", "plyo/elsewhere".to_owned()),
        ("ce-time", jiff::Timestamp::now().to_string()),
        ("ce-datacontenttype", "application/msgpack".to_owned()),
        ("ce-causationid", Uuid::new_v4().to_string()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let body = rmp_serde::to_vec_named(&json!({ "exercises": exercises })).unwrap();
    (format!("evt.elsewhere.trained.{user}"), headers, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_long_export_is_told_how_far_it_is_and_nobody_keeps_it() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let (mut ada, mut ben) = (somebody(&url, "ada").await, somebody(&url, "ben").await);
    let user: Uuid = ada.get("/api/v1/auth/me").await.unwrap().body["user_id"].as_str().unwrap().parse().unwrap();
    let long: Vec<_> = (0..1_500).map(|_| elsewhere(user)).collect();
    raw::publish_pipelined(&fixture.nats().await, long, 500).await.unwrap();
    let mut sockets = Vec::new();
    for client in [&ada, &ben] {
        let mut live = Live::connect(client.authority(), client.token().unwrap(), None, &["me"]).await.unwrap();
        while live.frame().await.unwrap()["t"] != "ready" {}
        sockets.push(live);
    }
    let asked = ada.post("/api/v1/me/export", &json!({ "password": "long enough" })).await.unwrap().success().unwrap();
    let mut told = Vec::new();
    let waiting = async {
        loop {
            let frame = sockets[0].frame().await.unwrap();
            match frame["t"].as_str().unwrap() {
                "eph" => told.push(frame["data"].clone()),
                "evt" if frame["type"] == "export.completed.v1" => {
                    return frame["data"]["file"]["events"].as_u64().unwrap();
                }
                _ => {}
            }
        }
    };
    let events = tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("the export is completed");
    assert!(!told.is_empty() && told.len() <= 9, "{told:?}");
    let far: Vec<u64> = told.iter().map(|progress| progress["events"].as_u64().unwrap()).collect();
    assert!(far.is_sorted() && far[0] > 0 && *far.last().unwrap() < events && events > 1_500, "{told:?} of {events}");
    for progress in &told {
        assert_eq!((&progress["type"], &progress["of"]), (&json!("export.progress"), &json!(events)));
        assert_eq!(progress["export_id"], asked["export_id"]);
    }
    // Nobody else hears of it, and it is no event.
    ben.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    assert_eq!(sockets[1].frame().await.unwrap()["t"], "evt");
    let subjects = streams::subjects(&fixture.nats().await, "EVENTS", &format!("evt.*.user.*.{user}")).await.unwrap();
    let facts = subjects.iter().map(|(subject, _)| subject.split('.').nth(3).unwrap());
    let mut facts: Vec<&str> = facts.filter(|fact| fact.contains("export")).collect();
    facts.sort_unstable();
    assert_eq!(facts, ["export_completed", "export_requested"]);
    fixture.settle(&REAL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_moves_to_another_instance_and_has_the_same_there() {
    let (here, there) = (Fixture::new().await, Fixture::new().await);
    let (_server, url) = here.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let user = live_a_little(&here, &mut ada).await;
    let directory = tempfile::tempdir().unwrap();
    let before = rows(&here, user).await;
    export(&mut ada).await;
    let file = downloaded(&mut ada, &directory).await;
    let file = file.to_str().unwrap();

    let (_other, other_url) = there.start_platform().await;
    somebody(&other_url, "ben").await;
    begin_to_import(&there, &[file, "--password-stdin"]).await;
    let done = import(&there, &[file, "--password-stdin"]);
    assert!(done.status.success(), "{}", said(&done));
    there.settle(&REAL).await;
    for ((table, expected), (_, found)) in before.iter().zip(rows(&there, user).await) {
        assert_eq!(*expected, found, "{table}");
    }
    assert!(before.iter().filter(|(_, rows)| rows.as_array().is_some_and(|rows| !rows.is_empty())).count() > 12);
    assert_eq!(there.verify(&REAL).await, Vec::<String>::new());
    let deep = plyo(&there, &["verify", "--deep"]);
    assert!(deep.status.success(), "{}", said(&deep));

    let timers = plyo_nats::personal_timers(&there.nats().await, UserId::new(user)).await.unwrap();
    assert_eq!(timers.len(), 1, "the reminder comes there");

    // Once is enough.
    let all = events(&there).await;
    let again = import(&there, &[file, "--password-stdin"]);
    assert!(said(&again).contains("imported 0 of"), "{}", said(&again));
    assert_eq!(events(&there).await, all);

    // Life goes on there, and is not mixed with what it was here.
    let mut moved = Client::new(&other_url).unwrap();
    let credentials = json!({ "email": "ada@example.org", "password": "another password" });
    let tokens = moved.post("/api/v1/auth/login", &credentials).await.unwrap().success().unwrap();
    moved.set_token(tokens["access_token"].as_str().unwrap());
    for path in
        ["workouts", "workouts/records", "achievements", "coach/recommendations", "exercises/custom", "me/profile"]
    {
        let path = format!("/api/v1/{path}");
        let (mut here, mut there) = (ada.get(&path).await.unwrap().body, moved.get(&path).await.unwrap().body);
        if path.ends_with("profile") {
            // The picture was written anew.
            assert!(here["avatar"].take().is_string() && there["avatar"].take().is_string(), "{here} {there}");
        }
        assert_eq!(here, there, "{path}");
    }
    assert!(picture(&mut moved).await.is_some_and(|webp| is_of(&webp, [200, 150, 120])));
    moved.post("/api/v1/workouts", &workout(140.0)).await.unwrap().success().unwrap();
    there.settle(&REAL).await;
    assert_eq!(there.verify(&REAL).await, Vec::<String>::new());
    let refused = import(&there, &[file]);
    assert!(!refused.status.success() && said(&refused).contains("not in the file"), "{}", said(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_somebody_made_up_is_refused_and_nothing_of_it_is_imported() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    fixture.settle(&REAL).await;
    export(&mut ada).await;
    let directory = tempfile::tempdir().unwrap();
    let good = downloaded(&mut ada, &directory).await;
    let (lines, manifest) = (entry(&good, EVENTS), entry(&good, MANIFEST));
    let user: Value = serde_json::from_str(&manifest).unwrap();
    let user = user["user_id"].as_str().unwrap().to_owned();
    let before = events(&fixture).await;

    let nobody = Uuid::new_v4().to_string();
    let manifest_of = |events: &str| {
        let mut changed: Value = serde_json::from_str(&manifest).unwrap();
        (changed["events"], changed["event_bytes"]) = (json!(events.lines().count()), json!(events.len()));
        changed.to_string().into_bytes()
    };
    let changed = |events: String| with(&good, &[(MANIFEST, manifest_of(&events)), (EVENTS, events.into_bytes())]);
    let third = |from: &str, to: &str| {
        let mut all: Vec<String> = lines.lines().map(str::to_owned).collect();
        assert!(all[2].contains(from), "{}", all[2]);
        all[2] = all[2].replacen(from, to, 1);
        changed(all.join("\n") + "\n")
    };
    let no_zip = directory.path().join("no.zip");
    std::fs::write(&no_zip, "PK, it says").unwrap();
    let zeros = vec![0; 64 * 1024 * 1024];
    let huge = manifest.replacen("\"event_bytes\": ", "\"event_bytes\": 1099511627", 1).into_bytes();
    let twice = format!("{}{}", lines, lines.lines().next().unwrap().to_owned() + "\n");
    for (file, reason) in [
        (no_zip, "no zip archive"),
        (
            with(&good, &[(MANIFEST, manifest.replacen("plyo-account", "other-account", 1).into_bytes())]),
            "not a plyo-account",
        ),
        (
            with(&good, &[(MANIFEST, manifest.replacen("\"version\": 1", "\"version\": 7", 1).into_bytes())]),
            "version 7",
        ),
        (with(&good, &[(MANIFEST, b"{}".to_vec())]), "manifest.json cannot be read"),
        (third(&user, &nobody), "line 3: it is about somebody else"),
        (third("\"type\":\"", "\"type\":\"my."), "line 3: its type"),
        (third(".v1\"", ".v9\""), "line 3"),
        (third("\"data\":{", "\"data\":["), "line 3: it is no event"),
        (with(&good, &[(EVENTS, lines.as_bytes()[..lines.len() - 9].to_vec())]), "it is cut off"),
        (with(&good, &[(EVENTS, lines.lines().next().unwrap().as_bytes().to_vec())]), "line 1: it is cut off"),
        (changed(twice), "is there twice"),
        (with(&good, &[(AVATAR, b"<svg/>".to_vec())]), "the picture in the file"),
        (with(&good, &[(EVENTS, zeros.clone()), (MANIFEST, huge)]), "larger than any account"),
        (with(&good, &[(EVENTS, zeros)]), "cut off, or longer than any event"),
    ] {
        let refused = import(&fixture, &[file.to_str().unwrap()]);
        let told = said(&refused);
        assert!(!refused.status.success() && told.contains(reason), "{reason}: {told}");
    }
    assert_eq!(events(&fixture).await, before);

    // Whoever is here already stays as they are.
    let refused = import(&fixture, &[good.to_str().unwrap(), "--password-stdin"]);
    assert!(said(&refused).contains("not in the file"), "{}", said(&refused));
    assert_eq!(events(&fixture).await, before);
}
