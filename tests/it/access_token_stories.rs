//! Personal access tokens: what a script may do with one, and how that ends.

use std::time::Duration;

use plyo_client::{Answer, Client, Live};
use serde_json::{Value, json};

use crate::{
    people::{somebody, workout},
    platform::{Fixture, REAL, eventually},
};

async fn make(client: &mut Client, scopes: &[&str]) -> Value {
    let body = json!({ "name": "a script", "scopes": scopes });
    client.post("/api/v1/auth/tokens", &body).await.unwrap().success().unwrap()
}

fn with(url: &str, token: &Value) -> Client {
    let mut client = Client::new(url).unwrap();
    client.set_token(token["token"].as_str().unwrap());
    client
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}

fn document() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/openapi.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_may_do_what_its_token_names_over_http_and_over_a_socket() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    for (wrong, pointer) in [
        (json!({ "name": "", "scopes": ["workouts:read"] }), "/name"),
        (json!({ "name": "a script", "scopes": [] }), "/scopes"),
        (json!({ "name": "a script", "scopes": ["workouts:burn"] }), "/scopes/0"),
        (json!({ "name": "a script", "scopes": ["workouts:read"], "days": 367 }), "/days"),
    ] {
        let refused = ada.post("/api/v1/auth/tokens", &wrong).await.unwrap();
        assert_eq!((refused.status, &refused.body["violations"][0]["pointer"]), (422, &json!(pointer)), "{wrong}");
    }
    let logs = make(&mut ada, &["workouts:write", "events:read"]).await;
    let mut script = with(&url, &logs);
    script.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    let refused = script.get("/api/v1/workouts").await.unwrap();
    assert_eq!(code(&refused), (403, "insufficient_scope"));
    assert!(refused.body["detail"].as_str().unwrap().contains("workouts:read"), "{refused:?}");

    let mut live = Live::connect(script.authority(), script.token().unwrap(), None, &["me"]).await.unwrap();
    let cmd = |n: u32, kind: &str, data: Value| json!({ "t": "cmd", "n": n, "type": kind, "data": data });
    live.say(&cmd(1, "workout.log.v1", workout(70.0))).await.unwrap();
    live.say(&cmd(2, "notification.mark_all_read.v1", json!({}))).await.unwrap();
    let mut answers = [Value::Null, Value::Null];
    while answers.iter().any(Value::is_null) {
        let frame = tokio::time::timeout(Duration::from_secs(10), live.frame()).await.unwrap().unwrap();
        if let Some(n @ 1..=2) = frame["n"].as_u64() {
            answers[n as usize - 1] = frame;
        }
    }
    assert_eq!(answers[0]["t"], "ok", "{answers:?}");
    assert_eq!((&answers[1]["t"], &answers[1]["code"]), (&json!("err"), &json!("insufficient_scope")));
    let reads = with(&url, &make(&mut ada, &["workouts:read"]).await);
    let refused = Live::connect(reads.authority(), reads.token().unwrap(), None, &["me"]).await;
    assert!(refused.err().is_some_and(|error| error.to_string().contains("4501")), "it may not hear of events");

    let listed = ada.get("/api/v1/auth/tokens").await.unwrap().body;
    assert_eq!(
        (&listed[1]["name"], &listed[1]["scopes"]),
        (&json!("a script"), &json!(["workouts:write", "events:read"]))
    );
    assert!(
        listed[1]["last_used_at"].is_string() && listed.to_string().find(logs["token"].as_str().unwrap()).is_none()
    );
    let mut db = fixture.database("user").await;
    let kept: String = sqlx::query_scalar("SELECT array_agg(t::text)::text FROM user_credentials.access_token t")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert!(!kept.contains(logs["token"].as_str().unwrap()), "only a hash is kept");
    let path = format!("/api/v1/auth/tokens/{}", logs["token_id"].as_str().unwrap());
    let mut ben = somebody(&url, "ben").await;
    assert_eq!(code(&ben.send("DELETE", &path, &[], None).await.unwrap()), (404, "access_token_not_found"));
    assert_eq!(ada.send("DELETE", &path, &[], None).await.unwrap().status, 204);
    let closing = async { while live.frame().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(2), closing).await.expect("the socket closes within two seconds");
    let refused = script.post("/api/v1/workouts", &workout(80.0)).await.unwrap();
    assert_eq!(code(&refused), (401, "session_revoked"));
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

