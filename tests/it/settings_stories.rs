//! Lanes and replicas as an operator sets them: what is possible is done, and what is not is refused before anything starts.

use crate::{
    command_line,
    platform::Ground,
    replay_stories::{plyo, said},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_gives_a_service_four_lanes_and_it_keeps_them() {
    let ground = Ground::new().await;
    for (lanes, had) in [("4", "workout: 4 lanes, 1 before"), ("4", "workout: 4 lanes, 4 before")] {
        let moved = plyo(&ground, &["lanes", "workout", lanes]);
        assert!(moved.status.success() && said(&moved).contains(had), "{}", said(&moved));
    }
    for (arguments, reason) in [
        (["lanes", "workout", "3"], "1, 2, 4, 8 or 16 lanes, not 3"),
        (["lanes", "wrokout", "4"], "there are user, workout, achievement, notification"),
    ] {
        let refused = plyo(&ground, &arguments);
        assert!(!refused.status.success() && said(&refused).contains(reason), "{}", said(&refused));
    }
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM lane").fetch_one(&mut ground.database("workout").await).await.unwrap();
    assert_eq!(kept, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_fewer_servers_keep_than_is_set_are_not_served() {
    let ground = Ground::new().await;
    let relaxed = ["--durability", "relaxed"];
    let drifted = plyo(&ground, &[&["serve", "--only", "workout", "--replicas", "3"], &relaxed[..]].concat());
    assert!(!drifted.status.success() && said(&drifted).contains("num_replicas"), "{}", said(&drifted));
    // One server keeps one copy.
    let impossible = plyo(&ground, &["migrate", "--replicas", "3"]);
    assert!(!impossible.status.success() && said(&impossible).contains("replicas"), "{}", said(&impossible));
    let unknown = plyo(&ground, &["migrate", "--replicas", "2"]);
    assert!(!unknown.status.success() && said(&unknown).contains("1, 3 or 5 servers"), "{}", said(&unknown));
    let unchanged = plyo(&ground, &["migrate"]);
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
