//! What operators do with the official `nats` CLI, as the README says it. Where it is not installed each story says so.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use plyo_client::{Client, Live};
use plyo_nats::{
    Nats, NatsConfig,
    streams::{self, StreamConfig},
};
use plyo_servers::{Access, Durability, NatsServer};
use serde_json::{Value, json};

use crate::{command_line, platform::Fixture, skipped::skip};

/// The CLI that `scripts/setup.sh --tests` builds.
fn cli() -> Option<PathBuf> {
    let cli = root().join(".tools/bin/nats");
    if !cli.exists() {
        skip("the nats CLI is not there; `make test` builds it where Go is");
    }
    cli.exists().then_some(cli)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What the CLI prints as the operator of this server.
fn nats(cli: &Path, server: &NatsServer, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(cli);
    command.args(["--no-context", "--server", &server.url(), "--nkey"]).arg(server.nkeys().join("operator.seed"));
    let output = command.args(arguments).current_dir(root()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// What an operator sees who types this: the CLI turns pages only on a terminal, which `script` is. `plyo` is on PATH.
fn view(cli: &Path, server: &NatsServer, line: &str) -> String {
    let programs = tempfile::tempdir().unwrap();
    command_line::install(programs.path());
    let mut path = OsString::from(programs.path());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let seed = server.nkeys().join("operator.seed");
    let line = format!("'{}' --no-context -s {} --nkey '{}' {line}", cli.display(), server.url(), seed.display());
    // Where there is a page more it would wait for a key.
    let mut command = Command::new("timeout");
    command.args(["60", "script", "--quiet", "--return", "--command", &line, "/dev/null"]);
    command.env("PATH", path).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{line}: {said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_in_nats_streams_are_what_the_cli_makes_streams_of_and_drift_is_named() {
    let Some(cli) = cli() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = NatsServer::start(&Access::committed(), directory.path(), None, Durability::Always).unwrap();
    let wanted = StreamConfig { services: vec!["workout"], replicas: 1 };
    let of_workout =
        fs::read_to_string(root().join("nats/streams/COMMANDS.json")).unwrap().replace("SERVICE", "workout");
    let commands = directory.path().join("COMMANDS_workout.json");
    fs::write(&commands, of_workout).unwrap();
    let files =
        ["SCHEDULE", "EVENTS", "DEAD", "OBJ_exports", "OBJ_avatars"].map(|name| format!("nats/streams/{name}.json"));
    for file in files.map(PathBuf::from).iter().chain([&commands]) {
        nats(&cli, &server, &["stream", "add", "--config", file.to_str().unwrap()]).unwrap();
    }
    let config = NatsConfig {
        url: server.url(),
        name: "operator".into(),
        nkey_seed: plyo_servers::nkeys::seed(&server.nkeys(), "operator").ok(),
    };
    let operator = Nats::connect(&config).await.unwrap();
    streams::check(&operator, &wanted).await.unwrap();
    assert!(streams::apply(&operator, &wanted).await.unwrap().iter().all(|line| line.ends_with("unchanged")));

    nats(&cli, &server, &["stream", "edit", "COMMANDS_workout", "--force", "--dupe-window", "10s"]).unwrap();
    let drift = streams::check(&operator, &wanted).await.unwrap_err().to_string();
    assert!(drift.contains("COMMANDS_workout") && drift.contains("duplicate_window"), "{drift}");
    streams::apply(&operator, &wanted).await.unwrap();
    streams::check(&operator, &wanted).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_outside_plyo_schedules_a_reminder_and_an_operator_sees_it_come_due() {
    let Some(cli) = cli() else { return };
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = Client::new(&url).unwrap();
    let credentials = json!({ "email": "ada@example.org", "password": "long enough" });
    ada.post("/api/v1/auth/register", &credentials).await.unwrap().success().unwrap();
    let tokens = ada.post("/api/v1/auth/login", &credentials).await.unwrap().success().unwrap();
    ada.set_token(tokens["access_token"].as_str().unwrap());
    let mut live = Live::connect(ada.authority(), ada.token().unwrap(), None, &["me"]).await.unwrap();
    let user = tokens["user_id"].as_str().unwrap();
    let [cancelled, moved] = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    let schedule = |key: uuid::Uuid, seconds: u64| {
        let at = jiff::Timestamp::now() + Duration::from_secs(seconds);
        let at = format!("{:.0}", at.round(jiff::Unit::Second).unwrap());
        let subject = format!("at.workout_reminder_due.{user}.{key}");
        let body = json!({ "reminder_id": key, "due_at": at }).to_string();
        let target = format!("due.workout_reminder_due.{user}");
        let time = format!("ce-time:{at}");
        let timing = [
            "--schedule-at",
            &at,
            "--schedule-dest",
            &target,
            "--schedule-ttl",
            "24h",
            "-H",
            "content-type:application/json",
            "-H",
            &time,
        ];
        nats(&cli, &fixture.nats_server, &[&["pub", &subject, &body], &timing[..]].concat()).unwrap();
    };
    schedule(cancelled, 6);
    schedule(moved, 3_600);
    schedule(moved, 6);
    let subject = format!("at.workout_reminder_due.{user}.{cancelled}");
    nats(
        &cli,
        &fixture.nats_server,
        &["pub", "--jetstream", &subject, "", "-H", "Nats-Rollup:sub", "-H", "Nats-TTL:1s"],
    )
    .unwrap();

    let due = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let push = live.next().await.expect("the socket stays");
            if push.kind == "reminder.due.v1" {
                return push;
            }
        }
    });
    assert_eq!(due.await.expect("a reminder comes due").data["reminder_id"], json!(moved));
    let subjects = nats(&cli, &fixture.nats_server, &["stream", "subjects", "EVENTS", "--json"]).unwrap();
    let subjects: Value = serde_json::from_str(&subjects).unwrap();
    let fired = subjects.as_object().unwrap().iter().find(|(subject, _)| subject.contains(".clock.")).unwrap();
    assert!(fired.0.ends_with(&format!(".clock.workout_reminder_due.{user}")), "{}", fired.0);
    assert_eq!(*fired.1, json!(1), "one was cancelled");

    let history = view(&cli, &fixture.nats_server, "stream view EVENTS 25 --translate 'plyo decode'");
    for said in ["\"time_zone\": ".to_owned(), format!("\"reminder_id\":\"{moved}\"")] {
        assert!(history.contains(&said), "{said} is not in {history}");
    }
    let filter = format!("--subject 'evt.*.*.*.{user}'");
    let of_ada = view(&cli, &fixture.nats_server, &format!("stream view EVENTS 25 {filter} --translate 'plyo decode'"));
    assert!(of_ada.contains(&moved.to_string()) && !of_ada.contains("] Subject: mark."), "{of_ada}");
    // In a pipe, from any folder, and to an end.
    let filter = format!("evt.*.*.*.{user}");
    let reading = ["subscribe", &filter, "--stream", "EVENTS", "--all", "--terminate-at-end", "--raw"];
    let programs = tempfile::tempdir().unwrap();
    command_line::install(programs.path());
    let decoding = ["--translate", &format!("'{}' decode", programs.path().join("plyo").display())];
    let piped = nats(&cli, &fixture.nats_server, &[&reading[..], &decoding].concat()).unwrap();
    let read: Vec<Value> = piped.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(read.iter().any(|event| event["reminder_id"] == json!(moved)), "{piped}");
}