/// Every operation of the document, each with a token of its own scope and with one of all others.
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_takes_the_scope_that_it_says_and_no_other() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let document = document();
    let operations: Vec<(String, String, Vec<String>)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(move |(method, entry)| (path, method, entry))
        })
        .filter_map(|(path, method, entry)| {
            let scopes: Vec<String> = serde_json::from_value(entry["security"][0]["bearer"].clone()).ok()?;
            let path = path.replace("{id}", "01990000-0000-7000-8000-000000000000").replace("{service}", "workout");
            Some((method.to_uppercase(), path.replace("{slug}", "plank"), scopes))
        })
        .filter(|(_, path, _)| path != "/api/v1/events")
        .collect();
    let all: std::collections::BTreeSet<&str> =
        operations.iter().flat_map(|(.., scopes)| scopes).map(String::as_str).collect();
    assert!(operations.len() > 40 && all.len() > 10, "{} operations, {all:?}", operations.len());
    let all: Vec<&str> = all.into_iter().collect();
    for (method, path, scopes) in &operations {
        let others: Vec<&str> = all.iter().copied().filter(|scope| !scopes.iter().any(|own| own == scope)).collect();
        let mut wrong = with(&url, &make(&mut ada, &others).await);
        let body = (method != "GET").then(|| "{}".to_owned());
        let refused = wrong.send(method, path, &[], body.clone()).await.unwrap();
        assert_eq!(code(&refused), (403, "insufficient_scope"), "{method} {path} with {others:?}");
        if let [own] = &scopes[..] {
            let mut right = with(&url, &make(&mut ada, &[own]).await);
            let answer = right.send(method, path, &[], body).await.unwrap();
            assert!(![401, 403].contains(&answer.status), "{method} {path} with {own}: {answer:?}");
        }
        let mut db = fixture.database("user").await;
        sqlx::query("DELETE FROM user_credentials.access_token").execute(&mut db).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_no_token_or_has_expired_opens_nothing() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let right = make(&mut ada, &["workouts:read"]).await;
    let right = right["token"].as_str().unwrap();
    let other_end = if right.ends_with('A') { "E" } else { "A" };
    for wrong in
        ["plyo_", "plyo_no", &right[1..], &format!("{}{other_end}", &right[..right.len() - 1]), &right.to_lowercase()]
    {
        let mut client = Client::new(&url).unwrap();
        client.set_token(wrong);
        assert_eq!(code(&client.get("/api/v1/workouts").await.unwrap()), (401, "invalid_token"), "{wrong}");
    }
    let mut db = fixture.database("user").await;
    sqlx::query("UPDATE user_credentials.access_token SET expires_at = now()").execute(&mut db).await.unwrap();
    let mut client = Client::new(&url).unwrap();
    client.set_token(right);
    assert_eq!(code(&client.get("/api/v1/workouts").await.unwrap()), (401, "invalid_token"));
    // A new password is one for everybody who has a token, too.
    let token = make(&mut ada, &["workouts:read"]).await;
    let mut script = with(&url, &token);
    assert_eq!(script.get("/api/v1/workouts").await.unwrap().status, 200);
    let change = json!({ "present": "long enough", "password": "purple lamp river" });
    assert_eq!(ada.send("PUT", "/api/v1/auth/password", &[], Some(change.to_string())).await.unwrap().status, 204);
    eventually("the token is void", Duration::from_secs(2), async || {
        Ok((script.get("/api/v1/workouts").await?.status == 401).then_some(()))
    })
    .await;
}
