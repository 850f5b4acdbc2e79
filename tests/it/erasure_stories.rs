//! The end of an account: nothing of the person is left but that they were erased, wherever a process dies on the way; and
//! nobody else notices.

use std::{path::Path, process::Command, time::Duration};

use plyo_client::{Answer, Client, Live};
use plyo_nats::{deep, streams};
use serde_json::{Value, json};

use crate::{
    avatar_stories::{picture, set_picture},
    child::{Failpoint, Fate, Role, Server},
    people::{credentials, somebody, trained_at, workout},
    platform::{Fixture, REAL, eventually},
};

/// In every field that takes a text.
const MARK: &str = "zyxwvut";

async fn erase(client: &mut Client, body: Value) -> Answer {
    client.send("DELETE", "/api/v1/me", &[], Some(body.to_string())).await.unwrap()
}

/// Somebody who has told everything and has trained.
async fn marked(url: &str) -> Client {
    marked_as(url, MARK).await
}

async fn marked_as(url: &str, name: &str) -> Client {
    let mut client = somebody(url, name).await;
    let profile = json!({
        "display_name": format!("{name} the Strong"), "handle": format!("{name}_1"), "locale": format!("x-{MARK}"),
        "birth_year": 1990, "injuries": [{ "joint": "knee", "since": "2026-01-02" }] });
    let answer = client.send("PATCH", "/api/v1/me/profile", &[], Some(profile.to_string())).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    for kg in [60.0, 62.5, 65.0] {
        client.post("/api/v1/workouts", &workout(kg)).await.unwrap().success().unwrap();
    }
    let due_at = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48)).to_string();
    client.post("/api/v1/workouts/reminders", &json!({ "due_at": due_at })).await.unwrap().success().unwrap();
    let own = json!({ "name": format!("{name} carry"), "measure": "reps" });
    client.post("/api/v1/exercises/custom", &own).await.unwrap().success().unwrap();
    let weight = json!({ "date": trained_at(0)[..10], "weight": { "kg": 80 } });
    client.send("PUT", "/api/v1/workouts/body-weight", &[], Some(weight.to_string())).await.unwrap().success().unwrap();
    client
}

async fn completed(url: &str, user: &str) -> Value {
    let path = format!("/api/v1/erasures/{user}");
    eventually("the erasure is complete", Duration::from_secs(60), async || {
        let receipt = Client::new(url)?.get(&path).await?.body;
        Ok((receipt["stage"] == "completed").then_some(receipt))
    })
    .await
}

