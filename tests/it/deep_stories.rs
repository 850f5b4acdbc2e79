//! `plyo verify --deep`: a sound history is said to be sound, and each kind of damage is named. The damage is done as an
//! operator could do it, through the broker's API, or as a disk does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use plyo_events::{Event, EventId, UserId};
use plyo_nats::{CommandPublisher, Nats, Stored, Tail, raw, streams};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    ledger::{events, log, send},
    people::{somebody, workout},
    platform::{Fixture, REAL, eventually},
    replay_stories::{plyo, said},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];
const WHOLE: &str = "no gaps or duplicates; every id, cause, partition and position is correct";

fn deep(fixture: &Fixture) -> Output {
    plyo(fixture, &["verify", "--deep"])
}

fn assert_whole(fixture: &Fixture) {
    let output = deep(fixture);
    assert!(output.status.success() && said(&output).contains(WHOLE), "{}", said(&output));
}

/// That these things, and nothing else, are said to be wrong.
fn assert_wrong(fixture: &Fixture, named: &[&str]) {
    let output = deep(fixture);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains(WHOLE), "{said}");
    for words in named {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
    assert!(said.contains(&format!("plyo: problems found: {};", named.len())), "{said}");
}

/// A sound history of ten workouts of one person, whose services have stopped: ten events, and an achievement for each fifth.
async fn history(fixture: &Fixture) -> (UserId, Vec<Stored>) {
    let server = fixture.start(&BOTH);
    let nats = fixture.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let user = UserId::mint();
    for _ in 0..10 {
        send(&publisher, &log(user, 5)).await;
    }
    fixture.settle(&BOTH).await;
    drop(server);
    assert_whole(fixture);
    let mut tail = Tail::open(&nats, u64::MAX).await.unwrap();
    let mut stored = Vec::new();
    while tail.behind() > 0 {
        stored.extend(tail.next().await.unwrap());
    }
    assert_eq!(stored.len(), 12);
    (user, stored)
}

/// Publishes an event of the workout service that no service said.
async fn forge(nats: &Nats, subject: &str, id: Uuid, cause: Option<Uuid>) {
    let mut headers = vec![
        ("ce-id".to_owned(), id.to_string()),
        ("ce-type".to_owned(), "workout.completed.v1".to_owned()),
        ("ce-time".to_owned(), "2026-11-25T10:00:00Z".to_owned()),
    ];
    headers.extend(cause.map(|cause| ("ce-causationid".to_owned(), cause.to_string())));
    raw::publish_pipelined(nats, vec![(subject.to_owned(), headers, vec![])], 1).await.unwrap();
}

