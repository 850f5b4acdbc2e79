//! Two devices of one person: the one that changes what the other has changed meanwhile is told so, and no change is lost.

use plyo_client::Client;
use serde_json::json;

use crate::{
    people::{credentials, somebody, workout},
    platform::{Fixture, REAL},
};

/// Sends with `If-Match`; gives the status and the code.
async fn changed(client: &mut Client, method: &str, path: &str, tag: &str, body: Option<String>) -> (u16, String) {
    let answer = client.send(method, path, &[("if-match", tag)], body).await.unwrap();
    (answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_for_an_old_revision_is_refused_where_the_revision_is() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let saved = ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    let path = format!("/api/v1/workouts/{}", saved["workout_id"].as_str().unwrap());
    let tag_of = async |client: &mut Client| {
        let answer = client.get(&path).await.unwrap();
        answer.headers["etag"].to_str().unwrap().to_owned()
    };
    let old = tag_of(&mut ada).await;
    assert!(old.starts_with("\"1-"), "{old}");
    let to = |kg: f64| Some(workout(kg).to_string());
    assert_eq!(changed(&mut ada, "PUT", &path, &old, to(61.0)).await.0, 200);
    let lost = (412, "revision_changed".to_owned());
    assert_eq!(changed(&mut ada, "PUT", &path, &old, to(62.0)).await, lost);
    assert_eq!(changed(&mut ada, "DELETE", &path, &old, None).await, lost);
    let new = tag_of(&mut ada).await;
    // Compared strongly; what is no tag of it names none of its revisions.
    for wrong in [format!("W/{new}"), "\"7\"".to_owned(), "nonsense".to_owned()] {
        assert_eq!(changed(&mut ada, "PUT", &path, &wrong, to(62.0)).await, lost, "{wrong}");
    }
    assert_eq!(changed(&mut ada, "PUT", &path, &format!("\"7\", {new}"), to(62.0)).await.0, 200);
    // What the answer to a change says is enough.
    assert_eq!(changed(&mut ada, "PUT", &path, "\"3\"", to(63.0)).await.0, 200);
    assert_eq!(changed(&mut ada, "PUT", &path, "*", to(64.0)).await.0, 200);
    assert_eq!(ada.get(&path).await.unwrap().body["revision"], 5);
    // The same request again is the same command, whichever revision there is by now.
    let key = [("idempotency-key", "once"), ("if-match", "\"5\"")];
    for _ in 0..2 {
        let answer = ada.send("PUT", &path, &key, to(65.0)).await.unwrap();
        assert_eq!((answer.status, &answer.body["revision"]), (200, &json!(6)));
    }
    assert_eq!(changed(&mut ada, "DELETE", &path, "\"6\"", None).await.0, 200);
    assert_eq!(changed(&mut ada, "DELETE", &path, "\"6\"", None).await.0, 404);

    let reminder = json!({ "due_at": (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48)).to_string() });
    let set = ada.post("/api/v1/workouts/reminders", &reminder).await.unwrap().success().unwrap();
    let path = format!("/api/v1/workouts/reminders/{}", set["reminder_id"].as_str().unwrap());
    let later = json!({ "due_at": (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(72)).to_string() });
    assert_eq!(changed(&mut ada, "PUT", &path, "\"1\"", Some(later.to_string())).await.0, 200);
    assert_eq!(changed(&mut ada, "PUT", &path, "\"1\"", Some(reminder.to_string())).await, lost);
    assert_eq!(changed(&mut ada, "DELETE", &path, "\"1\"", None).await, lost);
    assert_eq!(changed(&mut ada, "DELETE", &path, "\"2\"", None).await.0, 200);

    // What has no revisions has weak tags, which match nothing; any state of it is good enough where there is one to get.
    let path = "/api/v1/notifications/preferences";
    let weak = ada.get(path).await.unwrap().headers["etag"].to_str().unwrap().to_owned();
    assert!(weak.starts_with("W/\""), "{weak}");
    let preferences = || Some(json!({ "in_app": {} }).to_string());
    let refused = (412, "no_revisions".to_owned());
    for wrong in [&weak, &weak[2..], "\"1\"", "nonsense"] {
        assert_eq!(changed(&mut ada, "PUT", path, wrong, preferences()).await, refused, "{wrong}");
    }
    assert_eq!(changed(&mut ada, "PUT", path, "*", preferences()).await.0, 200);
    assert_eq!(changed(&mut ada, "POST", "/api/v1/workouts", "*", to(60.0)).await.0, 201);
    for (path, body) in [
        ("/api/v1/notifications/read-all", None),
        ("/api/v1/coach/goals", Some("{}".to_owned())),
        ("/api/v1/auth/login", Some(credentials("ada").to_string())),
    ] {
        for tag in ["*", "\"1\""] {
            assert_eq!(changed(&mut ada, "POST", path, tag, body.clone()).await, refused, "{path} {tag}");
        }
    }
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_knows_is_not_sent_again_however_it_says_so() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let saved = ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    for path in [format!("/api/v1/workouts/{}", saved["workout_id"].as_str().unwrap()), "/api/v1/workouts".to_owned()] {
        let tag = ada.get(&path).await.unwrap().headers["etag"].to_str().unwrap().to_owned();
        let strong = tag.trim_start_matches("W/");
        for (known, status) in [
            (strong.to_owned(), 304),
            (format!("W/{strong}"), 304),
            (format!("\"a,b\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"else\"".to_owned(), 200),
        ] {
            let answer = ada.send("GET", &path, &[("if-none-match", &known)], None).await.unwrap();
            assert_eq!(answer.status, status, "{path} {known}");
            assert_eq!(answer.headers["etag"], tag);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_not_understood_are_ignored_or_refused_as_their_documents_have_it() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let body = Some(workout(60.0).to_string());
    for prefer in ["wait=soon", "return=minimal", "wait=\"5\"; x=y", "handling=strict, WAIT = 5"] {
        let answer = ada.send("POST", "/api/v1/workouts", &[("prefer", prefer)], body.clone()).await.unwrap();
        assert_eq!(answer.status, 201, "{prefer}");
    }
    let answer = ada.send("POST", "/api/v1/workouts", &[("prefer", "foo, Respond-Async")], body.clone()).await.unwrap();
    assert_eq!((answer.status, answer.headers["preference-applied"].to_str().unwrap()), (202, "respond-async"));
    let keys = [("idempotency-key", "one"), ("idempotency-key", "two")];
    let answer = ada.send("POST", "/api/v1/workouts", &keys, body).await.unwrap();
    assert_eq!((answer.status, &answer.body["code"]), (422, &json!("invalid_idempotency_key")));
    // Whatever refuses, it is a problem.
    for (path, status) in [
        ("/api/v1/workouts/%ff", 404),
        ("/api/v1/commands/%ff/%ff", 404),
        ("/api/v1/coach/why/%ff", 404),
        ("/api/v1/events?topics=%ff", 404),
        ("/api/v1/events?topics=me&topics=me", 400),
        ("/api/v1/workouts?limit=%ff", 422),
        ("/api/v1/notifications?unread=perhaps", 422),
        ("/api/v1/live", 426),
    ] {
        let answer = ada.get(path).await.unwrap();
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        assert!(answer.body["code"].is_string() && answer.body["detail"].is_string(), "{path} {answer:?}");
    }
    let answer = ada.send("PATCH", "/api/v1/workouts", &[], None).await.unwrap();
    assert_eq!((answer.status, &answer.body["code"]), (405, &json!("method_not_allowed")));
    assert!(answer.headers["allow"].to_str().unwrap().contains("POST"));
}
