//! Reminders: set, moved and cancelled, each fires as its last state says, whatever dies on the way.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use plyo_client::{Client, Live};
use plyo_events::{Event, ReminderId, clock::WorkoutReminderDue};
use plyo_nats::raw;
use plyo_servers::free_port;
use serde_json::{Value, json};

use crate::{
    child::{Failpoint, Fate, Role, Server},
    ledger,
    people::{pushed, somebody},
    platform::{Fixture, REAL, eventually},
};

const PATH: &str = "/api/v1/workouts/reminders";

/// What somebody was told last about each reminder: when it comes due, or that it does not.
type Reminders = BTreeMap<String, Option<Timestamp>>;

fn ahead(milliseconds: i64) -> Timestamp {
    let now = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
    now + SignedDuration::from_millis(milliseconds)
}

fn due_at(due: Timestamp) -> Value {
    json!({ "due_at": due.to_string() })
}

/// Starts the workout service again whenever it has ended: each is aborted a passage of `failpoint` later than the one
/// before, up to the third, so that each gets further. Gives how often that was.
async fn keep_aborting(role: &Role, failpoint: &'static str, over: &AtomicBool) -> u32 {
    let start = |deaths: u32| {
        let failpoint = Failpoint { name: failpoint, passage: (deaths + 1).min(3), fate: Fate::Abort };
        Server::start(&Role { failpoint: Some(failpoint), ..role.clone() })
    };
    let mut deaths = 0;
    let mut server = start(deaths);
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if server.has_ended() {
            deaths += 1;
            server = start(deaths);
        }
    }
    deaths
}

/// Sets three reminders, moves one, cancels one. A move or a cancellation that comes too late is refused, and changes
/// nothing.
async fn set_move_cancel(ada: &mut Client) -> Reminders {
    let (moved, first) = set(ada, "moved").await;
    let moved_to = change(ada, "PUT", &moved, Some(ahead(2_500))).await.unwrap_or(Some(first));
    let (cancelled, due) = set(ada, "cancelled").await;
    let cancelled_to = change(ada, "DELETE", &cancelled, None).await.unwrap_or(Some(due));
    let (kept, due) = set(ada, "kept").await;
    Reminders::from([(moved, moved_to), (cancelled, cancelled_to), (kept, Some(due))])
}

async fn set(ada: &mut Client, key: &str) -> (String, Timestamp) {
    let due = ahead(2_000);
    let set = ada.command("POST", PATH, key, Some(&due_at(due))).await.unwrap().success().unwrap();
    (set["reminder_id"].as_str().unwrap().to_owned(), due)
}

/// Moves a reminder or, without a time, cancels it. Gives its new state, `None` when that was too late.
async fn change(ada: &mut Client, method: &str, id: &str, due: Option<Timestamp>) -> Option<Option<Timestamp>> {
    let body = due.map(due_at);
    let answer = ada.command(method, &format!("{PATH}/{id}"), method, body.as_ref()).await.unwrap();
    assert!(matches!(answer.status, 200 | 409), "{answer:?}");
    (answer.status == 200).then_some(due)
}

