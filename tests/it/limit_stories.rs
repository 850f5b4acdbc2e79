//! Rate limits of log-ins on two edges: shared through Redis, and each edge's own without it.

use std::time::Duration;

use plyo_client::{Answer, Client};
use plyo_edge::EdgeConfig;
use plyo_servers::Redis;
use serde_json::json;

use crate::{
    edges::Edge,
    people::{credentials, log_in, somebody},
    platform::{Fixture, eventually},
};

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// Logs somebody in, each time at the next of the edges, until that is too often. Gives how often it was not, and how long to wait.
async fn let_in(clients: &mut [Client], name: &str) -> (usize, Duration) {
    let edges = clients.len();
    for attempt in 0..30 {
        let answer = clients[attempt % edges].post("/api/v1/auth/login", &credentials(name)).await.unwrap();
        if answer.status == 429 {
            assert_eq!(answer.body["code"], "too_many_requests");
            let wait: u64 = header(&answer, "retry-after").parse().unwrap();
            assert!((1..=60).contains(&wait) && answer.body["retry_after"] == wait, "{answer:?}");
            // Nothing is left of the mailbox until then, and of the address there is.
            assert!(header(&answer, "ratelimit").contains(&format!("\"email\";r=0;t={wait}")), "{answer:?}");
            return (attempt, Duration::from_secs(wait));
        }
        assert_eq!(answer.status, 200, "{answer:?}");
        let policies = "\"address\";q=60;w=30, \"email\";q=10;w=60";
        assert!(header(&answer, "ratelimit-policy").starts_with(policies), "{answer:?}");
        let left = header(&answer, "ratelimit");
        assert!(left.starts_with("\"address\";r=") && !left.contains("email"), "others may try the mailbox: {left}");
    }
    panic!("30 log-ins of {name} were let in");
}

async fn logs_in(client: &mut Client, name: &str) {
    let answer = client.post("/api/v1/auth/login", &credentials(name)).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_edges_count_log_ins_together_and_each_alone_when_redis_is_gone() {
    let fixture = Fixture::new().await;
    let (_platform, without_limits) = fixture.start_platform().await;
    for name in ["ada", "ben", "cyd"] {
        somebody(&without_limits, name).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut redis = Redis::start(directory.path(), None).unwrap();
    let config = || EdgeConfig { redis_url: Some(redis.url()), ..EdgeConfig::default() };
    let edges = [Edge::start(&fixture, config()).await, Edge::start(&fixture, config()).await];
    let mut clients = edges.each_ref().map(|edge| Client::new(&edge.url).unwrap());

    // Redis counts by the minute of the clock: a new one would begin to count anew.
    eventually("the minute is young", Duration::from_secs(15), async || {
        Ok((jiff::Timestamp::now().as_second() % 60 < 50).then_some(()))
    })
    .await;
    assert_eq!(let_in(&mut clients, "ada").await.0, 10, "neither edge had counted more than 6");
    for client in &mut clients {
        logs_in(client, "ben").await;
    }

    redis.kill();
    for client in &mut clients {
        logs_in(client, "ben").await;
    }
    // One more comes back every 6 s.
    let (alone, wait) = let_in(&mut clients[..1], "cyd").await;
    assert!((10..=14).contains(&alone), "{alone}");
    logs_in(&mut clients[1], "cyd").await;
    // Who comes again when it is said is let in.
    tokio::time::sleep(wait).await;
    logs_in(&mut clients[0], "cyd").await;
    let (mut ben, _) = log_in(&edges[0].url, "ben").await;
    for path in ["/api/v1/auth/me", "/api/v1/workouts", "/ready"] {
        let answer = ben.get(path).await.unwrap();
        assert_eq!(answer.status, 200, "{path}");
        let policy = if path == "/ready" { "" } else { "\"user\";q=500;w=10" };
        assert_eq!(header(&answer, "ratelimit-policy"), policy, "{path}");
        assert_eq!(header(&answer, "ratelimit").starts_with("\"user\";r=49"), path != "/ready", "{answer:?}");
    }
    // What is refused was counted as well.
    let refused = ben.post("/api/v1/workouts", &json!({})).await.unwrap();
    assert_eq!((refused.status, header(&refused, "ratelimit-policy")), (422, "\"user\";q=500;w=10"));
    let unlimited = log_in(&without_limits, "ben").await.0.get("/api/v1/workouts").await.unwrap();
    assert_eq!(header(&unlimited, "ratelimit-policy"), "", "nothing is limited there");
}
