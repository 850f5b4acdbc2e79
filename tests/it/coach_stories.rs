//! The coach on the stream, as a person meets it: told after a workout, asked why, answered, corrected; and as an operator
//! does: folded again, to the same.

use plyo_client::{Client, Live};
use serde_json::{Value, json};

use crate::{
    people::{pushed, somebody, trained_at},
    platform::{Fixture, REAL},
    replay_stories::{plyo, said},
};

const SQUAT: &str = "barbell-back-squat";

/// A squat and a bench press; the last day that was trained on is the 28th.
fn workout(day: u32, squat_kg: f64) -> Value {
    let sets = |kg: f64, reps: u32| json!([{ "reps": reps, "load": { "kg": kg }, "rpe": 7.5 }, { "reps": reps, "load": { "kg": kg }, "rpe": 8 }]);
    let start = (i64::from(day) - 28) * 24 * 60;
    json!({ "started_at": trained_at(start), "ended_at": trained_at(start + 60), "exercises": [
        { "exercise": SQUAT, "sets": sets(squat_kg, 5) }, { "exercise": "barbell-bench-press", "sets": sets(60.0, 6) }] })
}

async fn train(client: &mut Client, days: impl IntoIterator<Item = u32>) -> Vec<String> {
    let mut ids = Vec::new();
    for day in days {
        let saved = client.post("/api/v1/workouts", &workout(day, 80.0 + 2.5 * f64::from(day / 3))).await.unwrap();
        ids.push(saved.success().unwrap()["workout_id"].as_str().unwrap().to_owned());
    }
    ids
}

async fn live(client: &Client) -> Live {
    Live::connect(client.authority(), client.token().unwrap(), None, &["me"]).await.unwrap()
}

async fn get(client: &mut Client, path: &str) -> Value {
    client.get(path).await.unwrap().success().unwrap_or_else(|error| panic!("{path}: {error:#}"))
}

/// What is next, and why: the time apart.
async fn next_lifts(client: &mut Client) -> [Value; 3] {
    let mut next = get(client, "/api/v1/coach/next-session").await;
    ["lifts", "headline", "because"].map(|field| next[field].take())
}

async fn refused(client: &mut Client, path: &str, body: Value) -> (u16, String) {
    let answer = client.post(path, &body).await.unwrap();
    (answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned())
}