async fn each_fires_as_its_last_state_says(failpoint: &'static str) {
    let fixture = Fixture::new().await;
    let port = free_port().unwrap();
    let others = ["user", "achievement", "notification", "coach"];
    let _others = Server::start(&Role { edge_port: Some(port), ..fixture.role(&others) });
    let url = format!("http://127.0.0.1:{port}");
    fixture.ready(&url).await;
    let mut ada = somebody(&url, "ada").await;
    let (role, over) = (fixture.role(&["workout"]), AtomicBool::new(false));
    let reminding = async {
        let reminders = set_move_cancel(&mut ada).await;
        let last = reminders.values().copied().flatten().max().unwrap();
        // Also what was cancelled would have come by then: the broker is at most 250 ms late.
        let past = last + SignedDuration::from_millis(500);
        eventually("every due time is past", Duration::from_secs(60), async || {
            Ok((Timestamp::now() > past).then_some(()))
        })
        .await;
        over.store(true, Ordering::Relaxed);
        reminders
    };
    let (reminders, deaths) = tokio::join!(reminding, keep_aborting(&role, failpoint, &over));
    assert!(deaths >= 2, "it was aborted {deaths} times only");
    let _last = Server::start(&role);
    let mut fired = BTreeMap::new();
    let expected: BTreeMap<_, _> = reminders.iter().filter_map(|(id, due)| Some((id.clone(), vec![(*due)?]))).collect();
    eventually("what is due has come", Duration::from_secs(20), async || {
        fixture.settle(&REAL).await;
        fired = firings(&fixture).await;
        Ok((fired.len() >= expected.len()).then_some(()))
    })
    .await;
    assert_eq!(fired, expected, "{failpoint}");
    let events = ledger::events(&fixture).await;
    let told = events.iter().filter(|event| matches!(event.body, Event::NotificationCreated(_))).count();
    assert_eq!(told, expected.len());
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

/// Which reminders fired, and for what time each time.
async fn firings(fixture: &Fixture) -> BTreeMap<String, Vec<Timestamp>> {
    let mut firings: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for event in ledger::events(fixture).await {
        if let Event::ReminderDue(due) = event.body {
            firings.entry(due.reminder_id.to_string()).or_default().push(due.due_at);
        }
    }
    firings
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_dies_before_its_commit_leaves_each_reminder_to_fire_as_it_stands() {
    each_fires_as_its_last_state_says("save").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_dies_after_its_commit_leaves_each_reminder_to_fire_as_it_stands() {
    each_fires_as_its_last_state_says("commit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_dies_setting_a_timer_leaves_each_reminder_to_fire_as_it_stands() {
    each_fires_as_its_last_state_says("publish").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_dies_before_its_acks_leaves_each_reminder_to_fire_as_it_stands() {
    each_fires_as_its_last_state_says("published").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_fires_as_its_last_state_says() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let ahead = |milliseconds| json!({ "due_at": (jiff::Timestamp::now() + jiff::SignedDuration::from_millis(milliseconds)).to_string() });
    let path = "/api/v1/workouts/reminders";
    let set = ada.post(path, &ahead(1_500)).await.unwrap().success().unwrap();
    let cancelled = ada.post(path, &ahead(1_500)).await.unwrap().success().unwrap();
    let cancelled = format!("{path}/{}", cancelled["reminder_id"].as_str().unwrap());
    ada.send("DELETE", &cancelled, &[], None).await.unwrap().success().unwrap();
    let moved = format!("{path}/{}", set["reminder_id"].as_str().unwrap());
    ada.send("PUT", &moved, &[], Some(ahead(2_500).to_string())).await.unwrap().success().unwrap();
    assert_eq!(ada.get(path).await.unwrap().body.as_array().unwrap().len(), 1);
    let due = pushed(&mut live, "reminder.due.v1").await;
    assert_eq!(due.data["reminder_id"], set["reminder_id"]);
    let told = pushed(&mut live, "notification.created.v1").await;
    assert_eq!(told.data["kind"], "workout_reminder");
    fixture.settle(&REAL).await;
    let due =
        ledger::events(&fixture).await.into_iter().filter(|event| event.body.kind().name() == "reminder.due").count();
    assert_eq!(due, 1, "the cancelled one came, or the moved one twice");
    assert_eq!(ada.send("DELETE", &moved, &[], None).await.unwrap().status, 409);
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_that_are_late_come_in_the_order_in_which_they_were_due() {
    let mut fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let mut expected: Vec<_> = [12_000, 8_000, 11_000, 9_000, 10_000].map(ahead).to_vec();
    for due in &expected {
        ada.post(PATH, &due_at(*due)).await.unwrap().success().unwrap();
    }
    expected.sort_unstable();
    assert!(Timestamp::now() < expected[0], "all of them are still to come");
    fixture.nats_server.kill();
    // Late is what comes more than a second after it was due.
    let past = *expected.last().unwrap() + SignedDuration::from_millis(1_500);
    eventually("every due time is past", Duration::from_secs(60), async || Ok((Timestamp::now() > past).then_some(())))
        .await;
    fixture.nats_server.restart().unwrap();
    let due = eventually("all of them have come", Duration::from_secs(60), async || {
        fixture.settle(&REAL).await;
        let events = ledger::events(&fixture).await;
        let due: Vec<_> = events
            .into_iter()
            .filter_map(
                |event| if let Event::ReminderDue(due) = event.body { Some((due.due_at, event.time)) } else { None },
            )
            .collect();
        Ok((due.len() == expected.len()).then_some(due))
    })
    .await;
    assert_eq!(due, expected.iter().map(|due| (*due, *due)).collect::<Vec<_>>());
    let list = ada.get("/api/v1/notifications").await.unwrap().success().unwrap();
    let newest_first: Vec<Timestamp> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["created_at"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(newest_first, expected.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_outside_plyo_may_write_its_schedule_as_the_cloudevents_binding_has_it() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let ada = somebody(&url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let user = ledger::events(&fixture).await[0].user();
    for (name, media_type) in
        [("ce-datacontenttype", "application/msgpack"), ("Content-Type", "Application/MsgPack; v=5")]
    {
        let due_at = ahead(1_000);
        let due = WorkoutReminderDue { reminder_id: ReminderId::mint(), revision: 0, due_at };
        let headers = [
            (name, media_type.to_owned()),
            ("Ce-Time", due_at.to_string()),
            ("ce-subject", format!("\"{user}\"")),
            ("ce-type", "clock%2Eworkout_reminder_due.v1".to_owned()),
            ("Nats-Schedule", format!("@at {due_at}")),
            ("Nats-Schedule-Target", format!("due.workout_reminder_due.{user}")),
            ("Nats-Schedule-TTL", "24h".to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let subject = format!("at.workout_reminder_due.{user}.{}", due.reminder_id);
        let body = Event::from(due.clone()).encode();
        raw::publish_pipelined(&fixture.nats().await, vec![(subject, headers, body)], 1).await.unwrap();
        let pushed = pushed(&mut live, "reminder.due.v1").await;
        assert_eq!(pushed.data["reminder_id"], due.reminder_id.to_string(), "{name}");
    }
    fixture.settle(&REAL).await;
}
