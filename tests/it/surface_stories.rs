//! The whole HTTP surface, as one person walks it; and the pages around it.

mod ways_in;

use std::collections::BTreeSet;

use plyo_client::{Answer, Client, Live};
use serde_json::{Value, json};

use crate::{
    avatar_stories::set_picture,
    people::{credentials, log_in, pushed, somebody, trained_at, workout},
    platform::{Fixture, REAL},
};

/// A client that notes which operations it called, as the OpenAPI document names them.
struct Walker {
    client: Client,
    called: BTreeSet<(String, String)>,
}

impl Walker {
    /// Calls `template` with its `{…}` replaced by `arguments`, and expects `status`.
    async fn call(
        &mut self,
        method: &str,
        template: &str,
        arguments: &[&str],
        body: Option<Value>,
        status: u16,
    ) -> Value {
        let mut path = format!("/api/v1{}", template.split('?').next().unwrap());
        self.called.insert((method.to_owned(), path.clone()));
        for argument in arguments {
            let (start, end) = (path.find('{').unwrap(), path.find('}').unwrap());
            path.replace_range(start..=end, argument);
        }
        if let Some((_, query)) = template.split_once('?') {
            path = format!("{path}?{query}");
        }
        let answer = self.client.send(method, &path, &[], body.map(|body| body.to_string())).await.unwrap();
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        answer.body
    }

    async fn get(&mut self, template: &str, arguments: &[&str]) -> Value {
        self.call("GET", template, arguments, None, 200).await
    }
}

