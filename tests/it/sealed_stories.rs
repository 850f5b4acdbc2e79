//! Personal texts: sealed in every stream and table, read by their person, and by nobody once the key is gone.

use std::fs;

use plyo_client::{Client, Live};
use serde_json::{Value, json};

use crate::{
    erasure_stories::{dump_with, files_with},
    people::{log_in, pushed, somebody},
    platform::{Fixture, REAL},
    replay_stories::{plyo, said},
};

const NAME: &str = "Qwyxzard carry";
const OWN: &str = "/api/v1/exercises/custom";

async fn named(client: &mut Client) -> Vec<Value> {
    let own = client.get(OWN).await.unwrap().success().unwrap();
    own.as_array().unwrap().iter().map(|one| json!([one["name"], one["sealed"]])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_text_is_read_by_its_person_and_stands_in_no_stream_and_no_table() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let exercise = json!({ "name": NAME, "measure": "weight-reps" });
    let made = ada.command("POST", OWN, "carry", Some(&exercise)).await.unwrap();
    assert_eq!(made.status, 201, "{made:?}");
    let again = ada.command("POST", OWN, "carry", Some(&exercise)).await.unwrap();
    assert_eq!((again.status, &again.body), (201, &made.body), "sealed twice it is the same");
    let other = json!({ "name": "Another", "measure": "weight-reps" });
    let reused = ada.command("POST", OWN, "carry", Some(&other)).await.unwrap();
    assert_eq!((reused.status, &reused.body["code"]), (422, &json!("idempotency_key_reused")), "{reused:?}");
    let push = pushed(&mut live, "custom_exercise.set.v1").await;
    assert_eq!(push.data["exercise"]["name"], NAME);

    // Over a socket it is sealed, too; what is sealed elsewhere is not taken.
    let data = json!({ "name": "By socket", "measure": "reps" });
    live.say(&json!({ "t": "cmd", "n": 1, "type": "workout.create_exercise.v1", "data": data })).await.unwrap();
    assert_eq!(pushed(&mut live, "custom_exercise.set.v1").await.data["exercise"]["name"], "By socket");
    let forged = json!({ "name": { "sealed": "AQID" }, "measure": "reps" });
    assert_eq!(ada.post(OWN, &forged).await.unwrap().status, 422);
    live.say(&json!({ "t": "cmd", "n": 2, "type": "workout.create_exercise.v1", "data": forged })).await.unwrap();
    let refused = loop {
        let frame = live.frame().await.unwrap();
        if frame["t"] == "err" {
            break frame;
        }
    };
    assert_eq!((&refused["n"], &refused["code"]), (&json!(2), &json!("invalid_body")), "{refused}");

    assert_eq!(named(&mut ada).await, [json!(["By socket", null]), json!([NAME, null])]);
    let found = ada.get("/api/v1/exercises?q=qwyxzard").await.unwrap().body;
    assert_eq!(found[0]["name"], NAME, "{found}");
    fixture.settle(&REAL).await;
    for text in [NAME, "By socket"] {
        assert_eq!(files_with(&fixture.stream_store(), text.as_bytes()), Vec::<String>::new(), "{text}");
        assert!(!dump_with(&fixture, text).contains(text), "{text}");
    }
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_whose_key_is_gone_says_so_and_everything_else_goes_on() {
    let fixture = Fixture::new().await;
    let (server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    ada.post(OWN, &json!({ "name": NAME, "measure": "reps" })).await.unwrap().success().unwrap();
    let cursor = {
        let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
        live.say(&json!({ "t": "unsub", "n": 1, "topic": "me" })).await.unwrap();
        live.cursor().to_owned()
    };
    ada.post(OWN, &json!({ "name": "Another", "measure": "reps" })).await.unwrap().success().unwrap();
    fixture.settle(&REAL).await;
    drop(server);
    let mut db = fixture.database("user").await;
    let destroyed = sqlx::query("DELETE FROM user_credentials.data_key").execute(&mut db).await.unwrap();
    assert_eq!(destroyed.rows_affected(), 1);

    let (_server, url) = fixture.start_platform().await;
    let (mut ada, _) = log_in(&url, "ada").await;
    assert_eq!(named(&mut ada).await, [json!([null, true]), json!([null, true])]);
    let found = ada.get("/api/v1/exercises?q=qwyxzard").await.unwrap();
    assert_eq!(found.status, 200, "{}", found.body);
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), Some(&cursor), &["me"]).await.unwrap();
    let exercise = pushed(&mut live, "custom_exercise.set.v1").await.data["exercise"].clone();
    assert_eq!((&exercise["name"], &exercise["sealed"]), (&Value::Null, &json!(true)), "{exercise}");
    // What comes now is sealed under a new key.
    ada.post(OWN, &json!({ "name": NAME, "measure": "reps" })).await.unwrap().success().unwrap();
    assert!(named(&mut ada).await.contains(&json!([NAME, null])));
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_people_are_wrapped_by_another_key_while_they_are_used() {
    let fixture = Fixture::new().await;
    let (server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    ada.post(OWN, &json!({ "name": NAME, "measure": "reps" })).await.unwrap().success().unwrap();
    let path = fixture.nats_server.nkeys().join("user.kek");
    let old = fs::read_to_string(&path).unwrap();
    drop(server);

    // Both are known, and the first one wraps from now on.
    let new = "0123456789abcdef".repeat(4);
    fs::write(&path, format!("{new}\n{old}")).unwrap();
    let (server, url) = fixture.start_platform().await;
    let rewrapped = plyo(&fixture, &["rewrap-keys"]);
    assert!(rewrapped.status.success() && said(&rewrapped).contains("1 keys"), "{}", said(&rewrapped));
    assert!(said(&plyo(&fixture, &["rewrap-keys"])).contains("0 keys"));
    let (mut ada, _) = log_in(&url, "ada").await;
    assert_eq!(named(&mut ada).await, [json!([NAME, null])]);
    drop(server);

    // The old one is not needed any more; without the new one nothing is read, and nothing is lost.
    fs::write(&path, &old).unwrap();
    let lacking = plyo(&fixture, &["rewrap-keys"]);
    assert!(!lacking.status.success() && said(&lacking).contains("add the line"), "{}", said(&lacking));
    let (server, url) = fixture.start_platform().await;
    let (mut ada, _) = log_in(&url, "ada").await;
    assert_eq!(ada.get(OWN).await.unwrap().status, 503);
    assert_eq!(ada.get("/api/v1/workouts").await.unwrap().status, 200);
    drop(server);
    fs::write(&path, &new).unwrap();
    let (_server, url) = fixture.start_platform().await;
    let (mut ada, _) = log_in(&url, "ada").await;
    assert_eq!(named(&mut ada).await, [json!([NAME, null])]);
}