fn of(id: &str, what: &str) -> String {
    format!("/api/v1/coach/recommendations/{id}/{what}")
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_told_what_is_next_asks_why_and_answers() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let (mut ada, mut ben) = (somebody(&url, "ada").await, somebody(&url, "ben").await);
    let mut socket = live(&ada).await;
    train(&mut ada, [22, 23, 24]).await;
    for _ in 0..3 {
        pushed(&mut socket, "recommendation.ready.v1").await;
    }
    let last = train(&mut ada, [26]).await.remove(0);
    let push = pushed(&mut socket, "recommendation.ready.v1").await;
    let (told, id) = (&push.data, push.data["recommendation_id"].as_str().unwrap());
    assert_eq!((&told["kind"], &told["headline"]), (&json!("next-session"), &json!("NEXT_SESSION")), "{told}");
    assert!(!told["reasons"].as_array().unwrap().is_empty() && told["confidence"] == "mid", "{told}");
    assert!(told["lifts"][0]["load_kg"].as_f64().unwrap() >= 90.0, "{told}");
    // Records and achievements are told of, too.
    while pushed(&mut socket, "notification.created.v1").await.data["params"]["recommendation_id"] != id {}

    // Which events, which rules, and what would change it, in the reader's language.
    let why = get(&mut ada, &format!("/api/v1/coach/why/{id}?lang=de")).await;
    assert_eq!(why["status"], "open", "{why}");
    assert!(!why["reasons"][0]["text"].as_str().unwrap().is_empty() && !why["evidence"].as_array().unwrap().is_empty());
    assert!(why["lifts"][0]["name"].as_str().unwrap().contains("beuge"), "{why}");
    assert_eq!(why["versions"], told["versions"]);
    let load = get(&mut ada, &format!("/api/v1/coach/next-load?exercise={SQUAT}")).await;
    assert_eq!(load["lifts"][0]["exercise"], SQUAT, "{load}");
    assert!(load["because"].as_array().unwrap().len() >= 2 && !load["range80_kg"].is_null(), "{load}");
    let next = get(&mut ada, "/api/v1/coach/next-session").await;
    assert_eq!(next["lifts"].as_array().unwrap().len(), 2, "{next}");
    let state = get(&mut ada, "/api/v1/coach/state?lang=es").await;
    assert_eq!(state["workouts"], 4, "{state}");
    assert!(state["believed"][0].as_str().unwrap().contains("Entrenamientos"), "{state}");
    assert!(!state["unknown"].as_array().unwrap().is_empty());
    assert_eq!(get(&mut ben, "/api/v1/coach/recommendations").await, json!([]));

    // An answer, twice, of somebody else, and of nobody.
    let accepted = ada.post(&of(id, "accept"), &json!({})).await.unwrap().success().unwrap();
    assert_eq!(accepted["status"], "accepted");
    let again = ada.post(&of(id, "accept"), &json!({})).await.unwrap();
    assert_eq!((again.status, &again.body["status"]), (200, &json!("accepted")));
    let not_found = (404, "recommendation_not_found".to_owned());
    assert_eq!(refused(&mut ben, &of(id, "accept"), json!({})).await, not_found);
    assert_eq!(refused(&mut ben, &of(&last, "dismiss"), json!({ "reason": "no_time" })).await, not_found);
    assert_eq!(refused(&mut ada, &of(id, "snooze"), json!({ "days": 0 })).await.1, "invalid_days");
    assert_eq!(refused(&mut ada, &of(id, "dismiss"), json!({ "reason": "moonwalk" })).await.0, 422);

    // What was accepted is done.
    let lifts = told["lifts"].as_array().unwrap().iter().map(|lift| {
        json!({ "exercise": lift["exercise"], "sets": [{ "reps": lift["reps"], "load": { "kg": lift["load_kg"] } }],
                "planned": { "load": { "kg": lift["load_kg"] }, "reps": lift["reps"], "recommendation_id": id } })
    });
    let did = json!({ "started_at": trained_at(0), "exercises": lifts.collect::<Vec<_>>() });
    ada.post("/api/v1/workouts", &did).await.unwrap().success().unwrap();
    let followed = pushed(&mut socket, "recommendation.followed.v1").await;
    assert_eq!(followed.data["recommendation_id"], id);
    let next = pushed(&mut socket, "recommendation.ready.v1").await.data;
    let id = next["recommendation_id"].as_str().unwrap();
    let dismissed = ada.post(&of(id, "dismiss"), &json!({ "reason": "no_time" })).await.unwrap().success().unwrap();
    assert_eq!(dismissed["status"], "dismissed");
    assert_eq!(refused(&mut ada, &of(id, "accept"), json!({})).await, (409, "recommendation_answered".to_owned()));
    assert_eq!(get(&mut ada, &format!("/api/v1/coach/why/{id}")).await["status"], "dismissed");
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_withdraws_what_rested_on_it_and_its_notification() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut socket = live(&ada).await;
    let ids = train(&mut ada, [22, 25, 28]).await;
    let mut told = Value::Null;
    for _ in 0..3 {
        told = pushed(&mut socket, "recommendation.ready.v1").await.data;
    }
    let id = told["recommendation_id"].as_str().unwrap();
    fixture.settle(&REAL).await;
    let path = format!("/api/v1/workouts/{}", ids[2]);
    ada.command("PUT", &path, "correction", Some(&workout(28, 120.0))).await.unwrap().success().unwrap();
    let withdrawn = pushed(&mut socket, "recommendation.withdrawn.v1").await.data;
    assert_eq!(withdrawn, json!({ "recommendation_id": id, "reason": "workout_corrected", "workout_id": ids[2] }));
    let now = pushed(&mut socket, "recommendation.ready.v1").await.data;
    assert_ne!(now["recommendation_id"], id);
    // Records that the correction undid may be retracted before.
    while pushed(&mut socket, "notification.retracted.v1").await.data["because"]["event_type"]
        != "recommendation.withdrawn"
    {}
    assert_eq!(refused(&mut ada, &of(id, "accept"), json!({})).await, (409, "recommendation_withdrawn".to_owned()));
    let why = get(&mut ada, &format!("/api/v1/coach/why/{id}")).await;
    assert_eq!((&why["status"], &why["withdrawn"]), (&json!("withdrawn"), &json!("workout_corrected")));
    let standing = get(&mut ada, "/api/v1/notifications?limit=100").await;
    let standing = standing["items"].as_array().unwrap();
    let of_coach = |item: &&Value| item["kind"] == "recommendation" && item["retracted"] == false;
    let named: Vec<&Value> =
        standing.iter().filter(of_coach).map(|item| &item["params"]["recommendation_id"]).collect();
    assert!(named.contains(&&now["recommendation_id"]) && !named.contains(&&told["recommendation_id"]), "{named:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn goals_are_set_and_what_cannot_be_one_is_refused() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let target = |exercise: &str, kg: f64| json!({ "targets": [{ "exercise": exercise, "load": { "kg": kg } }] });
    for wrong in [target(SQUAT, -5.0), target(SQUAT, 900.0), target("moonwalk", 100.0), target("plank", 20.0)] {
        assert_eq!(refused(&mut ada, "/api/v1/coach/goals", wrong.clone()).await.0, 422, "{wrong}");
    }
    let goals = json!({ "focus": ["strength"], "targets": [{ "exercise": SQUAT, "load": { "kg": 140.0 } }] });
    assert_eq!(ada.post("/api/v1/coach/goals", &goals).await.unwrap().success().unwrap(), goals);
    train(&mut ada, [3, 6]).await;
    fixture.settle(&REAL).await;
    let state = get(&mut ada, "/api/v1/coach/state").await;
    assert_eq!(state["goals"], goals, "{state}");
    assert!(state["believed"].to_string().contains("140 kg"), "{state}");
    let unknown = ada.get("/api/v1/coach/next-load?exercise=moonwalk").await.unwrap();
    assert_eq!((unknown.status, &unknown.body["code"]), (422, &json!("unknown_exercise")));
    assert_eq!(ada.get("/api/v1/coach/next-load").await.unwrap().status, 422);
    assert_eq!(ada.get("/api/v1/coach/health").await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_coach_is_folded_again_to_the_same_and_goes_on() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    // Out of order, so that the past is folded again.
    train(&mut ada, (1..=20).chain([25, 23, 21, 26, 24])).await;
    fixture.settle(&REAL).await;
    let before = next_lifts(&mut ada).await;
    let verified = plyo(&fixture, &["verify", "coach"]);
    assert!(verified.status.success(), "{}", said(&verified));

    // As an older model would have left it: what it learnt is not read.
    let older = "UPDATE snapshot SET training = set_byte(training, 0, get_byte(training, 0) - 1)";
    let rows = sqlx::query(older).execute(&mut fixture.database("coach").await).await.unwrap().rows_affected();
    assert!(rows > 0);
    assert_eq!(next_lifts(&mut ada).await, before);
    let rebuilt = plyo(&fixture, &["rebuild", "coach"]);
    assert!(rebuilt.status.success() && said(&rebuilt).contains("coach: rebuilt from"), "{}", said(&rebuilt));
    assert_eq!(next_lifts(&mut ada).await, before);
    let mut socket = live(&ada).await;
    train(&mut ada, [28]).await;
    pushed(&mut socket, "recommendation.ready.v1").await;
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}