fn document() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/openapi.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Everything that the document lists but the two streams, which the stories of sockets are about.
fn documented() -> BTreeSet<(String, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    operations.filter(|(_, path)| !["/api/v1/live", "/api/v1/events"].contains(&path.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_route_does_what_it_says() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = Walker { client: Client::new(&url).unwrap(), called: BTreeSet::new() };
    account(&mut ada).await;
    let mut live = Live::connect(ada.client.authority(), ada.client.token().unwrap(), None, &["me"]).await.unwrap();
    training(&mut ada).await;
    catalogue(&mut ada).await;
    own_exercises(&mut ada).await;
    pushed(&mut live, "notification.created.v1").await;
    fixture.settle(&REAL).await;
    reactions(&mut ada).await;
    coaching(&mut ada).await;
    reminders(&mut ada).await;
    ada.call("PATCH", "/me/profile", &[], Some(json!({ "height_cm": 180 })), 200).await;
    assert_eq!(ada.get("/me/profile", &[]).await["height_cm"], 180);
    avatar(&mut ada).await;

    export(&mut ada, &mut live).await;
    credentials_change(&mut ada).await;
    second_factor(&mut ada).await;
    ways_in::passkeys(&mut ada).await;
    ways_in::providers(&mut ada).await;
    access_tokens(&mut ada).await;
    sessions(&mut ada, &url).await;
    let (_, tokens) = log_in(&url, "ada").await;
    let refreshed =
        ada.call("POST", "/auth/refresh", &[], Some(json!({ "refresh_token": tokens["refresh_token"] })), 200).await;
    ada.client.set_token(refreshed["access_token"].as_str().unwrap());
    erasure(&mut ada, tokens["user_id"].as_str().unwrap()).await;
    let token = json!({ "refresh_token": refreshed["refresh_token"] });
    administration(&mut ada).await;
    ada.call("POST", "/auth/logout", &[], Some(token), 204).await;
    let missing: Vec<_> = documented().difference(&ada.called).cloned().collect();
    assert_eq!(missing, Vec::new(), "no story calls these");
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

async fn account(ada: &mut Walker) {
    let mut sign_up = credentials("ada");
    sign_up["time_zone"] = json!("Europe/Berlin");
    assert_eq!(ada.call("POST", "/auth/register", &[], Some(sign_up), 201).await, json!({}));
    let tokens = ada.call("POST", "/auth/login", &[], Some(credentials("ada")), 200).await;
    ada.client.set_token(tokens["access_token"].as_str().unwrap());
    let me = ada.get("/auth/me", &[]).await;
    assert_eq!((&me["user_id"], &me["time_zone"]), (&tokens["user_id"], &json!("Europe/Berlin")));
    let keys = ada.get("/auth/jwks", &[]).await;
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA")));
    assert_eq!(ada.client.get("/.well-known/jwks.json").await.unwrap().body, keys);
}

/// Asked for, and taken back.
async fn erasure(ada: &mut Walker, user: &str) {
    let asked = ada.call("DELETE", "/me", &[], Some(json!({ "password": "long enough" })), 200).await;
    assert_eq!((&asked["stage"], &asked["user_id"]), (&json!("requested"), &json!(user)));
    assert_eq!(ada.get("/erasures/{user_id}", &[user]).await["erased_at"], asked["due_at"]);
    ada.call("POST", "/me/erasure/cancel", &[], None, 200).await;
    assert_eq!(ada.get("/erasures/{user_id}", &[user]).await["stage"], "cancelled");
}

async fn avatar(ada: &mut Walker) {
    ada.call("PUT", "/me/avatar", &[], Some(json!({})), 415).await;
    set_picture(&mut ada.client, [200, 150, 120]).await;
    ada.get("/me/avatar", &[]).await;
    ada.call("DELETE", "/me/avatar", &[], None, 204).await;
}

async fn export(ada: &mut Walker, live: &mut Live) {
    ada.call("POST", "/me/export", &[], Some(json!({ "password": "long enough" })), 201).await;
    pushed(live, "export.completed.v1").await;
    assert_eq!(ada.get("/me/export", &[]).await["stage"], "completed");
    let link = ada.call("POST", "/me/export/link", &[], None, 201).await;
    let token = link["path"].as_str().unwrap().rsplit('/').next().unwrap();
    ada.get("/exports/{token}", &[token]).await;
}

async fn credentials_change(ada: &mut Walker) {
    let email = json!({ "email": "ada@example.org" });
    ada.call("POST", "/auth/password/forgotten", &[], Some(email), 202).await;
    let by_code = json!({ "code": "unknown", "password": "purple lamp river" });
    ada.call("POST", "/auth/password/reset", &[], Some(by_code), 422).await;
    ada.call("POST", "/auth/email/verify", &[], None, 202).await;
    ada.call("POST", "/auth/email/confirm", &[], Some(json!({ "code": "unknown" })), 422).await;
    let change = json!({ "email": "ada@gym.example", "password": "long enough" });
    ada.call("PUT", "/auth/email", &[], Some(change), 202).await;
    let change = json!({ "present": "wrong", "password": "purple lamp river" });
    ada.call("PUT", "/auth/password", &[], Some(change), 403).await;
}

async fn second_factor(ada: &mut Walker) {
    let password = json!({ "password": "long enough" });
    let app = ada.call("POST", "/auth/totp", &[], Some(password.clone()), 200).await;
    assert!(app["url"].as_str().unwrap().starts_with("otpauth://totp/"));
    ada.call("POST", "/auth/totp/confirm", &[], Some(json!({ "code": "wrong" })), 422).await;
    ada.call("POST", "/auth/totp/check", &[], Some(json!({ "code": "123456" })), 404).await;
    ada.call("POST", "/auth/totp/remove", &[], Some(password), 204).await;
}

/// What it does for those who may is told by its own stories.
async fn administration(ada: &mut Walker) {
    let nobody = "01990000-0000-7000-8000-000000000000";
    for (method, path) in documented().into_iter().filter(|(_, path)| path.starts_with("/api/v1/admin/")) {
        let arguments: &[&str] = if path.contains("{role}") { &[nobody, "admin"] } else { &[nobody] };
        let arguments = if path.contains('{') { arguments } else { &[] };
        let declined = ada.call(&method, path.trim_start_matches("/api/v1"), arguments, None, 403).await;
        assert_eq!(declined["code"], "role_required", "{method} {path}");
    }
}

async fn access_tokens(ada: &mut Walker) {
    let wanted = json!({ "name": "my script", "scopes": ["workouts:read"] });
    let made = ada.call("POST", "/auth/tokens", &[], Some(wanted), 201).await;
    let id = made["token_id"].as_str().unwrap();
    assert_eq!(ada.get("/auth/tokens", &[]).await[0]["token_id"], id);
    ada.call("DELETE", "/auth/tokens/{id}", &[id], None, 204).await;
}

async fn sessions(ada: &mut Walker, url: &str) {
    let (mut other, _) = log_in(url, "ada").await;
    let of_other = other.get("/api/v1/auth/sessions").await.unwrap().body;
    let id = of_other.as_array().unwrap().iter().find(|session| session["is_current"] == true).unwrap();
    let id = id["session_id"].as_str().unwrap();
    let listed = ada.get("/auth/sessions", &[]).await;
    assert!(listed.as_array().unwrap().iter().any(|session| session["session_id"] == id));
    let ended = ada.call("DELETE", "/auth/sessions/{id}", &[id], None, 200).await;
    assert_eq!(ended, json!({ "ended": 1 }));
    ada.call("DELETE", "/auth/sessions/others", &[], None, 200).await;
    ada.call("DELETE", "/auth/sessions", &[], None, 200).await;
    let tokens = ada.call("POST", "/auth/login", &[], Some(credentials("ada")), 200).await;
    ada.client.set_token(tokens["access_token"].as_str().unwrap());
}

async fn training(ada: &mut Walker) {
    let weight = json!({ "date": trained_at(0)[..10], "weight": { "kg": 82.5 } });
    assert_eq!(ada.call("PUT", "/workouts/body-weight", &[], Some(weight.clone()), 200).await, weight);
    assert_eq!(ada.get("/workouts/body-weight", &[]).await[0]["date"], weight["date"]);
    let saved = ada.call("POST", "/workouts", &[], Some(workout(60.0)), 201).await;
    let id = saved["workout_id"].as_str().unwrap();
    let outcome = ada.get("/commands/{service}/{id}", &["workout", id]).await;
    assert_eq!(outcome, json!({ "status": "done", "result": saved }));
    let one = ada.get("/workouts/{id}", &[id]).await;
    assert_eq!((&one["revision"], &one["summary"]["tonnage_g"]), (&json!(1), &json!(300_000)));
    let corrected = ada.call("PUT", "/workouts/{id}", &[id], Some(workout(70.0)), 200).await;
    assert_eq!(corrected["revision"], 2);
    let records = ada.get("/workouts/records", &[]).await;
    let max_load = records.as_array().unwrap().iter().find(|record| record["kind"] == "max_load").unwrap();
    assert_eq!((&max_load["mark"]["value"], &max_load["mark"]["workout_id"]), (&json!(70_000), &json!(id)));
    let other = ada.call("POST", "/workouts", &[], Some(workout(50.0)), 201).await;
    ada.call("DELETE", "/workouts/{id}", &[other["workout_id"].as_str().unwrap()], None, 200).await;
    assert_eq!(ada.get("/workouts?limit=10", &[]).await["items"].as_array().unwrap().len(), 1);
}

async fn own_exercises(ada: &mut Walker) {
    let hug =
        json!({ "name": "Sandbag hug", "measure": "weight-duration", "muscles": ["abs"], "equipment": ["sandbag"] });
    let made = ada.call("POST", "/exercises/custom", &[], Some(hug), 201).await;
    let (id, slug) = (made["exercise_id"].as_str().unwrap(), made["exercise"].as_str().unwrap());
    assert_eq!(slug, format!("custom-{id}"));
    let renamed = json!({ "name": "Sandbag bear hug", "equipment": ["sandbag"] });
    assert_eq!(ada.call("PUT", "/exercises/custom/{id}", &[id], Some(renamed), 200).await["revision"], 2);
    let one = ada.get("/exercises/custom/{id}", &[id]).await;
    assert_eq!(
        (&one["name"], &one["muscles"], &one["archived"]),
        (&json!("Sandbag bear hug"), &json!([]), &json!(false))
    );
    assert_eq!(ada.get("/exercises/custom", &[]).await, json!([one]));
    // It is found among those of the catalogue, and before them where both fit.
    for found in
        ["/exercises?q=sandbag%20hug", "/exercises?q=bear&equipment=sandbag", "/exercises?measure=weight-duration"]
    {
        let found = ada.get(found, &[]).await;
        assert_eq!(found[0]["slug"], slug, "{found}");
    }
    for without in ["/exercises?q=bear&muscle=abs", "/exercises?q=bear&category=strongman"] {
        let found = ada.get(without, &[]).await;
        assert!(found.as_array().unwrap().iter().all(|one| one["slug"] != slug), "{found}");
    }
    let meant = ada.get("/exercises/match?name=bear%20hug%20(SANDBAG)", &[]).await;
    assert_eq!((&meant["exercise"]["slug"], &meant["candidates"][0]["score"]), (&json!(slug), &json!(1.0)), "{meant}");
    let merge = |into: &str| Some(json!({ "into": into }));
    let differs = ada.call("POST", "/exercises/custom/{id}/merge", &[id], merge("plank"), 422).await;
    assert_eq!(differs["code"], "measure_differs");
    let merged = ada.call("POST", "/exercises/custom/{id}/merge", &[id], merge("plate-pinch-hold"), 200).await;
    assert_eq!(merged["exercise"], "plate-pinch-hold");
    assert_eq!(ada.get("/exercises/custom", &[]).await[0]["merged_into"], "plate-pinch-hold");
    let other = json!({ "name": "Other", "measure": "reps" });
    let other = ada.call("POST", "/exercises/custom", &[], Some(other), 201).await;
    let other = other["exercise_id"].as_str().unwrap();
    ada.call("DELETE", "/exercises/custom/{id}", &[other], None, 200).await;
    ada.call("GET", "/exercises/custom/{id}", &[other], None, 404).await;
    assert_eq!(ada.get("/exercises/custom", &[]).await[0]["archived"], true, "workouts may name it");
    assert_ne!(ada.get("/exercises?q=other", &[]).await[0]["name"], "Other");
}

async fn catalogue(ada: &mut Walker) {
    let found = ada.get("/exercises?q=bankdr%C3%BCcken&equipment=dumbbell&lang=de", &[]).await;
    let first = &found[0];
    assert_eq!((&first["slug"], &first["measure"]), (&json!("dumbbell-bench-press"), &json!("weight-reps")), "{found}");
    assert!(first["name"].as_str().unwrap().contains("Kurzhantel"), "{first}");
    assert!(first["primary"].as_array().unwrap().contains(&json!({ "code": "chest", "name": "Brust" })), "{first}");
    let one = ada.get("/exercises/{slug}?lang=es", &["barbell-bench-press"]).await;
    assert_eq!(ada.get("/exercises/{slug}?lang=es", &[one["id"].as_str().unwrap()]).await, one, "by its id");
    let substitute = &one["substitutes"][0];
    assert!(
        !substitute["because"].as_array().unwrap().is_empty() && one["steps"].as_array().unwrap().len() >= 2,
        "{one}"
    );
    let meant = ada.get("/exercises/match?name=Bench%20Press%20(Dumbbell)", &[]).await;
    assert_eq!(meant["exercise"]["slug"], "dumbbell-bench-press", "{meant}");
    let unknown = ada.get("/exercises/match?name=Moonwalk", &[]).await;
    assert_eq!(unknown["exercise"], Value::Null, "{unknown}");
    for wrong in ["/exercises?muscle=moon", "/exercises?limit=0", "/exercises?colour=red", "/exercises/match"] {
        let refused = ada.call("GET", wrong, &[], None, 422).await;
        assert_eq!(refused["code"], "invalid_search", "{refused}");
    }
    ada.call("GET", "/exercises/{slug}", &["moonwalk"], None, 404).await;
    let known = ada.client.send("GET", "/api/v1/exercises", &[], None).await.unwrap();
    let tag = [("if-none-match", known.headers["etag"].to_str().unwrap())];
    let again = ada.client.send("GET", "/api/v1/exercises", &tag, None).await.unwrap();
    assert_eq!(again.status, 304);
}

async fn reactions(ada: &mut Walker) {
    let achievements = ada.get("/achievements", &[]).await;
    let text = achievements.to_string();
    // With the quotes: every other one that counts workouts begins like the first.
    assert!(text.contains("\"workouts_1\"") && text.contains("\"tonnage_1000_t\""), "{text}");
    let list = ada.get("/notifications?unread=true", &[]).await;
    let items = list["items"].as_array().unwrap();
    let counts = ada.get("/notifications/counts", &[]).await;
    assert_eq!(counts["unread"], items.len());
    let because = items.iter().map(|item| item["because"]["event_type"].as_str().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(because, BTreeSet::from(["achievement.unlocked", "recommendation.ready"]), "each says why: {list}");
    let first = items[0]["notification_id"].as_str().unwrap();
    let after = ada.call("POST", "/notifications/{id}/read", &[first], None, 200).await;
    assert_eq!(after["unread"].as_u64(), counts["unread"].as_u64().map(|unread| unread - 1));
    let after = ada.call("POST", "/notifications/read-all", &[], None, 200).await;
    assert_eq!(after["unread"], 0);
    assert_eq!(ada.get("/notifications?unread=true", &[]).await["items"], json!([]));

    let preferences = ada.get("/notifications/preferences", &[]).await;
    let wanted = |kind: &str| preferences["in_app"][kind].clone();
    assert_eq!([wanted("record_set"), wanted("workout_reminder")], [json!(true), json!(true)]);
    let off = json!({ "in_app": { "record_set": false } });
    let changed = ada.call("PUT", "/notifications/preferences", &[], Some(off), 200).await;
    assert_eq!(
        (&changed["in_app"]["record_set"], &changed["in_app"]["workout_reminder"]),
        (&json!(false), &json!(true))
    );
}

async fn reminders(ada: &mut Walker) {
    let due =
        |hour: i64| json!({ "due_at": (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hour)).to_string() });
    let set = ada.call("POST", "/workouts/reminders", &[], Some(due(1)), 201).await;
    let id = set["reminder_id"].as_str().unwrap();
    let moved = ada.call("PUT", "/workouts/reminders/{id}", &[id], Some(due(2)), 200).await;
    assert_eq!(moved["revision"], 2);
    assert_eq!(ada.get("/workouts/reminders", &[]).await[0]["revision"], 2);
    ada.call("DELETE", "/workouts/reminders/{id}", &[id], None, 200).await;
    assert_eq!(ada.get("/workouts/reminders", &[]).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declined_is_in_the_document_with_its_status() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let (document, nothing) = (document(), plyo_events::UserId::mint().to_string());
    let mut moonwalk = workout(60.0);
    moonwalk["exercises"][0]["exercise"] = json!("moonwalk");
    let other_password = json!({ "email": "ada@example.org", "password": "another one" });
    let due = |at: &str| Some(json!({ "due_at": at }));
    let (past, later) =
        (due("2020-01-01T00:00:00Z"), (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(9)).to_string());
    for (method, call, body, code) in [
        ("POST", "/workouts", Some(json!({})), "invalid_body"),
        ("POST", "/workouts", Some(moonwalk), "unknown_exercise"),
        ("GET", "/workouts?cursor=x", None, "invalid_cursor"),
        ("GET", "/workouts?limit=0", None, "invalid_limit"),
        ("GET", "/workouts/{id}", None, "workout_not_found"),
        ("PUT", "/workouts/{id}", Some(workout(60.0)), "workout_not_found"),
        ("DELETE", "/workouts/{id}", None, "workout_not_found"),
        ("POST", "/workouts/reminders", past.clone(), "invalid_due_at"),
        ("PUT", "/workouts/reminders/{id}", due(&later), "reminder_not_found"),
        ("DELETE", "/workouts/reminders/{id}", None, "reminder_not_found"),
        ("GET", "/notifications?cursor=x", None, "invalid_cursor"),
        ("GET", "/notifications?unread=maybe", None, "invalid_filter"),
        ("POST", "/notifications/{id}/read", None, "notification_not_found"),
        ("PUT", "/notifications/preferences", Some(json!({ "by_mail": {} })), "invalid_body"),
        ("GET", "/events?topics=nothing", None, "unknown_topic"),
        ("POST", "/auth/login", Some(other_password), "wrong_credentials"),
        ("POST", "/auth/register", Some(json!({ "email": "eve", "password": "long enough" })), "invalid_body"),
        ("POST", "/auth/refresh", Some(json!({ "refresh_token": "x" })), "invalid_refresh_token"),
    ] {
        let path = format!("/api/v1{}", call.replace("{id}", &nothing));
        let answer = ada.send(method, &path, &[], body.map(|body| body.to_string())).await.unwrap();
        assert_eq!(answer.body["code"], code, "{method} {call}: {answer:?}");
        let template = format!("/api/v1{}", call.split('?').next().unwrap());
        let responses = &document["paths"][&template][method.to_lowercase()]["responses"];
        let schema = &responses[answer.status.to_string()]["content"]["application/problem+json"]["schema"];
        let codes = schema["allOf"][1]["properties"]["code"]["enum"].as_array();
        assert!(codes.is_some_and(|codes| codes.contains(&json!(code))), "{method} {call}: {answer:?} is not listed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_to_the_end_without_a_gap_or_a_double() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut posted = Vec::new();
    for day in 1..=7 {
        let mut body = workout(60.0 + day as f64);
        // Two at the same moment, too: the one that was logged last comes first.
        body["started_at"] = json!(trained_at(60 * (day / 2)));
        let saved = ada.post("/api/v1/workouts", &body).await.unwrap().success().unwrap();
        posted.push(saved["workout_id"].as_str().unwrap().to_owned());
    }
    fixture.settle(&REAL).await;
    let workouts = pages(&mut ada, "/api/v1/workouts?limit=3", "workout_id").await;
    posted.reverse();
    assert_eq!(workouts, posted);
    let notifications = pages(&mut ada, "/api/v1/notifications?limit=3", "notification_id").await;
    let total = ada.get("/api/v1/notifications/counts").await.unwrap().body["total"].as_u64().unwrap();
    assert!(total > 6, "more than two pages");
    assert_eq!(notifications.iter().collect::<BTreeSet<_>>().len() as u64, total);
    assert_eq!(notifications.len() as u64, total);
}

async fn coaching(ada: &mut Walker) {
    let goals = json!({ "targets": [{ "exercise": "barbell-bench-press", "load": { "kg": 100 } }] });
    let set = ada.call("POST", "/coach/goals", &[], Some(goals), 200).await;
    let state = ada.get("/coach/state", &[]).await;
    assert_eq!((&state["goals"], &state["workouts"]), (&set, &json!(1)));
    ada.get("/coach/next-session", &[]).await;
    let load = ada.get("/coach/next-load?exercise=barbell-bench-press", &[]).await;
    assert_eq!(load["lifts"][0]["exercise"], "barbell-bench-press");
    let list = ada.get("/coach/recommendations", &[]).await;
    let id = list[0]["recommendation_id"].as_str().unwrap();
    assert_eq!(ada.get("/coach/why/{id}", &[id]).await["status"], "open");
    ada.call("POST", "/coach/recommendations/{id}/accept", &[id], Some(json!({})), 200).await;
    let dismissal = json!({ "reason": "no_time" });
    ada.call("POST", "/coach/recommendations/{id}/dismiss", &[id], Some(dismissal), 200).await;
    let answered = ada.call("POST", "/coach/recommendations/{id}/snooze", &[id], Some(json!({ "days": 1 })), 409).await;
    assert_eq!(answered["code"], "recommendation_answered");
}

async fn pages(client: &mut Client, first: &str, id: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let path = cursor.as_ref().map_or_else(|| first.to_owned(), |cursor| format!("{first}&cursor={cursor}"));
        let page = client.get(&path).await.unwrap().success().unwrap();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3 && !items.is_empty(), "{page}");
        found.extend(items.iter().map(|item| item[id].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return found,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_switched_off_is_not_told() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let off = json!({ "in_app": { "record_set": false, "achievement_unlocked": false, "recommendation": false } });
    let set = ada.command("PUT", "/api/v1/notifications/preferences", "off", Some(&off)).await.unwrap();
    assert_eq!(set.status, 200, "{set:?}");
    ada.command("POST", "/api/v1/workouts", "monday", Some(&workout(60.0))).await.unwrap().success().unwrap();
    fixture.settle(&REAL).await;
    let counts = ada.get("/api/v1/notifications/counts").await.unwrap().body;
    assert_eq!(counts, json!({ "total": 0, "unread": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_known_is_not_sent_again() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    ada.command("POST", "/api/v1/workouts", "monday", Some(&workout(60.0))).await.unwrap().success().unwrap();
    let first = ada.get("/api/v1/workouts").await.unwrap();
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    let ask = async |client: &mut Client, tags: &str| -> Answer {
        client.send("GET", "/api/v1/workouts", &[("if-none-match", tags)], None).await.unwrap()
    };
    let same = ask(&mut ada, &format!("\"other\", {tag}")).await;
    assert_eq!((same.status, same.body, same.headers["etag"].to_str().unwrap()), (304, Value::Null, tag.as_str()));
    ada.command("POST", "/api/v1/workouts", "tuesday", Some(&workout(61.0))).await.unwrap().success().unwrap();
    let changed = ask(&mut ada, &tag).await;
    assert_eq!((changed.status, changed.body["items"].as_array().unwrap().len()), (200, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_around_it_tell_how_it_is() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    // The edge may be ready before every lane is taken.
    fixture.settle(&REAL).await;
    let mut anybody = Client::new(&url).unwrap();
    for (path, status) in [
        ("/health", "ok"),
        ("/ready", "ready"),
        ("/api/v1/auth/health", "ok"),
        ("/api/v1/workouts/health", "ok"),
        ("/api/v1/achievements/health", "ok"),
        ("/api/v1/notifications/health", "ok"),
        ("/api/v1/coach/health", "ok"),
    ] {
        let answer = anybody.get(path).await.unwrap();
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!(status)), "{path}: {answer:?}");
    }
    let document = anybody.get("/api/openapi.json").await.unwrap();
    assert_eq!((document.status, &document.body["openapi"]), (200, &json!("3.1.0")));
    let page = anybody.get("/docs").await.unwrap();
    assert_eq!(page.status, 200);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{page:?}");
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"), "{page:?}");
    for (path, content_type) in [
        ("/docs/start.js", "text/javascript"),
        ("/docs/swagger-ui.js", "text/javascript"),
        ("/docs/swagger-ui.css", "text/css"),
    ] {
        let file = anybody.get(path).await.unwrap();
        assert_eq!((file.status, file.headers["content-type"].to_str().unwrap()), (200, content_type), "{path}");
    }
}
