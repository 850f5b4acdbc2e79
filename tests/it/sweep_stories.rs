//! Two people, and every id of the one in every operation of the other: nothing is found, and nothing is written. The operations are
//! those of the documents, so that a new one joins by itself.

use std::{fs, path::Path, time::Duration};

use plyo_client::{Client, Live};
use plyo_nats::Tail;
use serde_json::{Value, json};

use crate::{
    people::{somebody, trained_at, workout},
    platform::{Fixture, REAL},
};

fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(path);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Every operation that names something by its id: method, path, and the command that it is over a socket.
fn operations() -> Vec<(String, String, Option<String>)> {
    let document = read("openapi.json");
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, entry) in methods.as_object().unwrap() {
            let description = entry["description"].as_str().unwrap_or_default();
            let command = description.split_once("`cmd` with the type `").and_then(|(_, rest)| rest.split('`').next());
            operations.push((method.to_uppercase(), path.clone(), command.map(str::to_owned)));
        }
    }
    operations
}

/// What a body can be. Whoever adds an operation with a body of another kind adds one of them.
fn bodies() -> Vec<Option<Value>> {
    let due = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(9)).to_string();
    let bodies = [
        json!({}),
        workout(60.0),
        json!({ "due_at": due }),
        json!({ "days": 3 }),
        json!({ "password": "long enough" }),
    ];
    let of_exercises = [json!({ "name": "Sandbag hold" }), json!({ "into": "plank" })];
    [None].into_iter().chain(bodies.into_iter().chain(of_exercises).map(Some)).collect()
}

/// Puts `id` wherever an object has a field that ends in `_id`; false if there is none.
fn name(value: &mut Value, id: &str) -> bool {
    match value {
        Value::Object(fields) => {
            let mut found = false;
            for (field, value) in fields {
                if field.ends_with("_id") && value.is_string() {
                    *value = json!(id);
                    found = true;
                } else {
                    found |= name(value, id);
                }
            }
            found
        }
        Value::Array(items) => items.iter_mut().filter_map(|item| name(item, id).then_some(())).count() > 0,
        _ => false,
    }
}

/// Every id that stands anywhere in an answer.
fn ids(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| ids(value, found)),
        Value::Array(items) => items.iter().for_each(|item| ids(item, found)),
        Value::String(text) if text.len() == 36 && text.matches('-').count() == 4 && !found.contains(text) => {
            found.push(text.clone());
        }
        _ => {}
    }
}

/// All that somebody can see of their own.
async fn seen_by(client: &mut Client) -> Vec<Value> {
    let mut seen = Vec::new();
    for (method, path, _) in operations() {
        let is_own = method == "GET" && !path.contains('{') && !path.contains("/exercises");
        if is_own && !["/api/v1/live", "/api/v1/events", "/api/v1/auth/jwks"].contains(&path.as_str()) {
            seen.push(client.get(&path).await.unwrap().body);
        }
    }
    seen
}

async fn events(fixture: &Fixture) -> u64 {
    fixture.settle(&REAL).await;
    Tail::open(&fixture.nats().await, u64::MAX).await.unwrap().behind()
}

