//! What people say about themselves: told by one device, seen by the others, followed by the coach; and none of the texts that
//! name somebody in the history.

use plyo_client::{Answer, Client, Live};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    people::{pushed, somebody, trained_at},
    platform::{Fixture, REAL},
};

const PROFILE: &str = "/api/v1/me/profile";

async fn change(client: &mut Client, headers: &[(&str, &str)], change: Value) -> Answer {
    client.send("PATCH", PROFILE, headers, Some(change.to_string())).await.unwrap()
}

async fn changed(client: &mut Client, body: Value) -> u64 {
    let answer = change(client, &[], body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["revision"].as_u64().unwrap()
}

async fn profile(client: &mut Client) -> Value {
    client.get(PROFILE).await.unwrap().success().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_says_about_themselves_is_kept_without_their_names_in_the_history() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut socket = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let me = ada.get("/api/v1/auth/me").await.unwrap().body;
    let new =
        json!({ "user_id": me["user_id"], "revision": 1, "locale": "en", "time_zone": "UTC", "week_start": "monday" });
    assert_eq!(profile(&mut ada).await, new);

    let said = json!({
        "display_name": " Ada  Zyxwv ", "handle": "Ada_Zyxwv", "birth_year": 1990, "sex": "female", "height_cm": 172,
        "units": "imperial", "locale": "de-DE", "time_zone": "Europe/Berlin", "week_start": "sunday", "goal": "size",
        "experience": "experienced", "equipment": ["rack", "barbell"], "visibility": { "workouts": "followers" },
        "injuries": [{ "joint": "knee", "since": "2026-01-02" }] });
    assert_eq!(changed(&mut ada, said).await, 2);
    let push = pushed(&mut socket, "user.profile_changed.v1").await;
    assert!(push.data["called"]["handle"].is_string() && !push.data.to_string().contains("yxwv"), "{}", push.data);
    let seen = profile(&mut ada).await;
    assert_eq!((&seen["display_name"], &seen["handle"]), (&json!("Ada  Zyxwv"), &json!("Ada_Zyxwv")));
    assert_eq!((&seen["equipment"], &seen["week_start"]), (&json!(["barbell", "rack"]), &json!("sunday")));
    assert_eq!(ada.get("/api/v1/auth/me").await.unwrap().body["time_zone"], "Europe/Berlin");

    // What is absent stays, what is null goes, and the same again changes nothing.
    let less = json!({ "birth_year": null, "visibility": { "records": "public" }, "week_start": null });
    assert_eq!(changed(&mut ada, less.clone()).await, 3);
    assert_eq!(changed(&mut ada, less).await, 3);
    assert_eq!(changed(&mut ada, json!({ "handle": "Ada_Zyxwv" })).await, 3);
    let seen = profile(&mut ada).await;
    assert_eq!(
        (&seen["birth_year"], &seen["height_cm"], &seen["week_start"]),
        (&Value::Null, &json!(172), &json!("monday"))
    );
    assert_eq!(seen["visibility"], json!({ "workouts": "followers", "records": "public" }));

    // Another device has changed it meanwhile.
    let tag = ada.get(PROFILE).await.unwrap().headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(change(&mut ada, &[("if-match", &tag)], json!({ "height_cm": 173 })).await.status, 200);
    let late = change(&mut ada, &[("if-match", &tag)], json!({ "height_cm": 174 })).await;
    assert_eq!((late.status, &late.body["code"]), (412, &json!("revision_changed")));
    let key = [("idempotency-key", "once"), ("if-match", "\"4\"")];
    for _ in 0..2 {
        let answer = change(&mut ada, &key, json!({ "display_name": "Ada" })).await;
        assert_eq!((answer.status, &answer.body["revision"]), (200, &json!(5)), "{}", answer.body);
    }

    for (wrong, pointer) in [
        (json!({ "height_cm": 20 }), "/height_cm"),
        (json!({ "birth_year": 2100 }), "/birth_year"),
        (json!({ "birth_year": 1 }), "/birth_year"),
        (json!({ "time_zone": "Europe/Atlantis" }), "/time_zone"),
        (json!({ "equipment": ["spaceship"] }), "/equipment"),
        (json!({ "injuries": [{ "joint": "knee", "since": "2999-01-01" }] }), "/injuries/0/since"),
        (
            json!({ "injuries": [{ "joint": "knee", "since": "2026-01-02", "cleared": "2026-01-01" }] }),
            "/injuries/0/cleared",
        ),
        (json!({ "display_name": "a\nb" }), "/display_name"),
        (json!({ "handle": "ä" }), "/handle"),
        (json!({ "handle": "aDmin" }), "/handle"),
        (json!({ "user_id": me["user_id"] }), "/user_id"),
        (json!({ "revision": 9 }), "/revision"),
    ] {
        let answer = change(&mut ada, &[], wrong.clone()).await;
        assert_eq!((answer.status, &answer.body["code"]), (422, &json!("invalid_body")), "{wrong} {}", answer.body);
        assert_eq!(answer.body["violations"][0]["pointer"], pointer, "{wrong} {}", answer.body);
    }
    assert_eq!(profile(&mut ada).await["revision"], 5);
    fixture.settle(&REAL).await;
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_who_want_a_handle_at_once_one_has_it_and_only_once_it_is_given_up_another() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut racing = JoinSet::new();
    for number in 0..8 {
        let mut client = somebody(&url, &format!("person{number}")).await;
        racing.spawn(async move {
            let spelled = if number % 2 == 0 { "The_Best" } else { "the_best" };
            let answer = change(&mut client, &[], json!({ "handle": spelled })).await;
            (answer.status, answer.body["code"].clone(), client)
        });
    }
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    for (status, code, client) in racing.join_all().await {
        match status {
            200 => won.push(client),
            _ => {
                assert_eq!((status, &code), (409, &json!("handle_taken")));
                lost.push(client);
            }
        }
    }
    let (mut winner, mut other) = (won.pop().unwrap(), lost.pop().unwrap());
    assert!(won.is_empty());
    let mut db = fixture.database("user").await;
    let mut a_day_passes = async || {
        let sql = "UPDATE user_credentials.handle SET claimed_at = claimed_at - interval '2 days'";
        sqlx::query(sql).execute(&mut db).await.unwrap();
    };
    a_day_passes().await;
    // However long ago it was claimed, it is in a profile.
    assert_eq!(change(&mut other, &[], json!({ "handle": "THE_BEST" })).await.status, 409);
    assert_eq!(changed(&mut winner, json!({ "handle": "another" })).await, 3);
    // It is kept free for its former owner for a day.
    assert_eq!(change(&mut other, &[], json!({ "handle": "THE_BEST" })).await.status, 200);
    assert_eq!(change(&mut winner, &[], json!({ "handle": "the_best" })).await.status, 409);
    assert_eq!(profile(&mut other).await["handle"], "THE_BEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_coach_proposes_what_suits_what_somebody_said() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let sets = |kg: f64| json!([{ "reps": 5, "load": { "kg": kg }, "rpe": 7.5 }, { "reps": 5, "load": { "kg": kg }, "rpe": 8 }]);
    for day in [-6_i64, -4, -2, 0] {
        let workout = json!({ "started_at": trained_at(day * 1440), "ended_at": trained_at(day * 1440 + 60), "exercises": [
            { "exercise": "barbell-back-squat", "sets": sets(80.0) },
            { "exercise": "barbell-bench-press", "sets": sets(60.0) },
            { "exercise": "dumbbell-row", "sets": sets(30.0) }] });
        ada.post("/api/v1/workouts", &workout).await.unwrap().success().unwrap();
    }
    fixture.settle(&REAL).await;
    let mut next = async |change: Value| {
        changed(&mut ada, change).await;
        fixture.settle(&REAL).await;
        let next = ada.get("/api/v1/coach/next-session").await.unwrap().success().unwrap();
        let lifts = next["lifts"].as_array().unwrap().clone();
        let names: Vec<String> = lifts.iter().map(|lift| lift["exercise"].as_str().unwrap().to_owned()).collect();
        (names, lifts)
    };
    let has = |names: &[String], exercise: &str| names.iter().any(|name| name == exercise);
    let (all, lifts) = next(json!({ "height_cm": 170 })).await;
    assert!(has(&all, "barbell-back-squat") && has(&all, "barbell-bench-press"), "{all:?}");
    let reps = |lifts: &[Value]| lifts[0]["reps"].as_u64().unwrap();
    // No barbell at hand.
    let (dumbbells, _) = next(json!({ "equipment": ["dumbbell", "bench"] })).await;
    assert!(!dumbbells.iter().any(|name| name.starts_with("barbell")), "{dumbbells:?}");
    // A knee that hurts is spared until it is cleared.
    let hurt = json!([{ "joint": "knee", "since": "2026-01-02" }]);
    let (spared, _) = next(json!({ "equipment": null, "injuries": hurt })).await;
    assert!(!has(&spared, "barbell-back-squat") && has(&spared, "barbell-bench-press"), "{spared:?}");
    let (healed, _) = next(json!({ "injuries": null })).await;
    assert_eq!(healed, all);
    // What the training is for sets the repetitions.
    let (_, endurance) = next(json!({ "goal": "endurance" })).await;
    assert!(reps(&endurance) > reps(&lifts), "{endurance:?} {lifts:?}");
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}
