//! Passkeys, in a real browser: made, logged in with, listed, removed; and every answer that is not what it seems.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use plyo_client::{Answer, Client, Live};
use plyo_edge::EdgeConfig;
use serde_json::{Value, json};

use crate::{
    admin_stories::create_admin,
    browser::Browser,
    command_line::said,
    edges::Edge,
    people::{pushed, somebody},
    platform::{Fixture, REAL},
};

const LAPTOP: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}

fn password() -> Value {
    json!({ "password": "long enough" })
}

/// A page of the platform, on the domain that its passkeys are of.
fn page(url: &str) -> String {
    format!("{}/health", url.replace("127.0.0.1", "localhost"))
}

async fn creation_options(client: &mut Client) -> Value {
    client.post("/api/v1/auth/passkeys/options", &password()).await.unwrap().success().unwrap()
}

async fn add(client: &mut Client, name: &str, credential: &Value) -> Answer {
    client.post("/api/v1/auth/passkeys", &json!({ "name": name, "credential": credential })).await.unwrap()
}

/// Has the browser make a passkey for somebody who is logged in.
async fn make(client: &mut Client, browser: &mut Browser, name: &str) -> Value {
    let options = creation_options(client).await;
    let made = browser.create(&options).await;
    add(client, name, &made).await.success().unwrap()
}

async fn passkeys(client: &mut Client) -> Vec<Value> {
    let passkeys = client.get("/api/v1/auth/passkeys").await.unwrap().success().unwrap();
    passkeys.as_array().unwrap().clone()
}

async fn log_in_options(url: &str) -> Value {
    let mut client = Client::new(url).unwrap();
    let answer = client.send("POST", "/api/v1/auth/passkeys/login/options", &[], None).await.unwrap();
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.success().unwrap()
}

async fn send(url: &str, credential: &Value) -> Answer {
    let body = json!({ "credential": credential }).to_string();
    let headers = [("user-agent", LAPTOP)];
    Client::new(url).unwrap().send("POST", "/api/v1/auth/passkeys/login", &headers, Some(body)).await.unwrap()
}

async fn log_in(url: &str, browser: &mut Browser) -> Answer {
    let signed = browser.get(&log_in_options(url).await).await;
    send(url, &signed).await
}

/// Who logged in.
async fn of(url: &str, answer: Answer) -> Client {
    let mut client = Client::new(url).unwrap();
    client.set_token(answer.success().unwrap()["access_token"].as_str().unwrap());
    client
}

