//! Clients that take their time, or too many connections, keep nobody else out.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Instant, timeout},
};

use super::fixture::{Fixture, Person};
use crate::{ConnectionLimits, EdgeConfig, live::LiveTimes};

/// All that comes on a connection until it ends.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // How it ends is no matter.
    let _ = timeout(Duration::from_secs(40), stream.read_to_end(&mut bytes)).await.expect("the connection ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn say(fixture: &Fixture, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(fixture.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn get(fixture: &Fixture, path: &str) -> String {
    rest(&mut say(fixture, &format!("GET {path} HTTP/1.1\r\nhost: plyo\r\nconnection: close\r\n\r\n")).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_head_ends_after_10_s_and_an_edge_full_of_them_still_answers_whether_it_is_well() {
    let connections = ConnectionLimits { total: 40, per_address: 40 };
    let fixture = Fixture::with(EdgeConfig { connections, ..EdgeConfig::default() }).await;
    let begun = Instant::now();
    let mut halves = Vec::new();
    for said in ["", "GET /health HTTP/1.1\r\nhost: pl"].into_iter().cycle().take(40) {
        halves.push((said, say(&fixture, said).await));
    }
    let well = get(&fixture, "/health").await;
    assert!(well.starts_with("HTTP/1.1 200 ") && well.contains("connection: close"), "{well}");
    let refused = get(&fixture, "/api/v1/workouts").await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("too many connections"), "{refused}");
    assert!(refused.contains("application/problem+json") && refused.contains("retry-after"), "{refused}");
    for (said, half) in &mut halves {
        let end = rest(half).await;
        let elapsed = begun.elapsed();
        assert!((9..20).contains(&elapsed.as_secs()), "{elapsed:?}");
        if said.is_empty() {
            assert_eq!(end, "", "nobody asked anything");
        } else {
            assert!(end.starts_with("HTTP/1.1 408 ") && end.contains("\"code\":\"slow_head\""), "{end}");
        }
    }
    assert!(get(&fixture, "/api/v1/workouts").await.starts_with("HTTP/1.1 401 "), "there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_comes_byte_by_byte_has_no_more_time() {
    let fixture = Fixture::new().await;
    let begun = Instant::now();
    let mut stream = say(&fixture, "G").await;
    let (mut reading, mut writing) = stream.split();
    let dripping = async {
        while writing.write_all(b"E").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let mut bytes = Vec::new();
    tokio::select! {
        () = dripping => {}
        _ = reading.read_to_end(&mut bytes) => {}
    }
    assert!((9..20).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_answered_and_a_connection_that_is_kept_is_not_cut_while_it_may_be_used() {
    let fixture = Fixture::new().await;
    let token = Person::new().token(600);
    let head = format!(
        "POST /api/v1/workouts HTTP/1.1\r\nhost: plyo\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    let begun = Instant::now();
    let mut kept = say(&fixture, "GET /health HTTP/1.1\r\nhost: plyo\r\n\r\n").await;
    let mut slow = say(&fixture, &head).await;
    let answer = rest(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("slow_body"), "{answer}");
    assert!((14..25).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    // Longer idle than a head may take.
    kept.write_all(b"GET /health HTTP/1.1\r\nhost: plyo\r\nconnection: close\r\n\r\n").await.unwrap();
    assert_eq!(rest(&mut kept).await.matches("HTTP/1.1 200 ").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_takes_nothing_ends_and_others_go_on() {
    let times = LiveTimes { write: Duration::from_millis(500), ..LiveTimes::default() };
    let connections = ConnectionLimits { total: 1, per_address: 1 };
    let config = EdgeConfig { connections, live: times, ring_events: 100_000, ..EdgeConfig::default() };
    let mut fixture = Fixture::with(config).await;
    let person = Person::new();
    let narrow = TcpSocket::new_v4().unwrap();
    narrow.set_recv_buffer_size(4096).unwrap();
    let mut stalled = narrow.connect(fixture.address).await.unwrap();
    let request =
        format!("GET /api/v1/events HTTP/1.1\r\nhost: plyo\r\nauthorization: Bearer {}\r\n\r\n", person.token(600));
    stalled.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 64];
    stalled.read_exact(&mut first).await.unwrap();
    assert!(get(&fixture, "/api/v1/workouts").await.starts_with("HTTP/1.1 503 "), "the one place is taken");
    // More than the buffers on the way take.
    for _ in 0..100 {
        fixture.feed(std::iter::repeat_n(person, 500));
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while !get(&fixture, "/api/v1/workouts").await.starts_with("HTTP/1.1 401 ") {
        assert!(Instant::now() < deadline, "the listener that takes nothing keeps its place");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
