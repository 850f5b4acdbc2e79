//! An operator sees what happens, and why: `plyo tail` and `plyo why`.

use plyo_events::Event;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    ledger::events,
    people::{somebody, workout},
    platform::{Ground, REAL},
    replay_stories::{plyo, said},
};

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_as_they_went_by_and_a_chain_is_told_from_any_of_its_links() {
    let ground = Ground::new().await;
    let (_server, url) = ground.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    somebody(&url, "ben").await.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    let saved = ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    ground.settle(&REAL).await;
    let command: Uuid = saved["workout_id"].as_str().unwrap().parse().unwrap();
    let history = events(&ground).await;
    let completed = history.iter().find(|event| event.causation == command).unwrap();
    let of_ada: Vec<String> =
        history.iter().filter(|event| event.subject == completed.subject).map(|event| event.id.to_string()).collect();

    let output = plyo(&ground, &["tail", "--no-follow", "--last", "1000", "--user", &completed.subject.to_string()]);
    assert!(output.status.success(), "{}", said(&output));
    let lines: Vec<Value> =
        said(&output).lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    assert_eq!(lines.iter().map(|line| line["id"].as_str().unwrap()).collect::<Vec<_>>(), of_ada);
    let line = lines.iter().find(|line| line["because"] == command.to_string()).unwrap();
    assert_eq!((&line["type"], &line["data"]["revision"]), (&"workout.completed.v1".into(), &1.into()));
    let output = plyo(&ground, &["tail", "--no-follow", "--last", "1000", "--type", "achievement."]);
    assert!(said(&output).lines().count() > 1 && said(&output).lines().all(|line| line.contains("achievement.")));

    let told = history
        .iter()
        .find(|event| event.correlation == command && matches!(event.body, Event::NotificationCreated(_)))
        .unwrap();
    let from_end = said(&plyo(&ground, &["why", &told.id.to_string()]));
    let lines: Vec<&str> = from_end.lines().collect();
    assert_eq!(lines[0], format!("command {command}"));
    assert!(lines[1].starts_with(&format!("  workout.completed.v1 {} at ", completed.id)), "{from_end}");
    assert!(lines.iter().any(|line| line.starts_with("    achievement.unlocked.v1 ")), "{from_end}");
    let marked: Vec<&&str> = lines.iter().filter(|line| line.ends_with("<- this one")).collect();
    assert!(marked.len() == 1 && marked[0].contains(&told.id.to_string()), "{from_end}");
    let from_start = said(&plyo(&ground, &["why", &command.to_string()]));
    assert_eq!(from_start.replace("  <- this one", ""), from_end.replace("  <- this one", ""));

    let nobody = plyo(&ground, &["why", &Uuid::new_v4().to_string()]);
    assert!(!nobody.status.success() && said(&nobody).contains("EVENTS has no event"), "{}", said(&nobody));
}
