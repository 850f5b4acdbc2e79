//! What is wrong ends the socket that said it, with its code, and no other client notices.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpSocket;
use tokio_tungstenite::{
    client_async,
    tungstenite::{self, Message as Frame},
};

use super::fixture::{Fixture, Person, sequences};
use crate::{EdgeConfig, live::LiveTimes};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_frame_ends_only_the_socket_that_said_it() {
    let mut fixture = Fixture::new().await;
    let (witness, other) = (Person::new(), Person::new());
    let (mut bystander, _) = fixture.listen(witness, None).await;
    bystander.hear_until("ready").await;
    let hello = json!({ "t": "hello", "token": other.token(600) });
    let nested =
        [[0x84, 0xa1, b't', 0xa3, b'c', b'm', b'd', 0xa4].as_slice(), b"data", &[0x91].repeat(60_000)].concat();
    let cases = [
        (Frame::Text("garbage".into()), 4500),
        (Frame::Text("{}".into()), 4500),
        (Frame::Text(r#"{"t":"hello"}"#.into()), 4500),
        (Frame::Text(r#"{"t":"sub","n":-1}"#.into()), 4500),
        (Frame::Binary(vec![0xc1; 40].into()), 4500),
        (Frame::Binary(nested.into()), 4500),
        (Frame::Text("x".repeat(64 * 1024 + 1).into()), 1009),
    ];
    for (frame, code) in cases {
        let mut before_hello = fixture.connect().await;
        before_hello.say_raw(frame.clone()).await;
        assert_eq!(before_hello.hear_bye(code, &[]).await["resume"], false);
        let mut after_hello = fixture.connect().await;
        after_hello.say(hello.clone()).await;
        after_hello.hear_until("ready").await;
        after_hello.say_raw(frame).await;
        after_hello.hear_bye(code, &[]).await;
        fixture.feed([witness]);
        bystander.hear_until("evt").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_does_not_use_up_is_refused_with_a_pointer_in_both_notations() {
    let fixture = Fixture::new().await;
    let person = Person::new();
    let workout = r#"{"started_at":"2026-11-24T18:30:00Z","exercises":[{"exercise":"plank","sets":[{"reps":8}]}]}"#;
    let id = "01a21227-812e-717e-b815-88f3756afa5a";
    let dismissal = format!(r#"{{"recommendation_id":"{id}","reason":"hurts"}}"#);
    let snooze = format!(r#"{{"recommendation_id":"{id}","days":3}}"#);
    let cases = [
        ("workout.log.v1", workout.replace("\"reps\":8", "\"reps\":8,\"mood\":1"), "/exercises/0/sets/0/mood"),
        ("workout.log.v1", workout.replace("{\"reps\":8}", "[8]"), "/exercises/0/sets/0"),
        ("workout.log.v1", workout.replace("8}", "8,\"load\":{\"kg\":1,\"lb\":2}}"), "/exercises/0/sets/0/load"),
        ("workout.log.v1", workout.replace(":00Z", ":00+01:00:30"), "/started_at"),
        ("coach.dismiss.v1", dismissal.replace("\"hurts\"", "\"hurts\",\"mood\":1"), "/mood"),
        ("coach.snooze.v1", snooze.replace("\"days\":3", "\"days\":3,\"mood\":1"), "/mood"),
        ("coach.snooze.v1", "[]".to_owned(), ""),
    ];
    let mut json = fixture.connect().await;
    let mut packed = fixture.connect().await;
    let hello = json!({ "t": "hello", "token": person.token(600) });
    json.say(hello.clone()).await;
    json.hear_until("ready").await;
    packed.say_raw(Frame::Binary(rmp_serde::to_vec_named(&hello).unwrap().into())).await;
    packed.hear_until("ready").await;
    for (kind, data, pointer) in cases {
        let data: serde_json::Value = serde_json::from_str(&data).unwrap();
        let frame = json!({ "t": "cmd", "n": 7, "type": kind, "data": data });
        json.say(frame.clone()).await;
        packed.say_raw(Frame::Binary(rmp_serde::to_vec_named(&frame).unwrap().into())).await;
        for client in [&mut json, &mut packed] {
            let refused = client.hear_until("err").await.pop().unwrap();
            assert_eq!((&refused["n"], &refused["code"]), (&json!(7), &json!("invalid_body")), "{kind} {data}");
            assert_eq!(refused["problem"]["violations"][0]["pointer"], pointer, "{kind} {data}");
        }
    }
    // One after the other in one frame: the second would be dropped.
    let sub = rmp_serde::to_vec_named(&json!({ "t": "sub", "n": 1, "topic": "announcements" })).unwrap();
    packed.say_raw(Frame::Binary([&sub[..], &sub[..]].concat().into())).await;
    packed.hear_bye(4500, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_valid_opens_nothing() {
    let fixture = Fixture::new().await;
    let person = Person::new();
    for (token, code, resume) in
        [("x".to_owned(), 4501, false), (String::new(), 4501, false), (person.token(-1), 4401, true)]
    {
        let mut client = fixture.connect().await;
        client.say(json!({ "t": "hello", "token": token })).await;
        assert_eq!(client.hear_bye(code, &[]).await["resume"], resume);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_says_hello_is_sent_away() {
    let times = LiveTimes { hello: Duration::from_millis(100), ..LiveTimes::default() };
    let fixture = Fixture::with_times(times).await;
    let mut client = fixture.connect().await;
    assert_eq!(client.hear_bye(4408, &[]).await["resume"], true);
    let mut pinging = fixture.connect().await;
    pinging.say_raw(Frame::Ping("still here".into())).await;
    pinging.hear_bye(4408, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_frames_and_topics_are_answered_until_there_are_too_many() {
    let fixture = Fixture::new().await;
    let mut client = fixture.connect().await;
    client.say(json!({ "t": "hello", "token": Person::new().token(600), "subs": ["me", "others"] })).await;
    let greeting = client.hear_until("ready").await;
    assert_eq!((&greeting[1]["code"], &greeting[1]["n"]), (&json!("unknown_topic"), &json!(0)));
    client.say(json!({ "t": "sub", "n": 7, "topic": "everybody" })).await;
    let refused = client.hear().await;
    assert_eq!((&refused["code"], &refused["n"]), (&json!("unknown_topic"), &json!(7)));
    for _ in 0..10 {
        client.say(json!({ "t": "dance" })).await;
        assert_eq!(client.hear().await["code"], "unknown_frame");
    }
    client.say(json!({ "t": "dance" })).await;
    client.hear_bye(4503, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_origin_is_refused_before_there_is_a_socket() {
    let config = EdgeConfig { allowed_origins: vec!["https://plyo.example".parse().unwrap()], ..EdgeConfig::default() };
    let fixture = Fixture::with(config).await;
    let own = format!("http://{}", fixture.address);
    for (origin, status) in [
        ("https://plyo.example", 101),
        (&own, 101),
        ("https://evil.example", 403),
        ("null", 403),
        ("https://plyo.example.evil.example", 403),
    ] {
        let mut request = fixture.request();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let stream = TcpSocket::new_v4().unwrap().connect(fixture.address).await.unwrap();
        let answered = match client_async(request, stream).await {
            Ok((_, response)) => response.status().as_u16(),
            Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(answered, status, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_reads_is_left_behind_and_nobody_else_notices() {
    let times = LiveTimes { write: Duration::from_millis(500), ..LiveTimes::default() };
    let config = EdgeConfig { ring_events: 1_000, live: times, ..EdgeConfig::default() };
    let mut fixture = Fixture::with(config).await;
    let person = Person::new();
    let narrow = TcpSocket::new_v4().unwrap();
    narrow.set_recv_buffer_size(4096).unwrap();
    let mut stalled = fixture.connect_with(narrow, fixture.request()).await;
    stalled.say(json!({ "t": "hello", "token": person.token(600) })).await;
    stalled.hear_until("ready").await;
    let (mut reader, _) = fixture.listen(person, None).await;
    reader.hear_until("ready").await;
    let (rounds, each) = (150, 200);
    for round in 0..rounds {
        fixture.feed(std::iter::repeat_n(person, each));
        let mut frames = Vec::new();
        while frames.len() < each {
            // On a slow machine a ping comes in between.
            frames.extend(Some(reader.hear().await).filter(|frame| frame["t"] == "evt"));
        }
        let first = (round * each) as u64 + 1;
        assert_eq!(sequences(&frames), (first..first + each as u64).collect::<Vec<_>>());
    }
    // What the stalled one got is without a gap, ends before the end, and its connection with it.
    let mut got = Vec::new();
    loop {
        match futures_util::StreamExt::next(&mut stalled.0).await {
            Some(Ok(Frame::Text(text))) => got.push(serde_json::from_str::<serde_json::Value>(&text).unwrap()),
            Some(Ok(Frame::Close(close))) => assert_eq!(u16::from(close.unwrap().code), 4410),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
    }
    let got = sequences(&got);
    assert!(got.len() < rounds * each, "all of {} were taken in by buffers", got.len());
    assert_eq!(got, (1..=got.len() as u64).collect::<Vec<_>>());
}