async fn changes(fixture: &Fixture, sql: &'static str) {
    let mut db = fixture.database("user").await;
    sqlx::raw_sql("SET search_path TO user_credentials").execute(&mut db).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_logs_in_with_a_passkey_until_they_remove_it() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let Some(mut browser) = Browser::open(&page(&url)).await else { return };
    let mut ada = somebody(&url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let wrong = ada.post("/api/v1/auth/passkeys/options", &json!({ "password": "wrong" })).await.unwrap();
    assert_eq!(code(&wrong), (403, "wrong_password"));
    let made = make(&mut ada, &mut browser, "My laptop").await;
    assert_eq!(pushed(&mut live, "user.security_changed.v1").await.data, json!({ "change": "passkey_added" }));
    assert_eq!(passkeys(&mut ada).await, std::slice::from_ref(&made));
    assert!(made["name"] == "My laptop" && made["last_used_at"].is_null(), "{made}");
    let again = browser.credential("create", "parseCreationOptionsFromJSON", &creation_options(&mut ada).await).await;
    assert!(again.unwrap_err().starts_with("InvalidStateError"), "this authenticator has one already");

    let mut by_passkey = of(&url, log_in(&url, &mut browser).await).await;
    let told = pushed(&mut live, "user.signed_in.v1").await.data;
    assert_eq!((&told["device"], &told["is_new_device"]), (&json!("Firefox on Linux"), &json!(true)));
    assert_eq!(by_passkey.get("/api/v1/auth/me").await.unwrap().body["email"], "ada@example.org");
    let sessions = by_passkey.get("/api/v1/auth/sessions").await.unwrap().success().unwrap();
    assert!(sessions.as_array().unwrap().iter().any(|session| session["is_current"] == true), "{sessions}");
    assert!(passkeys(&mut ada).await[0]["last_used_at"].is_string());
    of(&url, log_in(&url, &mut browser).await).await;

    let remove = format!("/api/v1/auth/passkeys/{}/remove", made["passkey_id"].as_str().unwrap());
    let wrong = ada.post(&remove, &json!({ "password": "wrong" })).await.unwrap();
    assert_eq!(code(&wrong), (403, "wrong_password"));
    assert_eq!(ada.post(&remove, &password()).await.unwrap().status, 204);
    assert_eq!(pushed(&mut live, "user.security_changed.v1").await.data, json!({ "change": "passkey_removed" }));
    assert_eq!(code(&ada.post(&remove, &password()).await.unwrap()), (404, "passkey_not_found"));
    assert_eq!(passkeys(&mut ada).await, Vec::<Value>::new());
    assert_eq!(code(&log_in(&url, &mut browser).await), (401, "wrong_passkey"), "the browser still has it");
    assert_eq!(by_passkey.get("/api/v1/auth/me").await.unwrap().status, 200, "sessions end by themselves");
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_good_once_in_time_on_the_right_page_and_for_what_was_asked() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let Some(mut browser) = Browser::open(&page(&url)).await else { return };
    let mut ada = somebody(&url, "ada").await;
    make(&mut ada, &mut browser, "My laptop").await;
    let copy = browser.passkeys().await.remove(0);

    let signed = browser.get(&log_in_options(&url).await).await;
    assert_eq!(send(&url, &signed).await.status, 200);
    assert_eq!(code(&send(&url, &signed).await), (401, "wrong_passkey"), "a second time");

    let mut options = log_in_options(&url).await;
    options["challenge"] = json!(BASE64_URL_SAFE_NO_PAD.encode([7; 16]));
    let signed = browser.get(&options).await;
    assert_eq!(code(&send(&url, &signed).await), (401, "wrong_passkey"), "another challenge");

    let signed = browser.get(&log_in_options(&url).await).await;
    changes(&fixture, "UPDATE passkey_challenge SET expires_at = now()").await;
    assert_eq!(code(&send(&url, &signed).await), (401, "wrong_passkey"), "too late");

    let mut signed = browser.get(&log_in_options(&url).await).await;
    let mut signature = BASE64_URL_SAFE_NO_PAD.decode(signed["response"]["signature"].as_str().unwrap()).unwrap();
    *signature.last_mut().unwrap() ^= 1;
    signed["response"]["signature"] = json!(BASE64_URL_SAFE_NO_PAD.encode(signature));
    assert_eq!(code(&send(&url, &signed).await), (401, "wrong_passkey"), "another signature");

    browser.recognise(false).await;
    let mut options = log_in_options(&url).await;
    options["userVerification"] = json!("discouraged");
    let signed = browser.get(&options).await;
    assert_eq!(code(&send(&url, &signed).await), (401, "wrong_passkey"), "its owner was not recognised");
    browser.recognise(true).await;

    // The same domain, so that the browser has nothing against it, and another origin.
    let elsewhere = Edge::start(&fixture, EdgeConfig::default()).await;
    browser.go(&page(&elsewhere.url)).await;
    let signed = browser.get(&log_in_options(&url).await).await;
    assert_eq!(code(&send(&url, &signed).await), (401, "wrong_passkey"), "another page");
    let made_elsewhere =
        Browser::open(&page(&elsewhere.url)).await.unwrap().create(&creation_options(&mut ada).await).await;
    assert_eq!(code(&add(&mut ada, "Elsewhere", &made_elsewhere).await), (422, "invalid_passkey"));
    browser.go(&page(&url)).await;

    assert_eq!(log_in(&url, &mut browser).await.status, 200);
    browser.replace_passkey(&copy).await;
    assert_eq!(code(&log_in(&url, &mut browser).await), (401, "wrong_passkey"), "its counter went back: there are two");

    let of_nobody = log_in_options(&url).await;
    for wrong in [json!({}), json!({ "id": 7 }), of_nobody] {
        assert_eq!(code(&send(&url, &wrong).await), (422, "invalid_passkey"), "{wrong}");
    }
    assert_eq!(passkeys(&mut ada).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_whose_its_options_were_and_only_one_persons() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let Some(mut browser) = Browser::open(&page(&url)).await else { return };
    let (mut ada, mut ben) = (somebody(&url, "ada").await, somebody(&url, "ben").await);
    let for_ada = browser.create(&creation_options(&mut ada).await).await;
    assert_eq!(code(&add(&mut ben, "Mine now", &for_ada).await), (422, "invalid_passkey"));
    for name in ["", &"x".repeat(65), "\0"] {
        let refused = add(&mut ada, name, &for_ada).await;
        assert_eq!(
            (code(&refused), &refused.body["violations"][0]["pointer"]),
            ((422, "invalid_body"), &json!("/name"))
        );
    }
    let made = add(&mut ada, "Ada's", &for_ada).await.success().unwrap();
    let remove = format!("/api/v1/auth/passkeys/{}/remove", made["passkey_id"].as_str().unwrap());
    assert_eq!(code(&ben.post(&remove, &password()).await.unwrap()), (404, "passkey_not_found"), "it is not his");
    assert_eq!(code(&add(&mut ada, "Ada's", &for_ada).await), (422, "invalid_passkey"), "a second time");

    let for_ben = browser.create(&creation_options(&mut ben).await).await;
    changes(&fixture, "UPDATE passkey_challenge SET expires_at = now()").await;
    assert_eq!(code(&add(&mut ben, "Late", &for_ben).await), (422, "invalid_passkey"));
    let signed = browser.get(&log_in_options(&url).await).await;
    assert_eq!(code(&add(&mut ben, "An answer to something else", &signed).await), (422, "invalid_passkey"));
    assert_eq!((passkeys(&mut ada).await.len(), passkeys(&mut ben).await.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_counts_as_a_second_factor_and_a_suspended_account_has_no_use_for_it() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let Some(mut browser) = Browser::open(&page(&url)).await else { return };
    let mut of_eve = Browser::open(&page(&url)).await.unwrap();
    let mut ada = somebody(&url, "ada").await;
    let made = create_admin(&fixture, "ada@example.org");
    assert!(made.status.success(), "{}", said(&made));
    make(&mut ada, &mut browser, "Ada's").await;
    let users = ada.get("/api/v1/admin/users").await.unwrap();
    assert_eq!(code(&users), (403, "second_factor_not_recent"), "this session was opened by a password");
    let mut by_passkey = of(&url, log_in(&url, &mut browser).await).await;
    assert_eq!(by_passkey.get("/api/v1/admin/users").await.unwrap().status, 200);

    let mut eve = somebody(&url, "eve").await;
    make(&mut eve, &mut of_eve, "Eve's").await;
    let id = eve.get("/api/v1/auth/me").await.unwrap().body["user_id"].as_str().unwrap().to_owned();
    let suspend = format!("/api/v1/admin/users/{id}/suspend");
    by_passkey.post(&suspend, &json!({ "reason": "spam" })).await.unwrap().success().unwrap();
    assert_eq!(code(&log_in(&url, &mut of_eve).await), (403, "suspended"));

    let remove =
        format!("/api/v1/auth/passkeys/{}/remove", passkeys(&mut ada).await[0]["passkey_id"].as_str().unwrap());
    assert_eq!(ada.post(&remove, &password()).await.unwrap().status, 204);
    let users = by_passkey.get("/api/v1/admin/users").await.unwrap();
    assert_eq!(code(&users), (403, "second_factor_not_recent"), "there is no second factor any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_fail_cost_time_and_whoever_is_erased_leaves_no_passkey() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let Some(mut browser) = Browser::open(&page(&url)).await else { return };
    let mut ada = somebody(&url, "ada").await;
    make(&mut ada, &mut browser, "My laptop").await;
    creation_options(&mut ada).await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    for failures in 1..=5 {
        let mut signed = browser.get(&log_in_options(&url).await).await;
        let signature = BASE64_URL_SAFE_NO_PAD.encode([0x30, 6, 2, 1, 1, 2, 1, 1]);
        signed["response"]["signature"] = json!(signature);
        assert_eq!(code(&send(&url, &signed).await), (401, "wrong_passkey"));
        let told = pushed(&mut live, "user.sign_in_failed.v1").await.data;
        assert_eq!(told, json!({ "failures": failures, "device": "Firefox on Linux" }));
    }
    changes(&fixture, "UPDATE sign_in_failure SET next_at = next_at + interval '1 hour'").await;
    assert_eq!(code(&log_in(&url, &mut browser).await), (429, "too_many_failures"));
    changes(&fixture, "UPDATE sign_in_failure SET next_at = now()").await;
    of(&url, log_in(&url, &mut browser).await).await;

    let erase = json!({ "password": "long enough", "at_once": true }).to_string();
    assert!([200, 201, 202].contains(&ada.send("DELETE", "/api/v1/me", &[], Some(erase)).await.unwrap().status));
    let gone = async || {
        let mut db = fixture.database("user").await;
        let left = "SELECT (SELECT count(*) FROM user_credentials.passkey)
                         + (SELECT count(*) FROM user_credentials.passkey_challenge WHERE user_id IS NOT NULL)";
        let left: i64 = sqlx::query_scalar(left).fetch_one(&mut db).await?;
        Ok((left == 0).then_some(()))
    };
    crate::platform::eventually("the passkey is gone", Duration::from_secs(60), gone).await;
    assert_eq!(code(&log_in(&url, &mut browser).await), (401, "wrong_passkey"));
}
