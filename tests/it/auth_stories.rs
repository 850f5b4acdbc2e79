//! Sessions from outside: how they end, and who notices.

use std::time::Duration;

use plyo_client::{Answer, Client, Live};
use plyo_edge::EdgeConfig;
use serde_json::{Value, json};

use crate::{
    edges::Edge,
    people::{log_in, pushed, somebody, workout},
    platform::{Fixture, REAL, eventually},
};

async fn listen(client: &Client) -> Live {
    Live::connect(client.authority(), client.token().unwrap(), None, &["me"]).await.unwrap()
}

/// Hears a socket out: gives its `bye`, and the close that follows.
async fn end(live: &mut Live) -> (Value, String) {
    let hearing = async {
        loop {
            let frame = live.frame().await.expect("a bye comes before the close");
            if frame["t"] == "bye" {
                return (frame, live.frame().await.unwrap_err().to_string());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), hearing).await.expect("the socket ends")
}

/// Waits until an access token is void.
async fn is_refused(client: &mut Client) {
    let answer = eventually("the access token is void", Duration::from_secs(10), async || {
        let answer = client.get("/api/v1/workouts").await?;
        Ok((answer.status != 200).then_some(answer))
    })
    .await;
    assert_eq!((answer.status, answer.body["code"].as_str().unwrap()), (401, "session_revoked"));
    assert_eq!(answer.headers["www-authenticate"], r#"Bearer error="invalid_token""#);
}

async fn refresh(client: &mut Client, tokens: &Value) -> Answer {
    client.post("/api/v1/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_ends_the_tokens_and_the_socket_of_its_session_and_of_no_other() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut laptop = somebody(&url, "ada").await;
    let (mut phone, tokens) = log_in(&url, "ada").await;
    let (mut in_the_hand, mut on_the_desk) = (listen(&phone).await, listen(&laptop).await);

    let body = json!({ "refresh_token": tokens["refresh_token"] });
    assert_eq!(phone.post("/api/v1/auth/logout", &body).await.unwrap().status, 204);
    let (bye, close) = end(&mut in_the_hand).await;
    assert_eq!((&bye["code"], &bye["resume"]), (&json!(4502), &json!(false)));
    assert!(close.contains("4502"), "{close}");
    is_refused(&mut phone).await;
    let refused = refresh(&mut phone, &tokens).await;
    assert_eq!((refused.status, refused.body["code"].as_str().unwrap()), (401, "invalid_refresh_token"));
    let cursor = in_the_hand.cursor().to_owned();
    let again = Live::connect(phone.authority(), phone.token().unwrap(), Some(&cursor), &["me"]).await;
    assert!(again.err().is_some_and(|error| error.to_string().contains("4502")), "a socket was opened again");
    assert_eq!(phone.post("/api/v1/auth/logout", &body).await.unwrap().status, 204, "however often");

    let revoked = pushed(&mut on_the_desk, "session.revoked.v1").await;
    assert_eq!(revoked.data["reason"], "log_out");
    assert_eq!(laptop.get("/api/v1/workouts").await.unwrap().status, 200);
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_refresh_token_ends_its_session_for_the_thief_and_for_the_owner() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    somebody(&url, "ada").await;
    let (mut owner, stolen) = log_in(&url, "ada").await;
    let mut live = listen(&owner).await;
    let renewed = refresh(&mut owner, &stolen).await.success().unwrap();
    let again = refresh(&mut owner, &stolen).await.success().unwrap();
    assert_eq!(again["refresh_token"], renewed["refresh_token"], "as if the answer had been lost");
    let renewed = refresh(&mut owner, &renewed).await.success().unwrap();
    let mut thief = Client::new(&url).unwrap();
    let refused = refresh(&mut thief, &stolen).await;
    assert_eq!((refused.status, refused.body["code"].as_str().unwrap()), (401, "invalid_refresh_token"));
    assert!(refused.headers.contains_key("www-authenticate"));
    // Both access tokens of the session, the older and the newer.
    is_refused(&mut owner).await;
    owner.set_token(renewed["access_token"].as_str().unwrap());
    is_refused(&mut owner).await;
    assert_eq!(end(&mut live).await.0["code"], 4502);
    assert_eq!(refresh(&mut owner, &renewed).await.status, 401);
    let (mut again, _) = log_in(&url, "ada").await;
    assert_eq!(again.get("/api/v1/workouts").await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_starts_later_knows_of_a_log_out_that_is_older_than_what_it_remembers() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ben = somebody(&url, "ben").await;
    somebody(&url, "ada").await;
    let (mut ada, tokens) = log_in(&url, "ada").await;
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    assert_eq!(ada.post("/api/v1/auth/logout", &body).await.unwrap().status, 204);
    is_refused(&mut ada).await;
    ben.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    fixture.settle(&REAL).await;
    let later = Edge::start(&fixture, EdgeConfig { limits: false, ring_events: 1, ..EdgeConfig::default() }).await;
    let mut elsewhere = Client::new(&later.url).unwrap();
    elsewhere.set_token(ben.token().unwrap());
    assert_eq!(elsewhere.get("/api/v1/workouts").await.unwrap().status, 200);
    elsewhere.set_token(ada.token().unwrap());
    let answer = elsewhere.get("/api/v1/workouts").await.unwrap();
    assert_eq!((answer.status, answer.body["code"].as_str().unwrap()), (401, "session_revoked"));
}

/// Hashing has threads of its own, and a queue that is shorter than a second.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_log_ins_at_once_keep_nobody_else_waiting() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let saved = ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    let path = format!("/api/v1/workouts/{}", saved["workout_id"].as_str().unwrap());
    let mut under_way = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let url = url.clone();
        under_way.spawn(async move { log_in(&url, "ada").await.1 });
    }
    // Had they to wait for log-ins, these would be answered when there are none any more.
    let (mut answered, mut logged_in) = (0, 0);
    while !under_way.is_empty() {
        assert_eq!(ada.get(&path).await.unwrap().status, 200);
        while let Some(tokens) = under_way.try_join_next() {
            assert!(tokens.unwrap()["access_token"].is_string());
            logged_in += 1;
        }
        answered += u32::from(logged_in < 50);
    }
    assert!(logged_in == 50 && answered >= 5, "{answered} queries were answered while there were {logged_in} log-ins");
    fixture.settle(&REAL).await;
}
