//! Where somebody is logged in: how they see it, and end it from somewhere else.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use plyo_client::{Client, Live};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    people::{credentials, log_in, somebody},
    platform::{Fixture, REAL},
};

const PHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1";
const LAPTOP: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";

/// Another session of somebody, on that device, with its refresh token.
async fn log_in_on(url: &str, name: &str, agent: &str) -> (Client, Value) {
    let mut client = Client::new(url).unwrap();
    let body = credentials(name).to_string();
    let answer = client.send("POST", "/api/v1/auth/login", &[("user-agent", agent)], Some(body)).await.unwrap();
    let tokens = answer.success().unwrap();
    client.set_token(tokens["access_token"].as_str().unwrap());
    (client, tokens)
}

async fn sessions(client: &mut Client) -> Vec<Value> {
    let sessions = client.get("/api/v1/auth/sessions").await.unwrap().success().unwrap();
    sessions.as_array().unwrap().clone()
}

fn current(sessions: &[Value]) -> String {
    let current: Vec<&Value> = sessions.iter().filter(|session| session["is_current"] == true).collect();
    assert_eq!(current.len(), 1, "{sessions:?}");
    current[0]["session_id"].as_str().unwrap().to_owned()
}

async fn listen(client: &Client) -> Live {
    Live::connect(client.authority(), client.token().unwrap(), None, &["me"]).await.unwrap()
}

/// Hears of the end of its session, within two seconds.
async fn is_closed(mut live: Live) {
    let closing = async { while live.frame().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(2), closing).await.expect("the socket closes within two seconds");
}

async fn end(client: &mut Client, path: &str) -> Value {
    let answer = client.send("DELETE", &format!("/api/v1/auth/sessions{path}"), &[], None).await.unwrap();
    answer.success().unwrap()["ended"].clone()
}

async fn is_out(client: &mut Client) {
    let deadline = Instant::now() + Duration::from_secs(2);
    while client.get("/api/v1/workouts").await.unwrap().status == 200 {
        assert!(Instant::now() < deadline, "the access token is still good");
    }
    assert_eq!(client.get("/api/v1/workouts").await.unwrap().body["code"], "session_revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_where_they_are_logged_in_and_ends_it_from_elsewhere() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    somebody(&url, "ada").await;
    let mut ben = somebody(&url, "ben").await;
    let (mut phone, of_phone) = log_in_on(&url, "ada", PHONE).await;
    let (mut laptop, of_laptop) = log_in_on(&url, "ada", LAPTOP).await;

    let listed = sessions(&mut laptop).await;
    let devices: Vec<&Value> = listed.iter().map(|session| &session["device"]).collect();
    assert_eq!(devices, [&json!("Firefox on Linux"), &json!("Safari on iPhone"), &Value::Null]);
    let on_the_phone = current(&sessions(&mut phone).await);
    assert_eq!(listed[1]["session_id"], on_the_phone, "each is the current one to itself");
    let renewed = phone.post("/api/v1/auth/refresh", &json!({ "refresh_token": of_phone["refresh_token"] })).await;
    renewed.unwrap().success().unwrap();
    let again = sessions(&mut laptop).await;
    assert_eq!(again[0]["session_id"], on_the_phone, "it was used last");
    let used = |session: &Value| session["last_used_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(used(&again[0]) > used(&listed[1]));
    assert_eq!(again[0]["started_at"], listed[1]["started_at"]);

    let path = format!("/{on_the_phone}");
    let answer = ben.send("DELETE", &format!("/api/v1/auth/sessions{path}"), &[], None).await.unwrap();
    assert_eq!((answer.status, answer.body["code"].as_str()), (404, Some("session_not_found")));
    let in_the_hand = listen(&phone).await;
    assert_eq!(end(&mut laptop, &path).await, 1);
    is_closed(in_the_hand).await;
    is_out(&mut phone).await;
    assert_eq!(end(&mut laptop, &path).await, 0, "it ends once");
    assert_eq!(sessions(&mut laptop).await.len(), 2);

    let (tablet, _) = log_in(&url, "ada").await;
    let on_the_wall = listen(&tablet).await;
    assert_eq!(end(&mut laptop, "/others").await, 2);
    is_closed(on_the_wall).await;
    assert_eq!(current(&sessions(&mut laptop).await).len(), 36, "and itself goes on");
    let on_the_desk = listen(&laptop).await;
    assert_eq!(end(&mut laptop, "").await, 1);
    is_closed(on_the_desk).await;
    is_out(&mut laptop).await;
    let answer = laptop.post("/api/v1/auth/refresh", &json!({ "refresh_token": of_laptop["refresh_token"] })).await;
    assert_eq!(answer.unwrap().status, 401);
    assert_eq!(sessions(&mut ben).await.len(), 1, "nobody else's ended");
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_log_ins_and_twenty_refreshes_at_once_each_family_survives() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut logging_in = JoinSet::new();
    // A build for tests hashes slowly: of more, the last would wait for too long.
    for _ in 0..10 {
        let url = url.clone();
        logging_in.spawn(async move { log_in(&url, "ada").await.1["refresh_token"].clone() });
    }
    let tokens: BTreeSet<String> =
        logging_in.join_all().await.iter().map(|token| token.as_str().unwrap().to_owned()).collect();
    assert_eq!((tokens.len(), sessions(&mut ada).await.len()), (10, 11));

    let mut refreshing = JoinSet::new();
    let token = tokens.first().unwrap().clone();
    for _ in 0..20 {
        let (url, body) = (url.clone(), json!({ "refresh_token": token }));
        refreshing.spawn(async move {
            let mut client = Client::new(&url).unwrap();
            client.post("/api/v1/auth/refresh", &body).await.unwrap().success().unwrap()["refresh_token"].clone()
        });
    }
    let renewed: BTreeSet<String> =
        refreshing.join_all().await.iter().map(|token| token.as_str().unwrap().to_owned()).collect();
    assert_eq!(renewed.len(), 1, "all got the same next");
    let next = json!({ "refresh_token": renewed.first().unwrap() });
    ada.post("/api/v1/auth/refresh", &next).await.unwrap().success().unwrap();
    assert_eq!(sessions(&mut ada).await.len(), 11, "and nobody was logged out");
}
