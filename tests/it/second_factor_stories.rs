//! An authenticator app, and what a log-in needs once there is one.

use std::time::Duration;

use plyo_client::{Answer, Client};
use serde_json::{Value, json};
use totp_rs::Totp;

use crate::{
    people::{credentials, somebody},
    platform::{Fixture, REAL},
};

async fn log_in(url: &str, code: Option<&str>) -> Answer {
    let mut body = credentials("ada");
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    Client::new(url).unwrap().post("/api/v1/auth/login", &body).await.unwrap()
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}

/// The code of a step of time, counted from this one.
fn code_of(app: &Totp, steps: i64) -> String {
    let now = jiff::Timestamp::now().as_second() + steps * 30;
    app.generate(now.unsigned_abs()).to_string()
}

/// As if half a minute had passed: the step that was used is one before.
async fn a_step_passes(fixture: &Fixture) {
    let mut db = fixture.database("user").await;
    let pass = "UPDATE user_credentials.second_factor SET last_step = last_step - 3";
    sqlx::query(pass).execute(&mut db).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_needs_a_code_once_there_is_an_app_and_no_code_is_good_twice() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut post = async |path: &str, body: Value| ada.post(&format!("/api/v1/auth/totp{path}"), &body).await.unwrap();
    let password = json!({ "password": "long enough" });
    assert_eq!(code(&post("/confirm", json!({ "code": "123456" })).await), (404, "no_second_factor"));
    assert_eq!(code(&post("", json!({ "password": "wrong" })).await), (403, "wrong_password"));
    let enrolled = post("", password.clone()).await.success().unwrap();
    assert_eq!(log_in(&url, None).await.status, 200, "it is not confirmed yet");
    // As an app reads it from the QR code.
    let app = Totp::from_url(enrolled["url"].as_str().unwrap()).unwrap();
    assert_eq!(app.secret().to_base32(), enrolled["secret"].as_str().unwrap());
    assert_eq!(code(&post("/confirm", json!({ "code": code_of(&app, -9) })).await), (422, "invalid_code"));
    let confirmed = post("/confirm", json!({ "code": code_of(&app, 0) })).await.success().unwrap();
    let recovery: Vec<&str> =
        confirmed["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(recovery.len(), 10);
    assert_eq!(code(&post("", password.clone()).await), (409, "second_factor_exists"));

    assert_eq!(code(&log_in(&url, None).await), (401, "second_factor_required"));
    let used = code_of(&app, 0);
    a_step_passes(&fixture).await;
    assert_eq!(log_in(&url, Some(&used)).await.status, 200);
    assert_eq!(code(&log_in(&url, Some(&used)).await), (401, "wrong_second_factor"), "its step was used");
    assert_eq!(code(&log_in(&url, Some("000000")).await).0, 401);
    assert_eq!(log_in(&url, Some(&recovery[0].to_uppercase())).await.status, 200);
    assert_eq!(code(&log_in(&url, Some(recovery[0])).await), (401, "wrong_second_factor"), "once");
    assert_eq!(log_in(&url, Some(recovery[1])).await.status, 200);

    fixture.settle(&REAL).await;
    let me = ada.get("/api/v1/auth/me").await.unwrap().body;
    assert_eq!(me["second_factor"], true);
    let told = ada.get("/api/v1/notifications").await.unwrap().success().unwrap();
    let told: Vec<&Value> = told["items"].as_array().unwrap().iter().map(|told| &told["params"]["what"]).collect();
    assert_eq!(told, ["recovery_code_used", "recovery_code_used", "second_factor_added"]);
    let removed = ada.post("/api/v1/auth/totp/remove", &password).await.unwrap();
    assert_eq!(removed.status, 204);
    assert_eq!(log_in(&url, None).await.status, 200);
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_log_ins_with_one_code_at_once_one_succeeds_and_guesses_have_to_wait() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let enrolled = ada.post("/api/v1/auth/totp", &json!({ "password": "long enough" })).await.unwrap().body;
    let app = Totp::from_url(enrolled["url"].as_str().unwrap()).unwrap();
    let confirm = json!({ "code": code_of(&app, 0) });
    ada.post("/api/v1/auth/totp/confirm", &confirm).await.unwrap().success().unwrap();
    a_step_passes(&fixture).await;
    let mut logging_in = tokio::task::JoinSet::new();
    let code = code_of(&app, 0);
    for _ in 0..10 {
        let (url, code) = (url.clone(), code.clone());
        logging_in.spawn(async move { log_in(&url, Some(&code)).await.status });
    }
    let statuses = logging_in.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while log_in(&url, Some("000000")).await.status != 429 {
        assert!(std::time::Instant::now() < deadline, "codes can be guessed");
    }
}
