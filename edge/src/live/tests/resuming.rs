//! Where a client begins with the cursor that it has.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::fixture::{Fixture, Person, cursor, sequence, sequences};
use crate::{EdgeConfig, live::LiveTimes};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_back_gets_what_it_missed_and_goes_on() {
    let mut fixture = Fixture::new().await;
    let (person, other) = (Person::new(), Person::new());
    let (mut client, welcome) = fixture.listen(person, None).await;
    assert_eq!(welcome["resume"], json!({ "mode": "live" }));
    client.hear_until("ready").await;
    fixture.feed([person, other]);
    let seen = client.hear().await["c"].as_str().unwrap().to_owned();
    drop(client);
    for _ in 0..1_000 {
        fixture.feed([other, person]);
        fixture.skip(3);
    }
    let (mut client, welcome) = fixture.listen(person, Some(&seen)).await;
    assert_eq!(welcome["resume"], json!({ "mode": "replay" }));
    assert_eq!(sequence(&welcome["head"]), 2 + 999 * 5 + 2);
    let missed = client.hear_until("ready").await;
    assert_eq!(sequences(&missed), (0..1_000).map(|n| 4 + n * 5).collect::<Vec<u64>>());
    assert_eq!(missed[0]["p"], json!(seen));
    let ready = &missed[1_000];
    assert_eq!(ready["replayed"], 1_000);
    fixture.feed([person]);
    assert_eq!(client.hear().await["p"], ready["c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_cannot_be_gone_on_from_is_reset_and_says_why() {
    let mut fixture = Fixture::with(EdgeConfig { ring_events: 10, ..EdgeConfig::default() }).await;
    let person = Person::new();
    fixture.feed([person; 20]);
    let cases = [
        (cursor(9), "too_old"),
        (cursor(21), "future"),
        ("1.20".to_owned(), "epoch"),
        ("forged".to_owned(), "malformed"),
        (String::new(), "malformed"),
    ];
    for (cursor, why) in cases {
        let (mut client, welcome) = fixture.listen(person, Some(&cursor)).await;
        assert_eq!(welcome["resume"], json!({ "mode": "reset", "why": why }));
        let ready = client.hear().await;
        assert_eq!((&ready["t"], &ready["c"], &ready["replayed"]), (&json!("ready"), &welcome["head"], &json!(0)));
    }
    let (mut client, welcome) = fixture.listen(person, Some(&cursor(10))).await;
    assert_eq!(welcome["resume"], json!({ "mode": "replay" }));
    assert_eq!(sequences(&client.hear_until("ready").await), (11..=20).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_an_edge_that_is_a_moment_ahead_is_waited_for() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    let mut client = fixture.connect().await;
    client.say(json!({ "t": "hello", "token": person.token(600), "cursor": cursor(2) })).await;
    fixture.feed([person; 3]);
    assert_eq!(client.hear().await["resume"], json!({ "mode": "replay" }));
    let frames = client.hear_until("ready").await;
    let mut got = sequences(&frames);
    if got.is_empty() {
        got = sequences(&[client.hear().await]);
    }
    assert_eq!(got, [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkpoint_of_a_ping_is_a_cursor_that_has_not_aged() {
    let times = LiveTimes { heartbeat: Duration::from_millis(100), ..LiveTimes::default() };
    let config = EdgeConfig { ring_events: 10, live: times, ..EdgeConfig::default() };
    let mut fixture = Fixture::with(config).await;
    let (quiet, busy) = (Person::new(), Person::new());
    let (mut client, welcome) = fixture.listen(quiet, None).await;
    assert_eq!(welcome["heartbeat_ms"], 100);
    client.hear_until("ready").await;
    fixture.feed([busy; 100]);
    let mut ping = client.hear().await;
    while sequence(&ping["c"]) < 100 {
        assert_eq!(ping["t"], "ping");
        client.say(json!({ "t": "pong" })).await;
        ping = client.hear().await;
    }
    let (_, welcome) = fixture.listen(quiet, ping["c"].as_str()).await;
    assert_eq!(welcome["resume"], json!({ "mode": "replay" }));
    // And the connection itself outlives any number of others' events.
    fixture.feed([busy; 100]);
    fixture.feed([quiet]);
    let frames = client.hear_until("evt").await;
    assert_eq!(sequence(&frames.last().unwrap()["c"]), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_created_anew_sends_everybody_back_to_begin_again() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    fixture.feed([person; 3]);
    let (mut client, _) = fixture.listen(person, None).await;
    client.hear_until("ready").await;
    fixture.hub.begin_again(super::fixture::EPOCH + 1, 0);
    assert_eq!(client.hear_bye(4000, &[]).await["resume"], true);
    let (_, welcome) = fixture.listen(person, Some(&cursor(3))).await;
    assert_eq!(welcome["resume"], json!({ "mode": "reset", "why": "epoch" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_during_the_greeting_come_once_and_in_order() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    fixture.feed([person]);
    for _ in 0..20 {
        let (mut client, welcome) = fixture.listen(person, None).await;
        fixture.feed([person; 5]);
        let begin = sequence(&welcome["head"]);
        let mut frames: Vec<Value> = Vec::new();
        while sequences(&frames).len() < 5 {
            frames.push(client.hear().await);
        }
        assert_eq!(sequences(&frames), (begin + 1..=begin + 5).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_of_a_person_gets_the_same_in_its_own_format() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    let (mut json_client, _) = fixture.listen(person, None).await;
    let mut request = fixture.request();
    request.headers_mut().insert("sec-websocket-protocol", "plyo.msgpack".parse().unwrap());
    let mut packed = fixture.connect_with(TcpSocket::new_v4().unwrap(), request).await;
    let hello = rmp_serde::to_vec_named(&json!({ "t": "hello", "token": person.token(600) })).unwrap();
    packed.say_raw(tokio_tungstenite::tungstenite::Message::Binary(hello.into())).await;
    json_client.hear_until("ready").await;
    packed.hear_until("ready").await;
    fixture.feed([person, Person::new(), person]);
    for _ in 0..2 {
        let event = packed.hear().await;
        assert_eq!(event["type"], "reminder.cancelled.v1");
        assert_eq!(event, json_client.hear().await);
    }
}
