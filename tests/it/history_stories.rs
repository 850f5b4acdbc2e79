//! A history that an earlier Plyo wrote, folded by this one.
//!
//! `histories/58acb18.jsonl` is what the `plyo` of that commit had in `EVENTS` after two people had trained with it: before a set had
//! what its exercise measures, before subjects were checked, before there was a coach. Bodies are MessagePack, in hexadecimal.

use std::collections::BTreeMap;

use plyo_events::{
    Event, EventKind, UserId,
    workout::{ListRecords, ListWorkouts, RecordKind},
};
use plyo_nats::{CommandPublisher, ask, raw};
use serde::Deserialize;

use crate::{
    ledger::{self, log, send},
    platform::{Fixture, REAL},
    replay_stories::plyo,
};

#[derive(Deserialize)]
struct Line {
    subject: String,
    headers: BTreeMap<String, String>,
    body: String,
}

fn history() -> Vec<raw::Raw> {
    let line = |line: &str| {
        let Line { subject, headers, body } = serde_json::from_str(line).unwrap();
        let bytes = body.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let body = bytes.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
        (subject, headers.into_iter().collect(), body)
    };
    include_str!("histories/58acb18.jsonl").lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_before_sets_had_what_exercises_measure_is_folded_and_goes_on() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let history = history();
    let is_known = |(_, headers, _): &&raw::Raw| {
        headers.iter().any(|(name, value)| name == "ce-type" && EventKind::parse(value).is_ok())
    };
    // Records were events of their own, which nobody reads any more: they follow from the workouts.
    let known = history.iter().filter(is_known).count();
    assert!(known > 30 && known < history.len());
    raw::publish_pipelined(&nats, history, 1).await.unwrap();
    for service in REAL.iter() {
        let rebuilt = plyo(&fixture, &["rebuild", service, "--new-history"]);
        assert!(rebuilt.status.success(), "{service}: {}", crate::command_line::said(&rebuilt));
    }
    let (_server, _url) = fixture.start_platform().await;
    fixture.settle(&REAL).await;
    let events = ledger::events(&fixture).await;
    assert_eq!(events.len(), known, "every one is read, and nothing is said of what is long past");
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());

    let people: Vec<UserId> = events
        .iter()
        .filter(|event| event.body.kind() == EventKind::UserRegistered)
        .map(|event| event.user())
        .collect();
    let [ada, ben] = people[..] else { panic!("{people:?}") };
    let records = ask(&nats, &ListRecords { user: ada }).await.unwrap();
    let best = |exercise: &str, kind: RecordKind| {
        let is_it = |record: &&plyo_events::workout::RecordView| {
            record.kind == kind && record.exercise.as_ref().is_some_and(|slug| slug.as_str() == exercise)
        };
        records.iter().find(is_it).map(|record| record.mark.value)
    };
    // What the earlier one took for the heaviest load is help by now, and the less the better.
    assert_eq!(best("assisted-pull-up", RecordKind::LeastAssistance), Some(20_000));
    assert_eq!(best("assisted-pull-up", RecordKind::MaxLoad), None);
    assert_eq!(best("plank", RecordKind::LongestDuration), Some(95));
    assert_eq!(best("barbell-bench-press", RecordKind::MaxLoad), Some(65_000), "650 kg were corrected");
    assert_eq!(best("pull-up", RecordKind::MaxReps), Some(6), "9 were deleted");
    // It is called otherwise today.
    assert_eq!(best("dumbbell-incline-bench-press", RecordKind::MaxLoad), Some(22_680));
    let workouts = ask(&nats, &ListWorkouts { user: ada, cursor: None, limit: 100 }).await.unwrap().items;
    assert_eq!(workouts.len(), 5);

    // And it goes on: what is done today is compared with it.
    let command = log(ben, 5);
    send(&CommandPublisher::new(&nats, "test"), &command).await;
    fixture.settle(&REAL).await;
    let events = ledger::events(&fixture).await;
    let equals = events.iter().find_map(|event| match &event.body {
        Event::WorkoutCompleted(completed) if event.causation == command.id => Some(completed.records.clone()),
        _ => None,
    });
    let records = equals.expect("the workout is logged");
    let kinds: Vec<RecordKind> = records.set.iter().map(|record| record.kind).collect();
    assert_eq!(kinds, [RecordKind::EstimatedOneRepMax], "of one hundred kilograms three were a record, five are more");
    assert!(records.set[0].previous.is_some(), "{records:?}");
    assert_eq!(fixture.verify(&REAL).await, Vec::<String>::new());
}
