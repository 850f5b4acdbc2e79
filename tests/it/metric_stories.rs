//! What `/metrics` shows: that each metric is explained, and that Prometheus' own tool has nothing to say about it.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use plyo_client::Live;

use crate::{
    people::{pushed, somebody, workout},
    platform::Fixture,
    serving::Serving,
    skipped::skip,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every metric that some code counts on, with its labels.
fn counted() -> BTreeSet<(String, String, Vec<String>)> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join("nats/src"), root().join("services"), root().join("edge/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).unwrap();
                for kind in ["counter", "gauge", "histogram"] {
                    found.extend(text.split(&format!("metrics::{kind}!(")).skip(1).map(|call| read(kind, call)));
                }
            }
        }
    }
    found
}

/// What stands between the parentheses: `"name", "label" => value, …`.
fn read(kind: &str, call: &str) -> (String, String, Vec<String>) {
    let call = call.split(['\n', ';']).next().unwrap();
    let mut texts = call.split('"');
    let name = texts.nth(1).unwrap_or_default().to_owned();
    let rest: Vec<&str> = texts.collect();
    let labels = rest.windows(2).filter(|pair| pair[1].starts_with(" =>")).map(|pair| pair[0].to_owned());
    (kind.to_owned(), name, labels.collect())
}

#[test]
fn each_metric_is_in_the_table_and_no_other() {
    let listed: BTreeSet<_> = plyo_nats::metric::METRICS
        .iter()
        .chain(plyo_edge::METRICS)
        .map(|metric| {
            let labels = metric.labels.iter().map(|label| (*label).to_owned()).collect();
            (metric.kind.to_string(), metric.name.to_owned(), labels)
        })
        .collect();
    assert_eq!(counted(), listed, "left what is counted, right what is explained");
}

/// `promtool` of `scripts/setup.sh --tests`, or of the machine.
fn promtool() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(root().join(".tools/bin")).chain(std::env::split_paths(&path));
    let found = folders.map(|folder| folder.join("promtool")).find(|program| program.exists());
    if found.is_none() {
        skip("promtool is not there; `scripts/setup.sh --tests` takes it from Debian");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_has_nothing_to_say_about_what_it_is_shown() {
    let fixture = Fixture::new().await;
    let process = Serving::start(&fixture, "edge,user,workout,achievement,notification", &[], &[]).await;
    let mut ada = somebody(&process.url, "ada").await;
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    ada.post("/api/v1/workouts", &workout(60.0)).await.unwrap().success().unwrap();
    pushed(&mut live, "notification.created.v1").await;
    let shown = process.page("/metrics").await;
    for metric in ["plyo_batch_size", "plyo_outcomes_total", "plyo_push_seconds", "plyo_edge_sockets"] {
        assert!(shown.contains(&format!("# HELP {metric} ")), "{metric}: {shown}");
    }
    let of = |word: &str| shown.lines().filter(|line| line.starts_with(&format!("# {word} "))).count();
    assert_eq!(of("TYPE"), of("HELP"), "{shown}");

    let Some(promtool) = promtool() else { return };
    let mut check = Command::new(promtool);
    check.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut check = check.spawn().unwrap();
    check.stdin.take().unwrap().write_all(shown.as_bytes()).unwrap();
    let output = check.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}
