//! What a container needs of `plyo`: a question about its health, secrets that are whole or not there, and passwords.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use plyo_servers::{free_port, secrets};
use sqlx::Connection;

use crate::{
    command_line::{Up, install, output, plyo, reachable_directory, said},
    platform::{Fixture, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_health_hears_in_a_line_and_a_status_how_it_is() {
    let directory = reachable_directory();
    let health =
        |listen: &str, more: &[&str]| output(directory.path(), &[&["health", "--listen", listen], more].concat(), b"");
    let listen = format!("127.0.0.1:{}", free_port().unwrap());
    let absent = health(&listen, &[]);
    assert!(absent.status.code() == Some(1) && said(&absent).contains("nothing is listening at"), "{}", said(&absent));

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let unheard = health(&silent.local_addr().unwrap().to_string(), &[]);
    assert!(unheard.status.code() == Some(1) && said(&unheard).contains("did not respond"), "{}", said(&unheard));

    let dead_address = format!("127.0.0.1:{}", free_port().unwrap());
    let (nats, postgres) = (format!("nats://{dead_address}"), format!("postgres://plyo@{dead_address}/plyo"));
    let relaxed = ["--durability", "relaxed", "--wait", "60", "--nats-url", &nats, "--postgres-url", &postgres];
    let mut waiting = plyo(directory.path(), &[&["serve", "--listen", &listen], &relaxed[..]].concat());
    let _waiting = Up(waiting.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    eventually("it is alive", Duration::from_secs(20), async || {
        Ok(health(&listen, &["--alive"]).status.success().then_some(()))
    })
    .await;
    let not_ready = health(&listen, &[]);
    assert!(
        not_ready.status.code() == Some(1) && said(&not_ready).contains("plyo: not ready:"),
        "{}",
        said(&not_ready)
    );

    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let ready = health(url.strip_prefix("http://").unwrap(), &[]);
    assert!(ready.status.success() && said(&ready).contains("ready\n"), "{}", said(&ready));
}

#[test]
fn a_first_start_that_is_killed_while_it_writes_leaves_no_half_of_a_secret() {
    let directory = reachable_directory();
    install(directory.path());
    let keys = |limit: &str| {
        let script = format!("{limit} exec ./plyo keys --files --nkeys nkeys");
        Command::new("sh").args(["-c", &script]).current_dir(directory.path()).output().unwrap()
    };
    // The system ends whoever writes to a file beyond a limit of 0.
    let killed = keys("ulimit -f 0;");
    assert!(killed.status.signal().is_some(), "{}", said(&killed));
    assert!(!directory.path().join("nkeys/operator.seed").exists());
    let made = keys("");
    assert!(made.status.success(), "{}", said(&made));
    let public = fs::read_to_string(directory.path().join("nkeys/public.env")).unwrap();
    assert!(public.starts_with("PLYO_NKEY_OPERATOR=U"), "{public}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_asks_for_passwords_lets_in_those_that_were_made() {
    let fixture = Fixture::new().await;
    let nkeys = fixture.nats_server.nkeys();
    let directory = reachable_directory();
    let made = output(directory.path(), &["keys", "--files", "--nkeys", nkeys.to_str().unwrap()], b"");
    assert!(made.status.success(), "{}", said(&made));
    let places = format!("127.0.0.1:{}/plyo", fixture.postgres.port());
    let url = format!("postgres://{{role}}:{{password}}@{places}");
    let servers = ["--nats-url", &fixture.nats_url(), "--postgres-url", &url, "--nkeys", nkeys.to_str().unwrap()];
    let run = |command: &[&str]| output(directory.path(), &[command, &servers[..]].concat(), b"");
    let migrated = run(&["migrate"]);
    assert!(migrated.status.success() && said(&migrated).contains("role plyo_workout: password set"));
    let rules = fixture.postgres.data().join("pg_hba.conf");
    let text = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, text.replace("trust", "scram-sha-256")).unwrap();
    let mut db = fixture.database("public").await;
    sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut db).await.unwrap();
    let without = format!("postgres://plyo_workout@{places}");
    eventually("it asks for passwords", Duration::from_secs(10), async || {
        Ok(sqlx::PgConnection::connect(&without).await.is_err().then_some(()))
    })
    .await;

    let verified = run(&["verify"]);
    assert!(verified.status.success() && said(&verified).contains("workout: every table"), "{}", said(&verified));
    let monitor = fixture.nats_server.monitor_url();
    let listen = format!("127.0.0.1:{}", free_port().unwrap());
    let serve = ["serve", "--only", "workout", "--listen", &listen, "--nats-monitor-url", &monitor];
    let mut serving = plyo(directory.path(), &[&serve[..], &servers[..]].concat());
    let _serving = Up(serving.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    eventually("the service works with its own password", Duration::from_secs(30), async || {
        Ok(output(directory.path(), &["health", "--listen", &listen], b"").status.success().then_some(()))
    })
    .await;

    fs::remove_file(nkeys.join("workout.password")).unwrap();
    let missing = run(&["serve", "--only", "workout", "--wait", "0"]);
    let remedy = "workout.password is not in PLYO_NKEYS";
    assert!(!missing.status.success() && said(&missing).contains(remedy), "{}", said(&missing));
    assert_nothing_leaks(&nkeys, &[&said(&migrated), &said(&verified), &said(&missing)]);

    // How it ends is looked at without a password.
    fs::write(&rules, text).unwrap();
    sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut db).await.unwrap();
    eventually("it asks for none", Duration::from_secs(10), async || {
        Ok(sqlx::PgConnection::connect(&without).await.is_ok().then_some(()))
    })
    .await;
}

/// A secret is never printed.
fn assert_nothing_leaks(nkeys: &Path, texts: &[&str]) {
    for user in [secrets::OPERATOR, secrets::REDIS, "user"] {
        let password = secrets::password(nkeys, user).unwrap();
        assert!(texts.iter().all(|text| !text.contains(&password)), "the password of {user}");
    }
}
