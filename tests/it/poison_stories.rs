//! Messages that can never be processed: each is kept with its reason, and everything around it goes on.

use std::time::Duration;

use plyo_events::{CommandId, Event, Outcome, UserId};
use plyo_nats::{CommandPublisher, Outcomes, dead, ping, raw, streams};

use crate::{
    child::{Role, Server},
    ledger::{Ledger, events, log, send},
    platform::{Fixture, eventually},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];

/// 255 good commands and one that fails, waiting together when the service starts. Gives the dead letter.
async fn one_among_many(reps: u32) -> dead::DeadLetter {
    let fixture = Fixture::new().await;
    let (letter, wrong) = one_among_many_on(&fixture, reps, &[]).await;
    assert_eq!(wrong, Vec::<String>::new());
    letter
}

/// The same with planted bugs; gives also what is wrong after that.
async fn one_among_many_on(fixture: &Fixture, reps: u32, bugs: &[&'static str]) -> (dead::DeadLetter, Vec<String>) {
    fixture.ends_with_dead_letters();
    let nats = fixture.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let outcomes = Outcomes::subscribe(&nats, "test").await.unwrap();
    let mut ledger = Ledger::default();
    // Of ten people, so that what one message leaves in memory shows in another.
    let people: Vec<UserId> = (0..10).map(|_| UserId::mint()).collect();
    let good: Vec<_> = (0..255).map(|n| log(people[n % 10], 5)).collect();
    let bad = log(UserId::mint(), reps);
    let expected = outcomes.awaited(CommandId::new(bad.id));
    let all = good[..128].iter().chain([&bad]).chain(&good[128..]);
    for command in all {
        send(&publisher, command).await;
    }
    good.iter().for_each(|command| ledger.add(command.user(), vec![command.id]));
    let _server = Server::start(&Role { bugs: bugs.to_vec(), ..fixture.role(&BOTH) });
    fixture.settle(&BOTH).await;
    assert!(matches!(expected.outcome(Duration::from_secs(5)).await, Some(Outcome::Dead { .. })));
    let wrong = ledger.check(fixture, &BOTH).await;
    let letters = dead::list(&nats).await.unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
    (letters.into_iter().next().unwrap(), wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_that_is_kept_over_a_batch_that_was_rolled_back_is_found() {
    let fixture = Fixture::new().await;
    let (_, wrong) = one_among_many_on(&fixture, 777, &["bug-memory-kept"]).await;
    assert!(!wrong.is_empty(), "kept memory was not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_one_message_leaves_the_other_255_alone() {
    let letter = one_among_many(666).await;
    assert!(letter.reason.contains("a planted panic") && letter.attempts == 3, "{letter:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_constraint_of_one_message_leaves_the_other_255_alone() {
    let letter = one_among_many(777).await;
    assert!(letter.reason.contains("violates check constraint"), "{letter:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_nobody_can_read_are_a_dead_letter_that_can_be_shown_and_dropped() {
    let fixture = Fixture::new().await;
    fixture.ends_with_dead_letters();
    let nats = fixture.nats().await;
    let _server = fixture.start(&BOTH);
    let user = UserId::mint();
    let header = |name: &str, value: String| (name.to_owned(), value);
    let headers = vec![
        header("ce-id", CommandId::mint().to_string()),
        header("ce-type", "workout.log.v1".to_owned()),
        header("ce-time", "2026-11-24T00:00:00Z".to_owned()),
    ];
    let garbage = (format!("cmd.workout.log.{user}"), headers, b"\xc1garbage".to_vec());
    let no_envelope = (format!("cmd.workout.log.{user}"), vec![], b"x".to_vec());
    raw::publish_pipelined(&nats, vec![garbage, no_envelope], 2).await.unwrap();
    let publisher = CommandPublisher::new(&nats, "test");
    let command = log(user, 5);
    send(&publisher, &command).await;
    fixture.settle(&BOTH).await;
    let mut ledger = Ledger::default();
    ledger.add(user, vec![command.id]);
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
    let letters = dead::list(&nats).await.unwrap();
    assert_eq!(letters.len(), 2, "{letters:?}");
    let letter = dead::show(&nats, letters[0].sequence).await.unwrap();
    assert_eq!((letter.body.as_slice(), letter.message_type.as_deref()), (&b"\xc1garbage"[..], Some("workout.log.v1")));
    dead::drop_letter(&nats, letter.sequence).await.unwrap();
    assert_eq!(dead::list(&nats).await.unwrap().len(), 1);
    let missing = dead::show(&nats, 999).await.unwrap_err().to_string();
    assert!(missing.contains("plyo dead list"), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_header_says_that_it_is_about_somebody_else_changes_nothing() {
    let fixture = Fixture::new().await;
    fixture.ends_with_dead_letters();
    let nats = fixture.nats().await;
    let _server = fixture.start(&BOTH);
    let (ada, ben) = (UserId::mint(), UserId::mint());
    let about = |subject: &str, type_name: &str, said: Option<UserId>, body: Vec<u8>| {
        let mut headers = vec![
            ("ce-id".to_owned(), CommandId::mint().to_string()),
            ("ce-type".to_owned(), type_name.to_owned()),
            ("ce-time".to_owned(), "2026-11-24T00:00:00Z".to_owned()),
        ];
        headers.extend(said.map(|said| ("ce-subject".to_owned(), said.to_string())));
        (format!("{subject}.{ada}"), headers, body)
    };
    let body = || log(ada, 5).body.encode();
    let sent = vec![
        about("cmd.workout.log", "workout.log.v1", Some(ben), body()),
        about("cmd.workout.delete", "workout.log.v1", None, body()),
        about("cmd.workout.log", "workout.log.v1", Some(ada), body()),
    ];
    raw::publish_pipelined(&nats, sent, 3).await.unwrap();
    fixture.settle(&BOTH).await;
    let letters = dead::list(&nats).await.unwrap();
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_str()).collect();
    let [another_person, another_type] = reasons[..] else { panic!("{letters:?}") };
    assert!(another_person.contains("ce-subject") && another_type.contains("`workout.log`"), "{reasons:?}");
    let logged = events(&fixture).await.into_iter().filter(|event| matches!(event.body, Event::WorkoutCompleted(_)));
    assert_eq!(logged.map(|event| event.user()).collect::<Vec<_>>(), [ada]);

    let of_ada = serde_json::json!({ "filter": format!("dead.*.{ada}") });
    let purged = raw::api(&nats, "STREAM.PURGE.DEAD", &of_ada).await.unwrap().unwrap();
    assert_eq!(purged["purged"], 2, "both are found by whom they are about");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_command_is_given_to_its_service_again() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let command = log(UserId::mint(), 666);
    let before_mending = fixture.start(&["tally:workout"]);
    send(&publisher, &command).await;
    let sequence = eventually("a dead letter", Duration::from_secs(10), async || {
        Ok(dead::list(&nats).await?.first().map(|letter| letter.sequence))
    })
    .await;
    drop(before_mending);
    // The same service with its code mended.
    let _mended = fixture.start(&["tally:workout:mended", "tally:achievement"]);
    dead::replay(&nats, sequence).await.unwrap();
    fixture.settle(&BOTH).await;
    let mut ledger = Ledger::default();
    ledger.add(command.user(), vec![command.id]);
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
    assert!(dead::list(&nats).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_stops_the_lanes_that_read_it_and_no_other_and_says_why() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let _server = fixture.start(&BOTH);
    fixture.settle(&BOTH).await;
    let user = UserId::mint();
    let newer = (
        format!("evt.workout.completed.{user}"),
        vec![("ce-type".to_owned(), "workout.completed.v9".to_owned())],
        vec![],
    );
    raw::publish_pipelined(&nats, vec![newer], 1).await.unwrap();
    let reason = eventually("the lane says why it stopped", Duration::from_secs(20), async || {
        let stats = ping(&nats, "achievement", Duration::from_millis(300)).await;
        let lane = stats.first().map(|stats| stats["endpoints"][0]["data"].clone()).unwrap_or_default();
        Ok(lane["reason"].as_str().filter(|_| lane["lane"] == "failed").map(str::to_owned))
    })
    .await;
    assert!(reason.contains("workout.completed") && reason.contains("version 9"), "{reason}");
    // The other lane goes on.
    let publisher = CommandPublisher::new(&nats, "test");
    let before = streams::state(&nats, "EVENTS").await.unwrap().last;
    send(&publisher, &log(user, 5)).await;
    eventually("the workout lane goes on", Duration::from_secs(10), async || {
        Ok((streams::state(&nats, "EVENTS").await?.last > before).then_some(()))
    })
    .await;
}
