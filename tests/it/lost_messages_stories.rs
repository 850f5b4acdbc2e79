//! What the streams refuse, lack or have lost is said, and nothing is begun anew in its place without a word.

use std::time::{Duration, Instant};

use plyo_client::Client;
use plyo_nats::{Nats, raw, streams};
use serde_json::{Value, json};

use crate::{
    people::{somebody, workout},
    platform::{Fixture, REAL, eventually},
    replay_stories::{plyo, said},
};

/// Changes one setting of a stream.
async fn set(nats: &Nats, stream: &str, setting: &str, value: Value) {
    let info = raw::api(nats, &format!("STREAM.INFO.{stream}"), &Value::Null).await.unwrap().unwrap();
    let mut config = info["config"].clone();
    config[setting] = value;
    raw::api(nats, &format!("STREAM.UPDATE.{stream}"), &config).await.unwrap();
}

async fn ready(url: &str) -> (u16, String) {
    let answer = Client::new(url).unwrap().get("/ready").await.unwrap();
    (answer.status, answer.body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_takes_no_writes_is_named_until_it_takes_them_again() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    set(&nats, "COMMANDS_workout", "max_msg_size", json!(10)).await;
    for _ in 0..3 {
        let asked = Instant::now();
        let refused = ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap();
        assert!(refused.status == 503 && asked.elapsed() < Duration::from_secs(6), "{refused:?}");
    }
    let (status, told) = ready(&url).await;
    assert!(status == 503 && told.contains("does not accept writes to COMMANDS_workout"), "{told}");
    set(&nats, "COMMANDS_workout", "max_msg_size", json!(-1)).await;
    assert_eq!(ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().status, 201);
    assert_eq!(ready(&url).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_missing_is_said_by_whoever_takes_a_lane_and_by_verify() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let (server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    for kg in [60.0, 70.0] {
        ada.post("/api/v1/workouts", &workout(kg)).await.unwrap().success().unwrap();
    }
    fixture.settle(&REAL).await;
    drop(server);
    let found = raw::api(&nats, "STREAM.MSG.GET.EVENTS", &json!({ "next_by_subj": "evt.*.workout.>", "seq": 1 })).await;
    let sequence = found.unwrap().unwrap()["message"]["seq"].clone();
    raw::api(&nats, "STREAM.MSG.DELETE.EVENTS", &json!({ "seq": sequence })).await.unwrap();

    let (_server, url) = fixture.start_platform().await;
    let mut operator = Client::new(&url).unwrap();
    eventually("the lane says so", Duration::from_secs(20), async || {
        let health = operator.get("/api/v1/workouts/health").await?.body.to_string();
        Ok(health.contains("EVENTS lacks 1 of its messages").then_some(()))
    })
    .await;
    let verified = plyo(&fixture, &["verify", "workout"]);
    let text = said(&verified);
    assert!(!verified.status.success() && text.contains("EVENTS lacks 1 of its messages"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_gone_is_not_begun_anew_without_a_word() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let (server, url) = fixture.start_platform().await;
    somebody(&url, "ada").await;
    fixture.settle(&REAL).await;
    drop(server);
    streams::delete(&nats, "EVENTS").await.unwrap();
    let refused = plyo(&fixture, &["migrate"]);
    let text = said(&refused);
    assert!(
        !refused.status.success() && text.contains("restore its backup") && text.contains("--new-history"),
        "{text}"
    );
    assert!(streams::is_missing(&nats, "EVENTS").await.unwrap());
    let begun = plyo(&fixture, &["migrate", "--new-history"]);
    assert!(begun.status.success() && said(&begun).contains("stream EVENTS: create"), "{}", said(&begun));
}
