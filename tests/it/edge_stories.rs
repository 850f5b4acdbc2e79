//! The edge from outside: what a client sends, gets, and is refused.

use std::time::Duration;

use plyo_client::{Client, Live};
use plyo_nats::streams;
use serde_json::{Value, json};

use crate::{
    child::{Role, Server},
    ledger,
    people::{pushed, somebody, trained_at, workout},
    platform::{Fixture, REAL, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_workout_that_is_posted_becomes_an_achievement_that_is_pushed() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer =
        ada.send("POST", "/api/v1/workouts", &[("traceparent", trace)], Some(workout(60.0).to_string())).await.unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.body["workout_id"].as_str().unwrap().to_owned();
    assert_eq!(answer.headers["location"], format!("/api/v1/workouts/{id}"));
    let unlocked = pushed(&mut live, "achievement.unlocked.v1").await;
    assert_eq!((unlocked.data["code"].as_str().unwrap(), unlocked.command.as_str()), ("workouts_1", id.as_str()));
    pushed(&mut live, "notification.created.v1").await;
    assert_eq!((live.gaps, live.duplicates), (0, 0));
    assert_eq!(ada.get(&format!("/api/v1/workouts/{id}")).await.unwrap().body["revision"], 1);
    fixture.settle(&REAL).await;
    // One trace from the request to the push.
    for event in ledger::events(&fixture).await.iter().filter(|event| event.correlation.to_string() == id) {
        assert!(
            event.traceparent.is_some_and(|parent| parent.to_string().contains("4bf92f3577b34da6a3ce929d0e0e4736")),
            "{event:?}"
        );
    }
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typing_error_that_is_corrected_withdraws_its_record_and_tells_why() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    let wrong = ada.post("/api/v1/workouts", &workout(375.0)).await.unwrap().success().unwrap();
    // It is kept as it is, and asked about.
    let doubt = json!([{ "pointer": "/exercises/0/sets/0/load", "value": 375_000, "known": 60_000 }]);
    assert_eq!(wrong["doubt"], doubt);
    let path = format!("/api/v1/workouts/{}", wrong["workout_id"].as_str().unwrap());
    // Nobody is congratulated on it.
    fixture.settle(&REAL).await;
    let told = async |client: &mut Client| {
        let told = client.get("/api/v1/notifications").await.unwrap().body;
        let told = told["items"].as_array().unwrap().iter().filter(|told| told["retracted"] == false);
        told.filter(|told| told["kind"] == "record_set").count()
    };
    assert_eq!(told(&mut ada).await, 0);
    let achievements = ada.get("/api/v1/achievements").await.unwrap().body;
    assert!(achievements.as_array().unwrap().iter().any(|one| one["code"] == "records_1"), "{achievements}");

    // This one nobody can tell from a good day.
    let corrected = ada.send("PUT", &path, &[], Some(workout(73.5).to_string())).await.unwrap().success().unwrap();
    assert_eq!(corrected["revision"], 2);
    let records = pushed(&mut live, "workout.corrected.v1").await.data["records"].clone();
    assert_eq!(records["withdrawn"][0]["mark"]["value"], 375_000);
    fixture.settle(&REAL).await;
    assert_eq!(told(&mut ada).await, 1);
    ada.send("PUT", &path, &[], Some(workout(37.5).to_string())).await.unwrap().success().unwrap();
    let records = pushed(&mut live, "workout.corrected.v1").await.data["records"].clone();
    assert_eq!(records["withdrawn"][0]["mark"]["value"], 73_500);
    assert_eq!(records["set"][0]["reestablished"], true);
    let retracted = pushed(&mut live, "notification.retracted.v1").await;
    assert_eq!(retracted.data["because"]["event_type"], "workout.corrected");
    let records = ada.get("/api/v1/workouts/records").await.unwrap().body;
    let max_load = records.as_array().unwrap().iter().find(|record| record["kind"] == "max_load").unwrap();
    assert_eq!(max_load["mark"]["value"], 60_000);
    // Taken back as if it had never been.
    ada.send("DELETE", &path, &[], None).await.unwrap().success().unwrap();
    assert_eq!(ada.get(&path).await.unwrap().status, 404);
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_with_a_problem_and_leaves_nothing() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let (mut ada, mut eve) = (somebody(&url, "ada").await, somebody(&url, "eve").await);
    let saved = ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    let path = format!("/api/v1/workouts/{}", saved["workout_id"].as_str().unwrap());
    fixture.settle(&REAL).await;
    let before = streams::state(&fixture.nats().await, "EVENTS").await.unwrap().messages;
    let right = workout(60.0).to_string();
    let many: Vec<Value> = (0..501).map(|_| json!({ "reps": 1 })).collect();
    let many = json!({ "started_at": "2026-11-23T18:30:00Z", "exercises": [{ "exercise": "push-up", "sets": many }] })
        .to_string();
    let bodies = [
        (right[..right.len() - 4].to_owned(), 400),
        (right.replacen('{', r#"{"mood":"good","#, 1), 422),
        (right.replace("\"reps\":5", "\"reps\":\"5\""), 422),
        (right.replace("\"reps\":5", "\"reps\":-5"), 422),
        (right.replace("\"rpe\":8", "\"rpe\":7.3"), 422),
        (right.replace("\"rpe\":8", "\"rpe\":NaN"), 422),
        (right.replace("\"rpe\":8", "\"rpe\":1e400"), 422),
        (right.replace("barbell-bench-press", "barbell\\u0000bench"), 422),
        (right.replace("barbell-bench-press", "moonwalk"), 422),
        (right.replace(&trained_at(0)[..10], "9999-11-23"), 422),
        (right.replace("Z\"", "+01:00:30\""), 422),
        (right.replace("{\"kg\":60.0}", "60"), 422),
        (right.replace("{\"kg\":60.0}", "{\"kg\":60,\"lb\":130}"), 422),
        (right.replace("\"reps\":5", "\"reps\":5,\"reps\":5"), 422),
        ("5".to_owned(), 422),
        (right.replacen('{', r#"{"ended_at":"2026-01-23T18:00:00+01:00","#, 1), 422),
        (many, 422),
        (format!("{{\"pad\":\"{}\"}}", "x".repeat(300 * 1024)), 413),
    ];
    for (body, status) in bodies {
        let answer = ada.send("POST", "/api/v1/workouts", &[], Some(body.clone())).await.unwrap();
        assert_eq!(answer.status, status, "{:.200} {answer:?}", body);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(answer.body["code"].is_string() && answer.body["detail"].is_string(), "{answer:?}");
        assert!(status != 422 || answer.body["violations"][0]["pointer"].is_string(), "{answer:?}");
    }
    let answer =
        ada.send("POST", "/api/v1/workouts", &[("content-type", "text/plain")], Some(right.clone())).await.unwrap();
    assert_eq!(answer.status, 415);
    for (path, status) in [
        (path.as_str(), 404),
        ("/api/v1/workouts/not-an-id", 404),
        ("/api/v1/workouts?cursor=forged", 400),
        ("/api/v1/notifications?cursor=forged", 400),
        ("/api/v1/workouts?limit=1000", 422),
        ("/api/v1/nowhere", 404),
    ] {
        assert_eq!(eve.get(path).await.unwrap().status, status, "{path}");
    }
    assert_eq!(eve.send("PUT", &path, &[], Some(right.clone())).await.unwrap().status, 404);
    assert_eq!(eve.send("DELETE", &path, &[], None).await.unwrap().status, 404);
    let mut nobody = Client::new(&url).unwrap();
    let answer = nobody.get("/api/v1/workouts").await.unwrap();
    assert_eq!((answer.status, answer.headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    for token in ["garbage", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", &ada.token().unwrap()[..40]] {
        nobody.set_token(token);
        let answer = nobody.get("/api/v1/workouts").await.unwrap();
        assert_eq!(answer.status, 401, "{token}");
        assert!(answer.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    }
    fixture.settle(&REAL).await;
    let after = streams::state(&fixture.nats().await, "EVENTS").await.unwrap().messages;
    assert_eq!(after, before, "a refused request left an event");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_has_one_effect_and_the_same_answer_on_every_edge() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let second_port = plyo_servers::free_port().unwrap();
    let _second_edge = Server::start(&Role { edge_port: Some(second_port), ..fixture.role(&[]) });
    let second_url = format!("http://127.0.0.1:{second_port}");
    fixture.ready(&second_url).await;
    let mut ada = somebody(&url, "ada").await;
    let key = [("idempotency-key", "monday")];
    let body = workout(60.0).to_string();
    let first = ada.send("POST", "/api/v1/workouts", &key, Some(body.clone())).await.unwrap();
    assert_eq!(first.status, 201);
    let again = ada.send("POST", "/api/v1/workouts", &key, Some(body.clone())).await.unwrap();
    assert_eq!((again.status, &again.body), (201, &first.body));
    let mut elsewhere = Client::new(&second_url).unwrap();
    elsewhere.set_token(ada.token().unwrap());
    let third = elsewhere.send("POST", "/api/v1/workouts", &key, Some(body.clone())).await.unwrap();
    assert_eq!((third.status, &third.body), (201, &first.body));
    let other = elsewhere.send("POST", "/api/v1/workouts", &key, Some(workout(61.0).to_string())).await.unwrap();
    assert_eq!((other.status, other.body["code"].as_str().unwrap()), (422, "idempotency_key_reused"));
    // Side by side, in one gather and across edges.
    let key = [("idempotency-key", "tuesday")];
    let mut side_by_side = Vec::new();
    for url in [&url, &second_url].into_iter().cycle().take(8) {
        let mut client = Client::new(url).unwrap();
        client.set_token(ada.token().unwrap());
        let body = body.clone();
        side_by_side.push(async move { client.send("POST", "/api/v1/workouts", &key, Some(body)).await.unwrap() });
    }
    let answers = futures_util::future::join_all(side_by_side).await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)), "{answers:?}");
    let ids: std::collections::BTreeSet<String> =
        answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.body.to_string()).collect();
    assert_eq!(ids.len(), 1, "{answers:?}");
    assert_eq!(ada.get("/api/v1/workouts").await.unwrap().body["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_broker_has_forgotten_still_has_one_effect_and_the_same_answer() {
    let mut fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let first = ada.command("POST", "/api/v1/workouts", "monday", Some(&workout(60.0))).await.unwrap();
    assert_eq!(first.status, 201, "{first:?}");
    fixture.settle(&REAL).await;
    let nats = fixture.nats().await;
    // It knows ids for 60 s; after a crash only those of the commands that it still holds: none, once they are purged.
    eventually("the command is removed from its stream", Duration::from_secs(30), async || {
        Ok((streams::state(&nats, "COMMANDS_workout").await?.messages == 0).then_some(()))
    })
    .await;
    let stored = streams::state(&nats, "COMMANDS_workout").await.unwrap().last;
    fixture.nats_server.kill();
    fixture.nats_server.restart().unwrap();
    let again = ada.command("POST", "/api/v1/workouts", "monday", Some(&workout(60.0))).await.unwrap();
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.headers["location"], first.headers["location"]);
    fixture.settle(&REAL).await;
    let stored_again = streams::state(&fixture.nats().await, "COMMANDS_workout").await.unwrap().last;
    assert!(stored_again > stored, "the broker took it for the command that it had");
    let events = ledger::events(&fixture).await;
    let logged = events.iter().filter(|event| event.body.kind().name() == "workout.completed").count();
    assert_eq!(logged, 1);
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_was_away_gets_what_it_missed_in_order_and_once() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    // Of the log-in there are events, too.
    fixture.settle(&REAL).await;
    let token = ada.token().unwrap().to_owned();
    let live = Live::connect(ada.authority(), &token, None, &["me"]).await.unwrap();
    let cursor = live.cursor().to_owned();
    drop(live);
    for kg in [60.0, 62.5, 65.0] {
        ada.post("/api/v1/workouts", &workout(kg)).await.unwrap().success().unwrap();
    }
    fixture.settle(&REAL).await;
    let events = ledger::events(&fixture).await;
    let missed: Vec<String> = events
        .iter()
        .filter(|event| !event.body.kind().name().starts_with("user."))
        .map(|event| event.id.to_string())
        .collect();
    let mut live = Live::connect(ada.authority(), &token, Some(&cursor), &["me"]).await.unwrap();
    assert_eq!(live.welcome["resume"]["mode"], "replay");
    let mut replayed = Vec::new();
    while replayed.len() < missed.len() {
        replayed.push(tokio::time::timeout(Duration::from_secs(5), live.next()).await.unwrap().unwrap().id);
    }
    assert_eq!((replayed, live.gaps, live.duplicates), (missed, 0, 0));
    // What cannot be resumed says so.
    let (epoch, _) = cursor.split_once('.').unwrap();
    for (cursor, why) in
        [("garbage".to_owned(), "malformed"), (format!("{epoch}.999999999"), "future"), ("1.1".to_owned(), "epoch")]
    {
        let live = Live::connect(ada.authority(), &token, Some(&cursor), &["me"]).await.unwrap();
        assert_eq!((&live.welcome["resume"]["mode"], &live.welcome["resume"]["why"]), (&json!("reset"), &json!(why)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_a_command_is_refused_at_once_and_goes_through_when_it_is_back() {
    let mut fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    fixture.nats_server.kill();
    let answer = eventually("the edge notices", Duration::from_secs(10), async || {
        let answer =
            ada.send("POST", "/api/v1/workouts", &[("idempotency-key", "k")], Some(workout(60.0).to_string())).await?;
        Ok((answer.status == 503 && answer.headers.contains_key("retry-after")).then_some(answer))
    })
    .await;
    assert!(answer.body["code"] == "unavailable", "{answer:?}");
    fixture.nats_server.restart().unwrap();
    let saved = ada.command("POST", "/api/v1/workouts", "k", Some(&workout(60.0))).await.unwrap();
    assert_eq!(saved.status, 201, "{saved:?}");
    fixture.settle(&REAL).await;
    assert_eq!(ada.get("/api/v1/workouts").await.unwrap().body["items"].as_array().unwrap().len(), 1);
}
