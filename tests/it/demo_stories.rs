//! `plyo demo`, as a newcomer calls it against a platform that runs.

use std::process::Output;

use serde_json::Value;

use crate::{
    command_line::{output, reachable_directory, said},
    platform::Fixture,
};

async fn demo(url: &str, arguments: &[&str]) -> Output {
    let arguments: Vec<String> = ["demo", "--url", url].iter().chain(arguments).map(|it| (*it).to_owned()).collect();
    let run = move || {
        let directory = reachable_directory();
        output(directory.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>(), b"")
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_weeks_are_logged_and_every_push_comes_once() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let shown = demo(&url, &[]).await;
    assert!(shown.status.success(), "{}", said(&shown));
    let text = said(&shown);
    for told in [
        "workout.completed",
        "records set",
        "achievement.unlocked",
        "streak_4_weeks",
        "records withdrawn",
        "estimated_one_rep_max 437.5 kg",
        "stands again",
        "reminder.due",
        "0 gaps, 0 duplicates",
    ] {
        assert!(text.contains(told), "no {told}: {text}");
    }
    let counted = demo(&url, &["--json"]).await;
    assert!(counted.status.success(), "{}", said(&counted));
    let lines = String::from_utf8(counted.stdout).unwrap();
    let summary = lines.lines().find(|line| line.starts_with('{')).unwrap();
    let summary: Value = serde_json::from_str(summary).unwrap();
    assert_eq!((&summary["gaps"], &summary["duplicates"]), (&0.into(), &0.into()), "{summary}");
    for positive in ["commands", "events", "p50_ms", "p99_ms"] {
        assert!(summary[positive].as_f64().is_some_and(|value| value > 0.0), "{summary}");
    }
    assert!(summary["p50_ms"].as_f64() <= summary["p99_ms"].as_f64(), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_platform_it_says_where_it_looked() {
    let nobody = format!("http://127.0.0.1:{}", plyo_servers::free_port().unwrap());
    let refused = demo(&nobody, &[]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("plyo: "), "{}", said(&refused));
}
