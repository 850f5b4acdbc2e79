//! Lanes and replicas as an operator sets them: what is possible is done, and what is not is refused before anything starts.

use std::time::Duration;

use plyo_servers::free_port;

use crate::{
    command_line,
    platform::{Fixture, eventually},
    replay_stories::{plyo, said},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_gives_a_service_four_lanes_and_it_keeps_them() {
    let fixture = Fixture::new().await;
    for (lanes, had) in [("4", "workout: 4 lanes, 1 before"), ("4", "workout: 4 lanes, 4 before")] {
        let moved = plyo(&fixture, &["lanes", "workout", lanes]);
        assert!(moved.status.success() && said(&moved).contains(had), "{}", said(&moved));
    }
    for (arguments, reason) in [
        (["lanes", "workout", "3"], "1, 2, 4, 8 or 16 lanes, not 3"),
        (["lanes", "wrokout", "4"], "the services are user, workout, achievement, coach, notification"),
    ] {
        let refused = plyo(&fixture, &arguments);
        assert!(!refused.status.success() && said(&refused).contains(reason), "{}", said(&refused));
    }
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM lane")
        .fetch_one(&mut fixture.database("workout").await)
        .await
        .unwrap();
    assert_eq!(kept, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_fewer_servers_keep_than_is_set_are_not_served() {
    let fixture = Fixture::new().await;
    let relaxed = ["--durability", "relaxed"];
    let drifted =
        plyo(&fixture, &[&["serve", "--only", "workout", "--wait", "0", "--replicas", "3"], &relaxed[..]].concat());
    assert!(!drifted.status.success() && said(&drifted).contains("num_replicas"), "{}", said(&drifted));
    // One server keeps one copy.
    let impossible = plyo(&fixture, &["migrate", "--replicas", "3"]);
    assert!(!impossible.status.success() && said(&impossible).contains("replicas"), "{}", said(&impossible));
    let unknown = plyo(&fixture, &["migrate", "--replicas", "2"]);
    assert!(!unknown.status.success() && said(&unknown).contains("1, 3 or 5 replicas"), "{}", said(&unknown));
    let unchanged = plyo(&fixture, &["migrate"]);
    assert!(
        unchanged.status.success() && said(&unchanged).contains("stream EVENTS: unchanged"),
        "{}",
        said(&unchanged)
    );

    let directory = command_line::reachable_directory();
    let up = command_line::output(directory.path(), &["up", "--replicas", "3"], b"");
    assert!(!up.status.success() && said(&up).contains("one nats-server"), "{}", said(&up));
    assert!(!directory.path().join(".plyo").exists(), "nothing was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_may_lose_what_it_committed_is_not_served_from() {
    let fixture = Fixture::new().await;
    let mut db = fixture.database("public").await;
    let monitor = fixture.nats_server.monitor_url();
    let serve = || plyo(&fixture, &["serve", "--only", "workout", "--nats-monitor-url", &monitor]);
    let of_server = ["fsync", "full_page_writes"];
    for setting in of_server {
        let change = format!("ALTER SYSTEM SET {setting} = off");
        sqlx::raw_sql(sqlx::AssertSqlSafe(change)).execute(&mut db).await.unwrap();
        sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut db).await.unwrap();
        eventually("it is off", Duration::from_secs(10), async || {
            let query = "SELECT setting FROM pg_settings WHERE name = $1";
            let now: String = sqlx::query_scalar(query).bind(setting).fetch_one(&mut db).await?;
            Ok((now == "off").then_some(()))
        })
        .await;
        let refused = serve();
        let remedy = format!("set {setting}=on");
        assert!(!refused.status.success() && said(&refused).contains(&remedy), "{}", said(&refused));
        let back = format!("ALTER SYSTEM RESET {setting}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(back)).execute(&mut db).await.unwrap();
        sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut db).await.unwrap();
    }
    sqlx::raw_sql("ALTER DATABASE plyo SET synchronous_commit = off").execute(&mut db).await.unwrap();
    let refused = serve();
    assert!(!refused.status.success() && said(&refused).contains("synchronous_commit=on"), "{}", said(&refused));
}

#[test]
fn what_a_server_is_signed_in_to_with_is_never_printed() {
    let directory = command_line::reachable_directory();
    let nowhere = format!("127.0.0.1:{}", free_port().unwrap());
    let (nats, postgres) =
        (format!("nats://plyo:n4Vq-8xw@{nowhere}"), format!("postgres://plyo:n4Vq-8xw@{nowhere}/plyo"));
    let monitor = format!("http://plyo:n4Vq-8xw@{nowhere}");
    let nkeys = directory.path().join("nkeys");
    assert!(
        command_line::output(directory.path(), &["keys", "--nkeys", nkeys.to_str().unwrap()], b"").status.success()
    );
    let servers = ["--nats-url", &nats, "--postgres-url", &postgres, "--nats-monitor-url", &monitor, "--nkeys"];
    let servers = [&servers[..], &[nkeys.to_str().unwrap()]].concat();
    for command in [
        &["dead", "list"][..],
        &["serve", "--wait", "0"],
        &["serve", "--wait", "0", "--durability", "relaxed"],
        &["verify"],
    ] {
        let failed = command_line::output(directory.path(), &[command, &servers[..]].concat(), b"");
        assert!(!failed.status.success() && said(&failed).contains(&nowhere), "{}", said(&failed));
        assert!(!said(&failed).contains("n4Vq"), "{}", said(&failed));
    }
}