/// Rows about a person, by table.
async fn rows_about(fixture: &Fixture, user: &str) -> Vec<String> {
    let mut found = Vec::new();
    for service in REAL.iter() {
        let mut db = fixture.database(service).await;
        let sql = "SELECT table_schema::text, table_name::text, column_name::text FROM information_schema.columns
                   WHERE data_type = 'uuid' AND table_schema LIKE $1";
        let columns: Vec<(String, String, String)> =
            sqlx::query_as(sql).bind(format!("{service}%")).fetch_all(&mut db).await.unwrap();
        for (schema, table, column) in columns {
            let sql = format!("SELECT count(*) FROM \"{schema}\".\"{table}\" WHERE \"{column}\" = '{user}'");
            let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut db).await.unwrap();
            if count > 0 {
                found.push(format!("{schema}.{table}"));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The files below a directory that have these bytes.
pub fn files_with(directory: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = file.path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if std::fs::read(&path).is_ok_and(|content| content.windows(bytes.len()).any(|some| some == bytes)) {
            found.push(path.display().to_string());
        }
    }
    found
}

async fn deep(fixture: &Fixture) -> deep::Report {
    let services = REAL.iter().map(|name| (*name, fixture.dsn())).collect();
    let start = plyo_nats::Start::Last(u64::MAX);
    deep::verify(deep::Deep { nats: fixture.nats().await, services, start, progress: |_, _| {} }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_somebody_who_is_erased_nothing_is_left_anywhere_but_that() {
    let fixture = Fixture::new().await;
    let (server, url) = fixture.start_platform().await;
    let mut ben = somebody(&url, "ben").await;
    ben.post("/api/v1/workouts", &workout(80.0)).await.unwrap().success().unwrap();
    let mut ada = marked(&url).await;
    let me = ada.get("/api/v1/auth/me").await.unwrap().body;
    let user = me["user_id"].as_str().unwrap().to_owned();
    fixture.settle(&REAL).await;
    let nats_directory = fixture.stream_store();
    assert!(!files_with(&nats_directory, MARK.as_bytes()).is_empty(), "the search cannot fail");
    assert!(dump(&fixture).contains(MARK), "the search cannot fail");
    assert!(rows_about(&fixture, &user).await.len() > 10);
    // A picture, and one that it has replaced.
    let mut faces = Vec::new();
    for colour in [[200, 150, 120], [90, 60, 200]] {
        set_picture(&mut ada, colour).await;
        let face = picture(&mut ada).await.unwrap();
        assert!(face.len() > 500, "{}", face.len());
        faces.push(face[200..300].to_vec());
    }
    assert!(!files_with(&nats_directory, &faces[1]).is_empty(), "the search cannot fail");

    // Not by whoever found the device unlocked.
    let refused = erase(&mut ada, json!({ "password": "a guess of it", "at_once": true })).await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("wrong_password")));
    let mut socket = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let erased = erase(&mut ada, json!({ "password": "long enough", "at_once": true })).await;
    assert_eq!((erased.status, &erased.body["stage"]), (200, &json!("erased")), "{}", erased.body);
    let receipt = completed(&url, &user).await;
    assert!(receipt["events"].as_u64().unwrap() > 5, "{receipt}");
    assert!(!receipt.to_string().contains(MARK));

    // The socket closes, commands are answered 410, and nobody can log in.
    while socket.next().await.is_ok() {}
    for _ in 0..2 {
        let gone = ada.post("/api/v1/workouts", &workout(70.0)).await.unwrap();
        assert_eq!((gone.status, &gone.body["code"]), (410, &json!("erased")), "{}", gone.body);
    }
    let answer = Client::new(&url).unwrap().post("/api/v1/auth/login", &credentials(MARK)).await.unwrap();
    assert_eq!(answer.status, 401);
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
    let report = deep(&fixture).await;
    assert_eq!(report.wrong, Vec::<String>::new());
    assert!(report.remarks.iter().any(|remark| remark.contains("erasures")), "{:?}", report.remarks);

    // Only that they were erased, and until commands are forgotten, that they were.
    let rows: Vec<String> = rows_about(&fixture, &user).await;
    assert!(rows.iter().all(stays), "{rows:?}");
    assert!(!dump(&fixture).contains(MARK));
    let subjects = subjects_about(&fixture, &user).await;
    assert!(subjects.iter().all(|(stream, subject)| stream != "EVENTS" || outlives(subject)), "{subjects:?}");
    assert!(subjects.iter().all(|(stream, _)| stream != "SCHEDULE" && stream != "DEAD"), "{subjects:?}");
    drop(server);
    for left in [MARK.as_bytes(), &faces[0], &faces[1]] {
        assert_eq!(files_with(&nats_directory, left), Vec::<String>::new());
    }

    // Nobody else noticed, and a restart finds its places although what stood there is gone.
    let (_server, url) = fixture.start_platform().await;
    let (mut ben, _) = crate::people::log_in(&url, "ben").await;
    assert_eq!(ben.get("/api/v1/workouts").await.unwrap().body["items"].as_array().unwrap().len(), 1);
    let mut new = somebody(&url, MARK).await;
    assert_ne!(new.get("/api/v1/auth/me").await.unwrap().body["user_id"], user.as_str());
    fixture.settle(&REAL).await;
}

async fn subjects_about(fixture: &Fixture, user: &str) -> Vec<(String, String)> {
    let nats = fixture.nats().await;
    let names = ["EVENTS", "SCHEDULE", "DEAD"].into_iter().map(str::to_owned);
    let mut found = Vec::new();
    for stream in names.chain(REAL.iter().map(|service| streams::commands(service))) {
        for (subject, _) in streams::subjects(&nats, &stream, ">").await.unwrap() {
            if subject.split('.').any(|token| token == user) {
                found.push((stream.clone(), subject));
            }
        }
    }
    found
}

fn dump(fixture: &Fixture) -> String {
    dump_with(fixture, MARK)
}

/// Everything in the tables, in which a text is found also where it stands in bytes.
pub fn dump_with(fixture: &Fixture, text: &str) -> String {
    let output = Command::new(plyo_servers::postgres_program("pg_dump").unwrap())
        .arg("--inserts")
        .arg(fixture.dsn())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let dump = String::from_utf8_lossy(&output.stdout).into_owned();
    // Bytes are dumped in hexadecimal digits.
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    dump.replace(&hex, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_can_be_undone_for_seven_days() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = marked(&url).await;
    let cancel = async |client: &mut Client| client.post("/api/v1/me/erasure/cancel", &json!({})).await.unwrap();
    let nothing = cancel(&mut ada).await;
    assert_eq!((nothing.status, &nothing.body["code"]), (409, &json!("no_erasure")));
    let asked = erase(&mut ada, json!({ "password": "long enough" })).await;
    assert_eq!((asked.status, &asked.body["stage"]), (200, &json!("requested")), "{}", asked.body);
    let due: jiff::Timestamp = asked.body["due_at"].as_str().unwrap().parse().unwrap();
    let days = due.duration_since(jiff::Timestamp::now()).as_hours();
    assert!((167..=168).contains(&days), "{days}");
    // Asked for again, it is due when it was.
    assert_eq!(erase(&mut ada, json!({ "password": "long enough" })).await.body["due_at"], asked.body["due_at"]);
    assert_eq!(cancel(&mut ada).await.body["stage"], "cancelled");
    ada.post("/api/v1/workouts", &workout(70.0)).await.unwrap().success().unwrap();
    let user = asked.body["user_id"].as_str().unwrap();
    assert_eq!(ada.get(&format!("/api/v1/erasures/{user}")).await.unwrap().body["stage"], "cancelled");
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

/// Where a process can die on the way, and at which passage: the lanes of the services pass most of them in turn.
const CRASHES: [(&str, u32); 13] = [
    ("decide", 1),
    ("save", 1),
    ("save", 3),
    ("commit", 1),
    ("commit", 3),
    ("commit", 6),
    ("published", 1),
    ("effect-received", 1),
    ("erase-asked", 2),
    ("erase-removed", 4),
    ("effect-performed", 2),
    ("effect-reported", 1),
    ("effect-acked", 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_process_dies_the_erasure_goes_on() {
    let fixture = Fixture::new().await;
    let port = plyo_servers::free_port().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let role = Role { edge_port: Some(port), ..fixture.role(&REAL) };
    for (number, (name, passage)) in CRASHES.into_iter().enumerate() {
        let server = Server::start(&role);
        fixture.ready(&url).await;
        let mut ada = marked_as(&url, &format!("{MARK}{number}")).await;
        let user = ada.get("/api/v1/auth/me").await.unwrap().body["user_id"].as_str().unwrap().to_owned();
        fixture.settle(&REAL).await;
        drop(server);
        let failpoint = Some(Failpoint { name, passage, fate: Fate::Abort });
        let mut dying = Server::start(&Role { failpoint, ..role.clone() });
        let ask = async || {
            let body = json!({ "password": "long enough", "at_once": true }).to_string();
            let headers = [("idempotency-key", "erase"), ("prefer", "wait=1")];
            let mut client = Client::new(&url)?;
            client.set_token(ada.token().unwrap());
            client.send("DELETE", "/api/v1/me", &headers, Some(body)).await
        };
        eventually("the process has died", Duration::from_secs(30), async || {
            let answer = ask().await;
            assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status != 422));
            Ok(dying.has_ended().then_some(()))
        })
        .await;
        let server = Server::start(&role);
        fixture.ready(&url).await;
        eventually("it is asked for", Duration::from_secs(30), async || {
            Ok(matches!(ask().await?.status, 200 | 401 | 404 | 410).then_some(()))
        })
        .await;
        completed(&url, &user).await;
        fixture.settle(&REAL).await;
        drop(server);
        assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new(), "{name}");
        assert_eq!(deep(&fixture).await.wrong, Vec::<String>::new(), "{name}");
        let rows = rows_about(&fixture, &user).await;
        assert!(rows.iter().all(stays), "{name}: {rows:?}");
        assert!(
            subjects_about(&fixture, &user)
                .await
                .iter()
                .all(|(stream, subject)| stream != "EVENTS" || outlives(subject))
        );
    }
}

/// A table that says of somebody that they were erased.
fn stays(table: &String) -> bool {
    table == "user.erasure" || table.ends_with("_loop.erased") || table.ends_with("_loop.handled")
}

fn outlives(subject: &str) -> bool {
    ["erased", "erasure_prepared", "erasure_completed"].iter().any(|fact| subject.contains(&format!(".user.{fact}.")))
}
