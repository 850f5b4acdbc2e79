//! Rate limits of log-ins on two edges: shared through Redis, and each edge's own without it.

use std::time::Duration;

use plyo_client::Client;
use plyo_edge::EdgeConfig;
use plyo_servers::Redis;

use crate::{
    edges::Edge,
    people::{credentials, log_in, somebody},
    platform::{Fixture, eventually},
};

/// Logs somebody in, each time at the next of the edges, until that is too often. Gives how often it was not.
async fn let_in(clients: &mut [Client], name: &str) -> usize {
    let edges = clients.len();
    for attempt in 0..30 {
        let answer = clients[attempt % edges].post("/api/v1/auth/login", &credentials(name)).await.unwrap();
        if answer.status == 429 {
            assert_eq!(answer.body["code"], "too_many_requests");
            let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(wait > 0, "it says when to come again");
            return attempt;
        }
        assert_eq!(answer.status, 200, "{answer:?}");
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
    assert_eq!(let_in(&mut clients, "ada").await, 10, "neither edge had counted more than 6");
    for client in &mut clients {
        logs_in(client, "ben").await;
    }

    redis.kill();
    for client in &mut clients {
        logs_in(client, "ben").await;
    }
    // One more comes back every 6 s.
    let alone = let_in(&mut clients[..1], "cyd").await;
    assert!((10..=14).contains(&alone), "{alone}");
    logs_in(&mut clients[1], "cyd").await;
    let (mut ben, _) = log_in(&edges[0].url, "ben").await;
    for path in ["/api/v1/auth/me", "/api/v1/workouts", "/ready"] {
        assert_eq!(ben.get(path).await.unwrap().status, 200, "{path}");
    }
}
