//! An operator sees what happens, and why: `plyo tail` and `plyo why`.

use std::{
    process::Output,
    time::{Duration, Instant},
};

use plyo_events::Event;
use plyo_nats::streams;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    ledger::events,
    people::{somebody, workout},
    platform::{Fixture, REAL},
    replay_stories::{plyo, said},
};

/// The lines of a `plyo` that succeeded.
fn printed(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{}", said(output));
    let lines = String::from_utf8_lossy(&output.stdout);
    // What the test binary says that it runs in is none of it.
    lines.lines().filter(|line| !line.is_empty() && !line.starts_with("running ")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_as_they_went_by_and_a_chain_is_told_from_any_of_its_links() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    somebody(&url, "ben").await.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    let saved = ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    fixture.settle(&REAL).await;
    let command: Uuid = saved["workout_id"].as_str().unwrap().parse().unwrap();
    let history = events(&fixture).await;
    let completed = history.iter().find(|event| event.causation == command).unwrap();
    let of_ada: Vec<String> =
        history.iter().filter(|event| event.subject == completed.subject).map(|event| event.id.to_string()).collect();

    let output = plyo(&fixture, &["tail", "--no-follow", "--last", "1000", "--user", &completed.subject.to_string()]);
    let lines: Vec<Value> = printed(&output).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["id"].as_str().unwrap()).collect::<Vec<_>>(), of_ada);
    let line = lines.iter().find(|line| line["because"] == command.to_string()).unwrap();
    assert_eq!((&line["type"], &line["data"]["workout_id"]), (&json!("workout.completed.v1"), &json!(command)));
    let output = plyo(&fixture, &["tail", "--no-follow", "--last", "1000", "--type", "achievement."]);
    let lines = printed(&output);
    assert!(lines.len() > 1 && lines.iter().all(|line| line.contains("\"achievement.")), "{lines:?}");

    let told = history
        .iter()
        .find(|event| event.correlation == command && matches!(event.body, Event::NotificationCreated(_)))
        .unwrap();
    let from_end = printed(&plyo(&fixture, &["why", &told.id.to_string()]));
    assert_eq!(from_end[0], format!("command {command}"));
    assert!(from_end[1].starts_with(&format!("  workout.completed.v1 {} at ", completed.id)), "{from_end:?}");
    assert!(from_end.iter().any(|line| line.starts_with("    achievement.unlocked.v1 ")), "{from_end:?}");
    let marked: Vec<&String> = from_end.iter().filter(|line| line.ends_with("<- this one")).collect();
    assert!(marked.len() == 1 && marked[0].contains(&told.id.to_string()), "{from_end:?}");
    let from_start = printed(&plyo(&fixture, &["why", &command.to_string()]));
    let unmarked = |lines: &[String]| lines.join("\n").replace("  <- this one", "");
    assert_eq!(unmarked(&from_start), unmarked(&from_end));

    let nobody = plyo(&fixture, &["why", &Uuid::new_v4().to_string()]);
    assert!(!nobody.status.success() && said(&nobody).contains("EVENTS has no event"), "{}", said(&nobody));
}

/// Each lane that was taken leaves one, so a platform that nobody uses yet has nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_ends_in_epoch_markers_is_read_to_its_end() {
    let fixture = Fixture::new().await;
    drop(fixture.start_platform().await);
    assert!(streams::state(&fixture.nats().await, "EVENTS").await.unwrap().last > 0);
    assert_eq!(events(&fixture).await, []);
    let started = Instant::now();
    let _again = fixture.start_platform().await;
    assert!(started.elapsed() < Duration::from_secs(20), "the edge waits for an event");
}
