//! Log-ins that fail, and log-ins on something new: what they cost, and who hears of them.

use std::time::{Duration, Instant};

use plyo_client::{Answer, Client, Live};
use serde_json::{Value, json};

use crate::{
    people::{log_in, pushed, somebody},
    platform::{Fixture, REAL},
};

const LAPTOP: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";

async fn try_to_log_in(url: &str, email: &str, password: &str, agent: &str) -> Answer {
    let body = json!({ "email": email, "password": password }).to_string();
    let headers = [("user-agent", agent)];
    Client::new(url).unwrap().send("POST", "/api/v1/auth/login", &headers, Some(body)).await.unwrap()
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}

/// As if everybody had waited for as long as they were told.
async fn time_passes(fixture: &Fixture) {
    changes(fixture, "UPDATE sign_in_failure SET next_at = now()").await;
}

/// As if no time passed, however slow the machine is. Gives the seconds that the last one has to wait.
async fn time_stands(fixture: &Fixture) -> i64 {
    changes(fixture, "UPDATE sign_in_failure SET next_at = next_at + interval '1 hour'").await;
    let mut db = fixture.database("user").await;
    let waits = "SELECT extract(epoch FROM next_at - last_at - interval '1 hour')::bigint
                 FROM user_credentials.sign_in_failure ORDER BY last_at DESC LIMIT 1";
    sqlx::query_scalar(waits).fetch_one(&mut db).await.unwrap()
}

async fn changes(fixture: &Fixture, sql: &'static str) {
    let mut db = fixture.database("user").await;
    sqlx::raw_sql("SET search_path TO user_credentials").execute(&mut db).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_waits_longer_each_time_and_its_owner_hears_of_it() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let ada = somebody(&url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    for email in ["ada@example.org", "\u{200b}Ada@Example.org.", "nobody@example.org"] {
        let guess = async |password: &str| try_to_log_in(&url, email, password, LAPTOP).await;
        for _ in if email.starts_with('\u{200b}') { 5..5 } else { 0..5 } {
            assert_eq!(code(&guess("wrong").await), (401, "wrong_credentials"), "{email}");
        }
        time_stands(&fixture).await;
        let refused = guess("long enough").await;
        assert_eq!(code(&refused), (429, "too_many_failures"), "{email}: even the right one is not tried");
        assert!(refused.headers.contains_key("retry-after"));
    }
    for failures in 1..=5 {
        let failed = pushed(&mut live, "user.sign_in_failed.v1").await;
        assert_eq!(failed.data, json!({ "failures": failures, "device": "Firefox on Linux" }));
    }
    time_passes(&fixture).await;
    assert_eq!(code(&try_to_log_in(&url, "ada@example.org", "wrong", "").await).0, 401);
    assert_eq!(time_stands(&fixture).await, 2, "one second after the fifth, two after the sixth");
    assert_eq!(try_to_log_in(&url, "ada@example.org", "long enough", "").await.status, 429);
    time_passes(&fixture).await;
    log_in(&url, "ada").await;
    for _ in 0..5 {
        assert_eq!(code(&try_to_log_in(&url, "ada@example.org", "wrong", "").await).0, 401, "it counts anew");
    }
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_guesses_made_at_once_the_right_one_comes_too_late() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    somebody(&url, "ada").await;
    let mut guessing = tokio::task::JoinSet::new();
    // A build for tests hashes slowly: of more, the last would wait for too long.
    for _ in 0..8 {
        let url = url.clone();
        guessing.spawn(async move { try_to_log_in(&url, "ada@example.org", "wrong", "").await.status });
    }
    let mut statuses = guessing.join_all().await;
    statuses.sort_unstable();
    assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    time_stands(&fixture).await;
    assert_eq!(try_to_log_in(&url, "ada@example.org", "long enough", "").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_on_a_new_device_is_told_of_and_that_cannot_be_turned_off() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    // Nobody is told of their first.
    let mut ada = somebody(&url, "ada").await;
    let off = json!({ "in_app": { "security": false } });
    let refused = ada.send("PUT", "/api/v1/notifications/preferences", &[], Some(off.to_string())).await.unwrap();
    assert_eq!((refused.status, &refused.body["violations"][0]["pointer"]), (422, &json!("/in_app/security")));
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    for _ in 0..2 {
        assert_eq!(try_to_log_in(&url, "ada@example.org", "long enough", LAPTOP).await.status, 200);
    }
    let signed_in = pushed(&mut live, "user.signed_in.v1").await;
    assert_eq!(
        (&signed_in.data["device"], &signed_in.data["is_new_device"]),
        (&json!("Firefox on Linux"), &json!(true))
    );
    fixture.settle(&REAL).await;
    let told = ada.get("/api/v1/notifications").await.unwrap().success().unwrap();
    let told: Vec<&Value> = told["items"].as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 1, "once: {told:?}");
    let params =
        json!({ "device": "Firefox on Linux", "session_id": signed_in.data["session_id"], "what": "new_device" });
    assert_eq!((&told[0]["kind"], &told[0]["params"]), (&json!("security"), &params));
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_everybody_thinks_of_is_refused_and_an_accent_is_one_however_it_is_typed() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut client = Client::new(&url).unwrap();
    for common in ["Password1", "12345678", "Sommer2024!", "qwertyuiop"] {
        let body = json!({ "email": "ada@example.org", "password": common });
        let refused = client.post("/api/v1/auth/register", &body).await.unwrap();
        assert_eq!((refused.status, &refused.body["violations"][0]["pointer"]), (422, &json!("/password")), "{common}");
    }
    let body = json!({ "email": "ada@example.org", "password": "cafe\u{301} noir" });
    client.post("/api/v1/auth/register", &body).await.unwrap().success().unwrap();
    for typed in ["cafe\u{301} noir", "caf\u{e9} noir"] {
        assert_eq!(try_to_log_in(&url, "ada@example.org", typed, "").await.status, 200, "{typed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_has_takes_as_long_to_refuse_as_one_that_somebody_has() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    somebody(&url, "ada").await;
    // What else the machine does only adds to it: the more rounds, the nearer the shortest is to what it takes.
    let mut took = [Duration::MAX; 2];
    let ratio = |took: &[Duration; 2]| took[0].as_secs_f64() / took[1].as_secs_f64();
    for round in 0..200 {
        for (known, email) in ["nobody@example.org", "ada@example.org"].iter().enumerate() {
            let start = Instant::now();
            assert_eq!(try_to_log_in(&url, email, "wrong", "").await.status, 401);
            took[known] = took[known].min(start.elapsed());
        }
        if round >= 30 && (0.7..1.4).contains(&ratio(&took)) {
            break;
        }
        if round % 4 == 3 {
            changes(&fixture, "DELETE FROM sign_in_failure").await;
        }
    }
    assert!(took[0] > Duration::from_millis(3), "a password was hashed: {took:?}");
    assert!((0.7..1.4).contains(&ratio(&took)), "of nobody and of somebody: {took:?}");
}
