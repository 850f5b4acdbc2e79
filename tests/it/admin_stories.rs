//! Who runs an installation: the first admin, what takes which role and a recent second factor, and what it does to others.

use std::{
    collections::BTreeSet,
    process::Output,
    time::{Duration, Instant},
};

use plyo_client::{Answer, Client, Live};
use serde_json::{Value, json};
use totp_rs::Totp;

use crate::{
    command_line::{output, said},
    people::{credentials, log_in, somebody},
    platform::{Fixture, REAL},
};

const RECOVERY: &str = "recovery_codes";

/// What an operator types.
pub fn create_admin(fixture: &Fixture, email: &str) -> Output {
    let (nats, dsn, nkeys) = (fixture.nats_url(), fixture.dsn(), fixture.nats_server.nkeys());
    let servers = ["--nats-url", &nats, "--postgres-url", &dsn, "--nkeys", nkeys.to_str().unwrap()];
    let directory = tempfile::tempdir().unwrap();
    output(directory.path(), &[&["admin", "create", email], &servers[..]].concat(), b"")
}

/// Adds an authenticator app; gives the recovery codes, each of which is good once.
async fn add_app(client: &mut Client) -> Vec<String> {
    let enrolled = client.post("/api/v1/auth/totp", &json!({ "password": "long enough" })).await.unwrap();
    let app = Totp::from_url(enrolled.success().unwrap()["url"].as_str().unwrap()).unwrap();
    let code = app.generate(jiff::Timestamp::now().as_second().unsigned_abs()).to_string();
    let confirmed = client.post("/api/v1/auth/totp/confirm", &json!({ "code": code })).await.unwrap();
    let codes = confirmed.success().unwrap();
    codes[RECOVERY].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

async fn show(client: &mut Client, code: &str) -> Answer {
    client.post("/api/v1/auth/totp/check", &json!({ "code": code })).await.unwrap()
}

/// Somebody whom an operator made an admin, and who has shown a second factor; with the codes that are left.
async fn admin(fixture: &Fixture, url: &str, name: &str) -> (Client, Vec<String>) {
    let mut client = somebody(url, name).await;
    let made = create_admin(fixture, &format!("{name}@example.org"));
    assert!(made.status.success(), "{}", said(&made));
    let mut codes = add_app(&mut client).await;
    assert_eq!(show(&mut client, &codes.remove(0)).await.status, 204);
    (client, codes)
}

async fn id(client: &mut Client) -> String {
    let me = client.get("/api/v1/auth/me").await.unwrap().success().unwrap();
    me["user_id"].as_str().unwrap().to_owned()
}

async fn send(client: &mut Client, method: &str, path: &str, body: Option<Value>) -> Answer {
    client.send(method, &format!("/api/v1/admin{path}"), &[], body.map(|body| body.to_string())).await.unwrap()
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}

const DONE: (u16, &str) = (200, "");

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_makes_the_first_admin_who_makes_others_and_the_last_one_stays() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let unknown = create_admin(&fixture, "ada@example.org");
    assert!(!unknown.status.success() && said(&unknown).contains("sign up first"), "{}", said(&unknown));
    let (mut ada, _) = admin(&fixture, &url, "ada").await;
    let again = create_admin(&fixture, " Ada@Example.org");
    assert!(again.status.success() && said(&again).contains("is an admin"), "{}", said(&again));
    assert_eq!(ada.get("/api/v1/auth/me").await.unwrap().body["roles"], json!(["admin"]));

    let mut ben = somebody(&url, "ben").await;
    let (of_ada, of_ben) = (id(&mut ada).await, id(&mut ben).await);
    let admin_of = |id: &str| format!("/users/{id}/roles/admin");
    assert_eq!(code(&send(&mut ada, "DELETE", &admin_of(&of_ada), None).await), (409, "last_admin"));
    assert_eq!(code(&send(&mut ada, "PUT", &admin_of(&of_ben), None).await), DONE);
    assert_eq!(code(&send(&mut ada, "PUT", &admin_of(&of_ben), None).await), DONE, "he is one already");
    let nobody = uuid::Uuid::now_v7().to_string();
    assert_eq!(code(&send(&mut ada, "PUT", &admin_of(&nobody), None).await), (404, "user_not_found"));
    let no_role = format!("/users/{of_ben}/roles/emperor");
    assert_eq!(send(&mut ada, "PUT", &no_role, None).await.status, 404);

    // The role counts at once, in the session that was there before.
    assert_eq!(code(&send(&mut ben, "GET", "/users", None).await), (403, "second_factor_not_recent"));
    let codes = add_app(&mut ben).await;
    assert_eq!(code(&send(&mut ben, "GET", "/users", None).await), (403, "second_factor_not_recent"));
    assert_eq!(code(&show(&mut ben, "000000").await), (401, "wrong_second_factor"));
    assert_eq!(show(&mut ben, &codes[0]).await.status, 204);
    assert_eq!(code(&send(&mut ben, "DELETE", &admin_of(&of_ada), None).await), DONE);
    assert_eq!(code(&send(&mut ada, "GET", "/users", None).await), (403, "role_required"));
    assert_eq!(code(&send(&mut ben, "DELETE", &admin_of(&of_ben), None).await), (409, "last_admin"));

    let audit = send(&mut ben, "GET", "/audit?limit=2", None).await.success().unwrap();
    let rest = format!("/audit?limit=2&cursor={}", audit["next_cursor"].as_str().unwrap());
    let rest = send(&mut ben, "GET", &rest, None).await.success().unwrap();
    let acts = [&audit["items"][0], &audit["items"][1], &rest["items"][0]];
    let told =
        acts.map(|act| (act["by"].as_str(), act["user_id"].as_str().unwrap(), act["act"]["kind"].as_str().unwrap()));
    assert_eq!(
        told,
        [
            (Some(of_ben.as_str()), of_ada.as_str(), "role_withdrawn"),
            (Some(of_ada.as_str()), of_ben.as_str(), "role_granted"),
            (None, of_ada.as_str(), "role_granted"),
        ]
    );
    assert_eq!(rest["next_cursor"], Value::Null);
    assert_eq!(code(&send(&mut ben, "GET", "/audit?cursor=x", None).await), (400, "invalid_cursor"));
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_account_is_out_within_two_seconds_and_back_when_it_is_reinstated() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let (mut ada, codes) = admin(&fixture, &url, "ada").await;
    let mut mia = somebody(&url, "mia").await;
    let of_mia = id(&mut mia).await;
    assert_eq!(code(&send(&mut ada, "PUT", &format!("/users/{of_mia}/roles/moderator"), None).await), DONE);
    let app = add_app(&mut mia).await;
    assert_eq!(show(&mut mia, &app[0]).await.status, 204);

    let mut eve = somebody(&url, "eve").await;
    let of_eve = id(&mut eve).await;
    let script = json!({ "name": "a script", "scopes": ["workouts:read"] });
    let script = eve.post("/api/v1/auth/tokens", &script).await.unwrap().success().unwrap();
    let mut by_script = Client::new(&url).unwrap();
    by_script.set_token(script["token"].as_str().unwrap());
    assert_eq!(by_script.get("/api/v1/workouts").await.unwrap().status, 200);
    let muted = json!({ "in_app": { "recommendation": false, "record_set": false, "achievement_unlocked": false } });
    let muted = eve.send("PUT", "/api/v1/notifications/preferences", &[], Some(muted.to_string())).await.unwrap();
    assert_eq!(muted.status, 200, "{muted:?}");
    let (_, tokens) = log_in(&url, "eve").await;
    let mut live = Live::connect(eve.authority(), eve.token().unwrap(), None, &["me"]).await.unwrap();

    let suspend = format!("/users/{of_eve}/suspend");
    let reason = || Some(json!({ "reason": "harassment" }));
    for wrong in [json!({}), json!({ "reason": "she is rude" }), json!({ "reason": "spam", "by": of_eve })] {
        assert_eq!(code(&send(&mut mia, "POST", &suspend, Some(wrong)).await), (422, "invalid_body"));
    }
    assert_eq!(
        code(&send(&mut mia, "POST", &format!("/users/{of_mia}/suspend"), reason()).await),
        (409, "not_yourself")
    );
    assert_eq!(code(&send(&mut ada, "POST", &format!("/users/{of_mia}/suspend"), reason()).await), (409, "is_staff"));
    assert_eq!(code(&send(&mut mia, "POST", &suspend, reason()).await), DONE);
    let closing = async { while live.frame().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(2), closing).await.expect("the socket closes within two seconds");
    let deadline = Instant::now() + Duration::from_secs(2);
    for client in [&mut eve, &mut by_script] {
        while client.get("/api/v1/workouts").await.unwrap().status == 200 {
            assert!(Instant::now() < deadline, "a token is still good");
        }
    }
    let login = async || Client::new(&url).unwrap().post("/api/v1/auth/login", &credentials("eve")).await.unwrap();
    assert_eq!(code(&login().await), (403, "suspended"));
    let mut wrong = credentials("eve");
    wrong["password"] = json!("something else");
    let wrong = Client::new(&url).unwrap().post("/api/v1/auth/login", &wrong).await.unwrap();
    assert_eq!(code(&wrong), (401, "wrong_credentials"), "only who has the password learns of it");
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    assert_eq!(eve.post("/api/v1/auth/refresh", &refresh).await.unwrap().status, 401);

    fixture.settle(&REAL).await;
    let suspended = send(&mut mia, "GET", "/users?suspended=true", None).await.success().unwrap();
    assert_eq!((&suspended["items"][0]["user_id"], suspended["items"].as_array().unwrap().len()), (&json!(of_eve), 1));
    assert_eq!(suspended["items"][0]["suspension"]["reason"], "harassment");
    assert_eq!(
        code(&send(&mut ada, "PUT", &format!("/users/{of_eve}/roles/coach"), None).await),
        (409, "account_suspended")
    );
    assert_eq!(code(&send(&mut mia, "POST", &format!("/users/{of_eve}/reinstate"), None).await), DONE);
    let back = login().await;
    assert_eq!(back.status, 200);
    eve.set_token(back.body["access_token"].as_str().unwrap());
    assert_eq!(eve.post("/api/v1/auth/refresh", &refresh).await.unwrap().status, 401, "that session has ended");
    assert_eq!(by_script.get("/api/v1/workouts").await.unwrap().status, 401, "so has that token");
    // She is told of both, whatever she wants to be told.
    fixture.settle(&REAL).await;
    let told = eve.get("/api/v1/notifications?limit=2").await.unwrap().success().unwrap();
    let told: Vec<_> =
        told["items"].as_array().unwrap().iter().map(|one| (&one["kind"], &one["params"]["what"])).collect();
    let kind = json!("security");
    assert_eq!(told, [(&kind, &json!("reinstated")), (&kind, &json!("suspended"))]);

    assert_eq!(code(&send(&mut mia, "DELETE", &format!("/users/{of_eve}/sessions"), None).await), DONE);
    let deadline = Instant::now() + Duration::from_secs(2);
    while eve.get("/api/v1/workouts").await.unwrap().status == 200 {
        assert!(Instant::now() < deadline, "she is still logged in");
    }
    assert_eq!(login().await.status, 200, "she may log in again");
    fixture.settle(&REAL).await;
    assert_eq!(code(&send(&mut mia, "GET", "/audit", None).await), (403, "role_required"), "a moderator reads no log");
    assert_eq!(show(&mut ada, &codes[0]).await.status, 204);
    let audit = send(&mut ada, "GET", "/audit?limit=3", None).await.success().unwrap();
    let ended: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|act| (&act["act"]["kind"], &act["ended"])).collect();
    let (forced, suspended) = (json!("log_out_forced"), json!("suspended"));
    assert_eq!(ended, [(&forced, &json!(1)), (&json!("reinstated"), &Value::Null), (&suspended, &json!(3))], "{audit}");
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_listed_by_role_and_handle_and_nobody_else_learns_of_them() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let (mut ada, codes) = admin(&fixture, &url, "ada").await;
    let mut people = Vec::new();
    for name in ["ben", "eve", "mia"] {
        let mut client = somebody(&url, name).await;
        let handle = json!({ "handle": format!("The_{name}") }).to_string();
        let set = client.send("PATCH", "/api/v1/me/profile", &[], Some(handle)).await.unwrap();
        assert_eq!(set.status, 200, "{set:?}");
        people.push((id(&mut client).await, client));
    }
    let (of_ben, mut ben) = people.remove(0);
    let mut seen = Vec::new();
    let mut path = "/users?limit=3".to_owned();
    loop {
        let page = send(&mut ada, "GET", &path, None).await.success().unwrap();
        seen.extend(page["items"].as_array().unwrap().iter().map(|of| of["handle"].as_str().map(str::to_owned)));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/users?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, [Some("The_mia".to_owned()), Some("The_eve".to_owned()), Some("The_ben".to_owned()), None]);
    assert_eq!(code(&send(&mut ada, "PUT", &format!("/users/{of_ben}/roles/coach"), None).await), DONE);
    for (filter, expected) in
        [("handle=the_BEN", 1), ("handle=the_bob", 0), ("role=coach", 1), ("role=coach&suspended=true", 0)]
    {
        let found = send(&mut ada, "GET", &format!("/users?{filter}"), None).await.success().unwrap();
        assert_eq!(found["items"].as_array().unwrap().len(), expected, "{filter}: {found}");
    }
    for wrong in ["role=king", "suspended=maybe", "handle=-"] {
        assert_eq!(code(&send(&mut ada, "GET", &format!("/users?{wrong}"), None).await), (422, "invalid_filter"));
    }
    let one = send(&mut ada, "GET", &format!("/users/{of_ben}"), None).await.success().unwrap();
    assert_eq!((&one["handle"], &one["roles"]), (&json!("The_ben"), &json!(["coach"])));
    let nobody = uuid::Uuid::now_v7().to_string();
    assert_eq!(code(&send(&mut ada, "GET", &format!("/users/{nobody}"), None).await), (404, "user_not_found"));

    // A coach runs nothing, and learns as little of somebody as of nobody.
    let mut answers = BTreeSet::new();
    for id in [&of_ben, &nobody] {
        for (method, path) in [("GET", ""), ("DELETE", "/sessions"), ("PUT", "/roles/admin"), ("POST", "/suspend")] {
            let answer = send(&mut ben, method, &format!("/users/{id}{path}"), None).await;
            assert_eq!(code(&answer), (403, "role_required"), "{method} {path}");
            answers.insert(answer.body["detail"].to_string());
        }
    }
    assert_eq!(answers.len(), 2, "of a moderator, of an admin: {answers:?}");
    // Nor is it for tokens of scripts, or for a second factor that was shown long ago.
    let script = json!({ "name": "a script", "scopes": ["profile:read"] });
    let script = ada.post("/api/v1/auth/tokens", &script).await.unwrap().success().unwrap();
    let mut by_script = Client::new(&url).unwrap();
    by_script.set_token(script["token"].as_str().unwrap());
    assert_eq!(code(&send(&mut by_script, "GET", "/users", None).await), (403, "insufficient_scope"));
    let mut db = fixture.database("user").await;
    let pass = "UPDATE user_credentials.session SET second_factor_at = second_factor_at - interval '15 minutes'";
    sqlx::query(pass).execute(&mut db).await.unwrap();
    assert_eq!(code(&send(&mut ada, "GET", "/users", None).await), (403, "second_factor_not_recent"));
    let mut with_code = credentials("ada");
    with_code["code"] = json!(codes[0]);
    let tokens = Client::new(&url).unwrap().post("/api/v1/auth/login", &with_code).await.unwrap().success().unwrap();
    ada.set_token(tokens["access_token"].as_str().unwrap());
    assert_eq!(send(&mut ada, "GET", "/users", None).await.status, 200, "a log-in shows it, too");
    let reason = Some(json!({ "reason": "other" }));
    assert_eq!(code(&send(&mut ada, "POST", &format!("/users/{of_ben}/suspend"), reason).await), DONE);
    let respond_async = [("prefer", "respond-async")];
    let path = format!("/api/v1/admin/users/{of_ben}/reinstate");
    let stored = ada.send("POST", &path, &respond_async, None).await.unwrap();
    assert_eq!(stored.status, 202);
    fixture.settle(&REAL).await;
    let outcome = ada.get(stored.headers["location"].to_str().unwrap()).await.unwrap();
    assert_eq!((outcome.status, &outcome.body["status"]), (200, &json!("done")));
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}
