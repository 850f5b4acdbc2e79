//! Exercises of people's own: logged, recommended from, merged, and nobody else's business.

use plyo_client::{Client, Live};
use serde_json::{Value, json};

use crate::{
    people::{pushed, somebody, trained_at},
    platform::{Fixture, REAL},
};

fn workout(minutes: i64, exercise: &str, kg: f64) -> Value {
    json!({ "started_at": trained_at(minutes), "exercises": [
        { "exercise": exercise, "sets": [{ "reps": 5, "load": { "kg": kg }, "rpe": 8 }] }] })
}

async fn log(client: &mut Client, workout: &Value) -> Value {
    client.post("/api/v1/workouts", workout).await.unwrap().success().unwrap()
}

/// The heaviest loads that stand, by exercise.
async fn heaviest(client: &mut Client) -> Vec<(String, u64)> {
    let records = client.get("/api/v1/workouts/records").await.unwrap().body;
    let heaviest = records.as_array().unwrap().iter().filter(|record| record["kind"] == "max_load");
    heaviest
        .map(|record| (record["exercise"].as_str().unwrap().to_owned(), record["mark"]["value"].as_u64().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exercise_of_ones_own_is_logged_and_becomes_one_of_the_catalogue() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut ben = somebody(&url, "ben").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let mine = json!({ "name": "Bench at home", "measure": "weight-reps", "muscles": ["chest"] });
    let created = ada.command("POST", "/api/v1/exercises/custom", "mine", Some(&mine)).await.unwrap();
    assert_eq!(created.status, 201, "{created:?}");
    let place = created.headers["location"].to_str().unwrap().to_owned();
    let slug = created.body["exercise"].as_str().unwrap().to_owned();
    assert_eq!(ada.get(&place).await.unwrap().body["name"], "Bench at home");
    let again = ada.command("POST", "/api/v1/exercises/custom", "mine", Some(&mine)).await.unwrap();
    assert_eq!((again.status, &again.body), (201, &created.body), "the same key is the same command");
    let twice =
        ada.post("/api/v1/exercises/custom", &json!({ "name": "bench AT home", "measure": "reps" })).await.unwrap();
    assert_eq!((twice.status, &twice.body["code"]), (409, &json!("custom_exercise_exists")));

    // Ben has no such exercise, and is not told that anybody has.
    let unknown = async |client: &mut Client, exercise: &str| {
        let answer = client.post("/api/v1/workouts", &workout(0, exercise, 50.0)).await.unwrap();
        (answer.status, answer.body["code"].clone(), answer.body.to_string().replace(exercise, "it"))
    };
    let (hers, nobodys) = (unknown(&mut ben, &slug).await, unknown(&mut ben, &slug.replace('1', "2")).await);
    assert_eq!((hers.0, &hers.1), (422, &json!("unknown_exercise")));
    assert_eq!(hers, nobodys);
    for (method, path) in [("GET", place.clone()), ("DELETE", place.clone())] {
        assert_eq!(ben.send(method, &path, &[], None).await.unwrap().status, 404, "{method}");
    }
    let found = ben.get("/api/v1/exercises?q=bench%20at%20home").await.unwrap().body;
    assert!(found.as_array().unwrap().iter().all(|one| one["slug"] != slug.as_str()), "{found}");

    // The coach knows nothing of it, and goes on.
    for (minutes, kg) in [(0, 50.0), (60, 55.0)] {
        log(&mut ada, &workout(minutes, &slug, kg)).await;
    }
    log(&mut ada, &workout(120, "barbell-bench-press", 52.5)).await;
    pushed(&mut live, "recommendation.ready.v1").await;
    fixture.settle(&REAL).await;
    let next = ada.get("/api/v1/coach/next-session").await.unwrap();
    assert!(next.status == 200 && !next.body.to_string().contains("custom-"), "{next:?}");
    let told = ada.get("/api/v1/notifications").await.unwrap().body.to_string();
    assert!(told.contains(&slug), "a record of her own exercise is told: {told}");
    let both = [("barbell-bench-press".to_owned(), 52_500), (slug.clone(), 55_000)];
    assert_eq!(heaviest(&mut ada).await, both);

    // With an old revision it is not merged; then it is one exercise, in what was logged as well.
    let merge = json!({ "into": "barbell-bench-press" }).to_string();
    let path = format!("{place}/merge");
    let stale = ada.send("POST", &path, &[("if-match", "\"7\"")], Some(merge.clone())).await.unwrap();
    assert_eq!((stale.status, &stale.body["code"]), (412, &json!("revision_changed")));
    ada.send("POST", &path, &[("if-match", "\"1\"")], Some(merge)).await.unwrap().success().unwrap();
    assert_eq!(heaviest(&mut ada).await, [("barbell-bench-press".to_owned(), 55_000)]);
    let workouts = ada.get("/api/v1/workouts").await.unwrap().body;
    assert!(!workouts.to_string().contains(&slug), "{workouts}");
    assert_eq!(ada.get(&place).await.unwrap().body["merged_into"], "barbell-bench-press");
    let beaten = log(&mut ada, &workout(180, &slug, 57.5)).await;
    let path = format!("/api/v1/workouts/{}", beaten["workout_id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.unwrap().body["exercises"][0]["exercise"], "barbell-bench-press");
    assert_eq!(heaviest(&mut ada).await, [("barbell-bench-press".to_owned(), 57_500)]);
    ada.send("DELETE", &path, &[], None).await.unwrap().success().unwrap();
    assert_eq!(heaviest(&mut ada).await, [("barbell-bench-press".to_owned(), 55_000)]);
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}