/// Somebody who has one of everything.
async fn somebody_with_everything(fixture: &Fixture, url: &str) -> Client {
    let mut ben = somebody(url, "ben").await;
    for minutes in [0, 60] {
        let mut training = workout(60.0);
        training["started_at"] = json!(trained_at(minutes));
        ben.post("/api/v1/workouts", &training).await.unwrap().success().unwrap();
    }
    let due = json!({ "due_at": (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(9)).to_string() });
    ben.post("/api/v1/workouts/reminders", &due).await.unwrap().success().unwrap();
    let script = json!({ "name": "a script", "scopes": ["workouts:read"] });
    ben.post("/api/v1/auth/tokens", &script).await.unwrap().success().unwrap();
    fixture.settle(&REAL).await;
    ben
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_anything_of_somebody_else_and_nothing_is_written() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ben = somebody_with_everything(&fixture, &url).await;
    let mut ada = somebody(&url, "ada").await;
    let mut of_ben = Vec::new();
    let (seen, before) = (seen_by(&mut ben).await, events(&fixture).await);
    seen.iter().for_each(|value| ids(value, &mut of_ben));
    assert!(of_ben.len() >= 8, "workouts, a reminder, recommendations, notifications, a session, a token: {of_ben:?}");

    let with_id: Vec<_> = operations().into_iter().filter(|(_, path, _)| path.contains("{id}")).collect();
    assert!(with_id.len() >= 11, "{with_id:?}");
    for (method, path, _) in &with_id {
        for id in &of_ben {
            if path == "/api/v1/commands/{service}/{id}" {
                // What is not handled yet leaves no other trace than what never was.
                for service in REAL.iter() {
                    let path = path.replace("{service}", service);
                    let of_nobody =
                        ada.get(&path.replace("{id}", &uuid::Uuid::now_v7().to_string())).await.unwrap().status;
                    assert_eq!(ada.get(&path.replace("{id}", id)).await.unwrap().status, of_nobody, "{path} {id}");
                }
                continue;
            }
            let path = path.replace("{id}", id).replace("{role}", "admin");
            let is_of_staff = path.starts_with("/api/v1/admin/");
            let mut answers = Vec::new();
            for body in bodies() {
                let answer = ada.send(method, &path, &[], body.map(|body| body.to_string())).await.unwrap();
                let expected: &[u16] = if is_of_staff { &[403] } else { &[400, 404, 415, 422] };
                assert!(expected.contains(&answer.status), "{method} {path}: {answer:?}");
                answers.push(answer.status);
            }
            assert!(is_of_staff || answers.contains(&404), "{method} {path} takes none of these bodies: {answers:?}");
        }
    }

    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let (mut n, mut commands) = (0, 0);
    // Which recommendation a set followed is a note in one's own log.
    let kinds = operations().into_iter().filter_map(|(_, _, command)| command);
    for kind in kinds.filter(|kind| kind != "workout.log.v1") {
        let examples =
            fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/examples").join(&kind)).unwrap();
        let examples = examples.map(|file| file.unwrap().path()).filter(|path| path.extension().unwrap() == "json");
        for example in examples {
            let mut data: Value = serde_json::from_slice(&fs::read(&example).unwrap()).unwrap();
            for id in &of_ben {
                if !name(&mut data, id) {
                    break;
                }
                (n, commands) = (n + 1, commands + 1);
                live.say(&json!({ "t": "cmd", "n": n, "type": kind, "data": data })).await.unwrap();
                let answer = loop {
                    let frame = tokio::time::timeout(Duration::from_secs(20), live.frame()).await.unwrap().unwrap();
                    if frame["n"] == n {
                        break frame;
                    }
                };
                let status = answer["problem"]["status"].as_u64().unwrap_or_default();
                assert!(answer["t"] == "err" && [404, 422].contains(&status), "{}: {answer}", example.display());
            }
        }
    }
    assert!(commands > 50, "{commands}");
    assert_eq!(seen_by(&mut ben).await, seen, "nothing of theirs changed");
    assert_eq!(events(&fixture).await, before, "nothing was written");
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

/// What decides whose something is, or what somebody may do, comes from nobody's body.
#[tokio::test(flavor = "multi_thread")]
async fn no_body_assigns_what_is_not_its_own_to_say() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut tried = 0;
    for (method, path, _) in operations().into_iter().filter(|(method, ..)| method != "GET") {
        let path = path.replace("{id}", "01990000-0000-7000-8000-000000000000").replace("{role}", "admin");
        for field in ["user_id", "user", "role", "version", "email_verified", "is_admin"] {
            let mut body = json!({});
            body[field] = json!("admin");
            let answer = ada.send(&method, &path, &[], Some(body.to_string())).await.unwrap();
            // Who has no role is not even read, and where a picture is wanted no field is.
            let expected = match path.as_str() {
                _ if path.starts_with("/api/v1/admin/") => 403,
                "/api/v1/me/avatar" if method == "PUT" => 415,
                _ => 422,
            };
            assert_eq!(answer.status, expected, "{method} {path} with {field}: {answer:?}");
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}
