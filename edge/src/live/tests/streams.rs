//! Server-sent events.

use std::time::Duration;

use plyo_events::UserId;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::fixture::{Fixture, Person, a_group, cursor, only};
use crate::{EdgeConfig, live::LiveTimes};

struct Listener(BufReader<TcpStream>);

/// The fields of one event; a comment's name is empty.
type Fields = Vec<(String, String)>;

impl Listener {
    async fn open(fixture: &Fixture, person: Person, last_event_id: Option<&str>) -> Self {
        let (status, listener) = Self::ask(fixture, person, "", last_event_id).await;
        assert!(status.contains(" 200 "), "{status}");
        listener
    }

    /// Gives the status, too. `query` is that of the URL.
    async fn ask(fixture: &Fixture, person: Person, query: &str, last_event_id: Option<&str>) -> (String, Self) {
        let mut stream = TcpStream::connect(fixture.address).await.unwrap();
        let resume = last_event_id.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
        let token = person.token(600);
        // HTTP/1.0: the body is not cut into chunks.
        let request = format!("GET /api/v1/events{query} HTTP/1.0\r\nauthorization: Bearer {token}\r\n{resume}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut listener = Self(BufReader::new(stream));
        let status = listener.line().await.unwrap();
        while !listener.line().await.unwrap().is_empty() {}
        (status, listener)
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let reading = self.0.read_line(&mut line);
        let read =
            tokio::time::timeout(Duration::from_secs(20), reading).await.expect("the edge says something in time");
        (read.unwrap() > 0).then(|| line.trim_end().to_owned())
    }

    async fn next(&mut self) -> Option<Fields> {
        let mut fields = Vec::new();
        loop {
            match self.line().await? {
                line if line.is_empty() => return Some(fields),
                line => fields.extend(line.split_once(':').map(|(name, value)| (name.into(), value.trim().into()))),
            }
        }
    }
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_resumes_from_the_last_event_it_got() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    fixture.feed([person]);
    let mut listener = Listener::open(&fixture, person, None).await;
    assert_eq!(field(&listener.next().await.unwrap(), "id"), cursor(1));
    fixture.feed([Person::new(), person]);
    let event = listener.next().await.unwrap();
    assert_eq!((field(&event, "id"), field(&event, "event")), (&*cursor(3), "reminder.cancelled.v1"));
    let data: Value = serde_json::from_str(field(&event, "data")).unwrap();
    assert_eq!((&data["c"], &data["type"]), (&cursor(3).into(), &"reminder.cancelled.v1".into()));
    drop(listener);
    fixture.feed([person; 600]);
    let mut listener = Listener::open(&fixture, person, Some(&cursor(3))).await;
    listener.next().await.unwrap();
    for sequence in 4..=603 {
        assert_eq!(field(&listener.next().await.unwrap(), "id"), cursor(sequence));
    }
    fixture.hub.close(Duration::ZERO);
    assert_eq!(listener.next().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_was_away_too_long_is_reset() {
    let mut fixture = Fixture::with(EdgeConfig { ring_events: 10, ..EdgeConfig::default() }).await;
    let person = Person::new();
    fixture.feed([person; 20]);
    let mut listener = Listener::open(&fixture, person, Some(&cursor(3))).await;
    let reset = listener.next().await.unwrap();
    assert_eq!((field(&reset, "event"), field(&reset, "id")), ("reset", &*cursor(20)));
    assert_eq!(field(&reset, "data"), r#"{"why":"too_old"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_listener_gets_checkpoints() {
    let times = LiveTimes { heartbeat: Duration::from_millis(100), ..LiveTimes::default() };
    let mut fixture = Fixture::with_times(times).await;
    let mut listener = Listener::open(&fixture, Person::new(), None).await;
    let first = listener.next().await.unwrap();
    assert_eq!((field(&first, "event"), field(&first, "id")), ("checkpoint", &*cursor(0)));
    fixture.feed([Person::new()]);
    // An id without data would not move every client.
    let last = loop {
        let checkpoint = listener.next().await.unwrap();
        assert_eq!(field(&checkpoint, "event"), "checkpoint");
        if field(&checkpoint, "id") == cursor(1) {
            break checkpoint;
        }
    };
    assert_eq!(field(&last, "data"), format!(r#"{{"c":"{}"}}"#, cursor(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_of_several_topics_gets_each_event_once_in_the_order_of_the_stream() {
    let (person, group) = (Person::new(), a_group());
    let mut fixture = Fixture::with(EdgeConfig { may_follow: only(group), ..EdgeConfig::default() }).await;
    let topics = format!("?topics={group},me,{group}");
    fixture.feed_about([group, person.user.into(), UserId::mint().into(), group]);
    let (_, mut listener) = Listener::ask(&fixture, person, &topics, Some(&cursor(0))).await;
    assert_eq!(field(&listener.next().await.unwrap(), "id"), cursor(0));
    fixture.feed_about([person.user.into(), group]);
    for (sequence, topic) in
        [(1, &*group.to_string()), (2, "me"), (4, &group.to_string()), (5, "me"), (6, &group.to_string())]
    {
        let event = listener.next().await.unwrap();
        let data: Value = serde_json::from_str(field(&event, "data")).unwrap();
        assert_eq!((field(&event, "id"), &data["topic"]), (&*cursor(sequence), &topic.into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_is_refused_a_topic_that_is_not_for_it() {
    let fixture = Fixture::new().await;
    for topics in [a_group().to_string(), UserId::mint().to_string(), "announcements".into(), "me,nothing".into()] {
        let (status, _) = Listener::ask(&fixture, Person::new(), &format!("?topics={topics}"), None).await;
        assert!(status.contains(" 404 "), "{topics}: {status}");
    }
}
