//! The real services are aborted at every named failpoint of the loop while workouts are under way: what each workout brings
//! comes once, is pushed once to whom it belongs, in order, and comes to what a reckoning of the posts says.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use plyo_client::Client;
use plyo_servers::free_port;
use serde_json::{Value, json};

use crate::{
    child::{Failpoint, Fate, LANE_FAILPOINTS, Role, Server},
    ledger,
    listeners::Listener,
    people::{somebody, trained_at},
    platform::{Fixture, REAL, eventually},
};

const PEOPLE: usize = 10;
/// Commands of each person: 20, and so 200 of all, are under way when the services start, the others come while they die.
const WORKOUTS: usize = 30;
const WAITING: usize = 20;

/// 300 kg moved, each a minute after the one before.
fn workout(number: usize) -> Value {
    json!({ "started_at": trained_at(number as i64), "exercises": [
        { "exercise": "barbell-bench-press", "sets": [{ "reps": 5, "load": { "kg": 60 } }] }] })
}

/// What 30 such workouts come to: 9 t moved in a day, the first of them sets the records, and each is an occasion for the coach to
/// speak. Three achievements are told: that there are records is not, since they beat none.
fn reckoning() -> BTreeMap<String, usize> {
    let counts = [
        ("workout.completed.v1", WORKOUTS),
        ("workouts_1", 1),
        ("workouts_10", 1),
        ("records_1", 1),
        ("tonnage_1_t", 1),
        ("recommendation.ready.v1", WORKOUTS),
        ("notification.created.v1", 3 + WORKOUTS),
    ];
    counts.into_iter().map(|(what, count)| (what.to_owned(), count)).collect()
}

async fn post(client: &mut Client, numbers: std::ops::Range<usize>, prefer: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for number in numbers {
        let (key, body) = (format!("workout-{number}"), workout(number).to_string());
        let headers = [("idempotency-key", key.as_str()), ("prefer", prefer)];
        let answer = client.send("POST", "/api/v1/workouts", &headers, Some(body)).await.unwrap();
        assert!(matches!(answer.status, 201 | 202), "{answer:?}");
        let id = if answer.status == 201 { &answer.body["workout_id"] } else { &answer.body["command_id"] };
        ids.push(id.as_str().unwrap().to_owned());
    }
    ids
}

/// Runs the services until they are aborted, and again until nothing is left to do.
async fn die_and_go_on(fixture: &Fixture, failpoint: &'static str) -> Server {
    let mut role = fixture.role(&["workout", "achievement", "notification", "coach"]);
    // Only an owner that finds work in the outbox looks at the tail: another one dies before it leaves some.
    let deaths: &[_] = if failpoint == "tail" { &[("commit", 1), ("tail", 1)] } else { &[(failpoint, 2)] };
    for (name, passage) in deaths {
        role.failpoint = Some(Failpoint { name, passage: *passage, fate: Fate::Abort });
        let mut doomed = Server::start(&role);
        eventually("the services are aborted", Duration::from_secs(30), async || Ok(doomed.has_ended().then_some(())))
            .await;
    }
    role.failpoint = None;
    Server::start(&role)
}

async fn everything_comes_once_after(failpoint: &'static str) {
    let fixture = Fixture::new().await;
    let port = free_port().unwrap();
    let _edge = Server::start(&Role { edge_port: Some(port), ..fixture.role(&["user"]) });
    let url = format!("http://127.0.0.1:{port}");
    fixture.ready(&url).await;
    let mut clients = Vec::new();
    for number in 0..PEOPLE {
        clients.push(somebody(&url, &format!("person-{number}")).await);
    }
    // Their log-ins were told before they listen.
    fixture.settle(&["user"]).await;
    let mut people = Vec::new();
    for client in clients {
        let listener = Listener::start(&client).await;
        people.push((client, listener));
    }
    let before = ledger::events(&fixture).await.len();
    let posting = people.iter_mut().map(async |(client, _)| {
        let mut ids = post(client, 0..WAITING, "respond-async").await;
        ids.extend(post(client, WAITING..WORKOUTS, "wait=1").await);
        ids
    });
    let (posted, _services) = tokio::join!(futures_util::future::join_all(posting), die_and_go_on(&fixture, failpoint));
    fixture.settle(&REAL).await;
    let stored = ledger::events(&fixture).await.split_off(before);
    for ((mut client, listener), posted) in people.into_iter().zip(posted) {
        let me = client.get("/api/v1/auth/me").await.unwrap().body["user_id"].as_str().unwrap().to_owned();
        let own: Vec<_> = stored.iter().filter(|event| event.user().to_string() == me).collect();
        let heard = listener.heard(own.len()).await;
        assert_eq!(heard.ids(), own.iter().map(|event| event.id.to_string()).collect::<Vec<_>>(), "{failpoint}");
        assert_eq!((heard.gaps, &heard.resets, heard.connections), (0, &Vec::new(), 1), "{failpoint}");
        let completed = heard.pushes.iter().filter(|push| push.kind == "workout.completed.v1");
        assert_eq!(completed.map(|push| push.command.clone()).collect::<Vec<_>>(), posted, "{failpoint}");
        let (followed, heard): (Vec<_>, Vec<_>) =
            heard.pushes.iter().partition(|push| push.kind == "recommendation.followed.v1");
        let distinct: BTreeSet<_> = followed.iter().map(|push| push.data["recommendation_id"].as_str()).collect();
        assert_eq!(distinct.len(), followed.len(), "{failpoint}: a recommendation is followed once");
        let mut counted = BTreeMap::new();
        for push in heard {
            let what =
                if push.kind == "achievement.unlocked.v1" { push.data["code"].as_str().unwrap() } else { &push.kind };
            *counted.entry(what.to_owned()).or_insert(0_usize) += 1;
        }
        assert_eq!(counted, reckoning(), "{failpoint}");
        let counts = client.get("/api/v1/notifications/counts").await.unwrap().body;
        assert_eq!(counts, json!({ "total": 3 + WORKOUTS, "unread": 3 + WORKOUTS }), "{failpoint}");
    }
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new(), "{failpoint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_taking_the_lane_costs_nobody_a_push() {
    for failpoint in &LANE_FAILPOINTS[..3] {
        everything_comes_once_after(failpoint).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_in_the_middle_of_a_batch_costs_nobody_a_push() {
    for failpoint in &LANE_FAILPOINTS[3..8] {
        everything_comes_once_after(failpoint).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_between_commit_and_ack_costs_nobody_a_push() {
    for failpoint in &LANE_FAILPOINTS[8..] {
        everything_comes_once_after(failpoint).await;
    }
}