/// The id that the workout service gives to what it says to a cause, by its number.
fn derived(cause: Uuid, number: u32) -> Uuid {
    EventId::derive(cause, &format!("workout/{number}")).uuid()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_every_service_is_whole_beside_the_services_that_run() {
    let fixture = Fixture::with_lanes(4).await;
    let (_server, url) = fixture.start_platform().await;
    for name in ["ada", "ben", "cem"] {
        let mut person = somebody(&url, name).await;
        let logged = person.post("/api/v1/workouts", &workout(100.0)).await.unwrap().success().unwrap();
        let place = format!("/api/v1/workouts/{}", logged["workout_id"].as_str().unwrap());
        person.command("PUT", &place, "correct", Some(&workout(80.0))).await.unwrap().success().unwrap();
        // What changes nothing is done without an event.
        person.command("PUT", &place, "again", Some(&workout(80.0))).await.unwrap().success().unwrap();
        let due_at = jiff::Timestamp::now() + Duration::from_millis(500);
        person.post("/api/v1/workouts/reminders", &json!({ "due_at": due_at })).await.unwrap().success().unwrap();
    }
    eventually("the reminders came due", Duration::from_secs(20), async || {
        let due = events(&fixture).await.iter().filter(|event| matches!(event.body, Event::ReminderDue(_))).count();
        Ok((due == 3).then_some(()))
    })
    .await;
    assert_whole(&fixture);
    fixture.settle(&REAL).await;
    let last = streams::state(&fixture.nats().await, "EVENTS").await.unwrap().last;
    let some = plyo(&fixture, &["verify", "--deep", "--since", &(last - 4).to_string()]);
    assert!(some.status.success() && said(&some).contains("5 messages"), "{}", said(&some));
    let none = plyo(&fixture, &["verify", "--deep", "--since", "2200-01-01T00:00:00Z"]);
    assert!(none.status.success() && said(&none).contains("0 messages"), "{}", said(&none));
    let beyond = plyo(&fixture, &["verify", "--deep", "--since", &(last + 100).to_string()]);
    assert!(!beyond.status.success() && said(&beyond).contains("EVENTS ends at"), "{}", said(&beyond));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_partition_that_is_expected_is_the_one_that_the_server_gives() {
    let fixture = Fixture::new().await;
    let about = (0..200).map(|number| match number % 2 {
        0 => Uuid::new_v4().to_string(),
        _ => format!("group-{}", Uuid::new_v4()),
    });
    let fired = about.map(|about| (format!("evt.clock.workout_reminder_due.{about}"), vec![], vec![]));
    raw::publish_pipelined(&fixture.nats().await, fired.collect(), 100).await.unwrap();
    assert_whole(&fixture);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_deleted_is_named_with_what_was_asked_for_and_what_followed() {
    let fixture = Fixture::new().await;
    let (_, stored) = history(&fixture).await;
    let fifth = stored.iter().filter(|stored| stored.type_name == "workout.completed.v1").nth(4).unwrap();
    let deletion = json!({ "seq": fifth.sequence });
    raw::api(&fixture.nats().await, "STREAM.MSG.DELETE.EVENTS", &deletion).await.unwrap();
    let (lost, command) = (fifth.message.id, fifth.message.causation);
    assert_wrong(
        &fixture,
        &[
            &format!("message {} is missing", fifth.sequence),
            &format!("its cause {lost} is neither an earlier event nor a handled command"),
            &format!("command {command}: workout recorded it as done with events, but EVENTS has none"),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_stands_twice_is_named_with_both_places() {
    let fixture = Fixture::new().await;
    let (user, stored) = history(&fixture).await;
    let Stored { sequence, message, .. } = &stored[0];
    let nats = fixture.nats().await;
    forge(&nats, &format!("evt.workout.completed.{user}"), message.id, Some(message.causation)).await;
    let last = streams::state(&nats, "EVENTS").await.unwrap().last;
    assert_wrong(&fixture, &[&format!("event {} is stored twice, at {sequence} and {last}", message.id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_cause_or_before_it_or_with_an_id_of_its_own_is_named() {
    let fixture = Fixture::new().await;
    let (user, stored) = history(&fixture).await;
    let nats = fixture.nats().await;
    let subject = format!("evt.workout.completed.{user}");
    let (command, nobody, causeless, stranger) =
        (stored[0].message.causation, Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    forge(&nats, &subject, derived(nobody, 0), Some(nobody)).await;
    forge(&nats, &subject, causeless, None).await;
    forge(&nats, &subject, stranger, Some(command)).await;
    let second = derived(command, 1);
    forge(&nats, &subject, derived(second, 0), Some(second)).await;
    forge(&nats, &subject, second, Some(command)).await;
    forge(&nats, &subject, derived(command, 3), Some(command)).await;
    assert_wrong(
        &fixture,
        &[
            &format!("its cause {nobody} is neither an earlier event nor a handled command"),
            &format!("event {causeless} at"),
            &format!("event {stranger} at"),
            &format!("is before its cause {second}"),
            &format!("is number 4 of workout from {command}, but number 3 is not before it"),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_partitions_only_one_is_right() {
    let fixture = Fixture::new().await;
    let (user, stored) = history(&fixture).await;
    let nats = fixture.nats().await;
    // The stream puts the partition in; one that takes what has a partition already leaves it as it is.
    let mut config = raw::api(&nats, "STREAM.INFO.EVENTS", &Value::Null).await.unwrap().unwrap()["config"].take();
    config["subjects"] = json!(["evt.*.*.*", "evt.*.*.*.*", "mark.*.*"]);
    raw::api(&nats, "STREAM.UPDATE.EVENTS", &config).await.unwrap();
    let command = stored[0].message.causation;
    for partition in 0..16 {
        let id = derived(command, partition + 1);
        forge(&nats, &format!("evt.{partition}.workout.completed.{user}"), id, Some(command)).await;
    }
    assert_wrong(&fixture, &[&format!("but {user} belongs to"); 15].map(String::as_str));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_said_to_be_done_without_its_event_and_a_lane_beyond_the_end_are_named() {
    let fixture = Fixture::new().await;
    history(&fixture).await;
    let mut db = fixture.database("workout").await;
    let command = Uuid::new_v4();
    let outcome = json!({ "status": "done", "result": { "workout_id": command, "revision": 1 } });
    sqlx::query(
        "INSERT INTO handled (command_id, user_id, fingerprint, outcome, handled_at) VALUES ($1, $1, '', $2, now())",
    )
    .bind(command)
    .bind(outcome.to_string().into_bytes())
    .execute(&mut db)
    .await
    .unwrap();
    sqlx::query("UPDATE lane SET applied = applied + 1000").execute(&mut db).await.unwrap();
    assert_wrong(
        &fixture,
        &[&format!("command {command}: workout recorded it as done"), "lane 0 of workout has applied 10"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_a_disk_has_changed_is_named() {
    let mut fixture = Fixture::new().await;
    let (_, stored) = history(&fixture).await;
    let Stored { sequence, message, .. } = &stored[3];
    let id = message.id.to_string();
    damage(&mut fixture, |block| block.windows(id.len()).position(|bytes| bytes == id.as_bytes()).unwrap());
    assert_wrong(
        &fixture,
        &[
            &format!("message {sequence} is missing"),
            "can be read: its store is damaged",
            &format!("command {}: workout recorded it as done", message.causation),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_message_that_never_comes_is_not_waited_for() {
    let mut fixture = Fixture::new().await;
    let (_, stored) = history(&fixture).await;
    // A checksum of eight bytes ends it.
    damage(&mut fixture, |block| block.len() - 9);
    let damaged = deep(&fixture);
    assert_eq!(damaged.status.code(), Some(1), "{}", said(&damaged));
    let lost = format!("message {} is missing", stored.last().unwrap().sequence);
    assert!(said(&damaged).contains(&lost), "{}", said(&damaged));
}

/// Changes a byte of the first file of messages while nats-server does not run.
fn damage(fixture: &mut Fixture, place: impl FnOnce(&[u8]) -> usize) {
    fixture.nats_server.stop();
    let file = block_of_events(&fixture.nats_server.nkeys().with_file_name("jetstream"));
    let mut block = fs::read(&file).unwrap();
    let place = place(&block);
    block[place] ^= 0x01;
    fs::write(&file, block).unwrap();
    fixture.nats_server.restart().unwrap();
}

/// The first file of messages of `EVENTS`.
fn block_of_events(directory: &Path) -> PathBuf {
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        let block = directory.join("EVENTS/msgs/1.blk");
        if block.exists() {
            return block;
        }
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        directories.extend(entries.filter(|path| path.is_dir()));
    }
    panic!("EVENTS has no block");
}
