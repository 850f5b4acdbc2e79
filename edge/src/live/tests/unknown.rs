//! What travels is passed on, whether or not this edge knows it.

use plyo_nats::Encoded;
use serde_json::json;
use tokio::net::TcpSocket;

use super::fixture::{Fixture, Person, cursor};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_unknown_type_reaches_the_client_of_an_older_edge() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    let (mut client, _) = fixture.listen(person, None).await;
    client.hear_until("ready").await;
    let data = json!({ "minutes": 40, "poses": ["cobra"], "calm": 0.5 });
    let packed = Encoded::MessagePack(rmp_serde::to_vec_named(&data).unwrap().into());
    let text = Encoded::Json(serde_json::to_string_pretty(&data).unwrap().into());
    fixture.feed_encoded(vec![
        (person.user.into(), "yoga.flowed.v1".to_owned(), packed),
        (person.user.into(), "workout.completed.v9".to_owned(), text),
    ]);
    for (sequence, type_name) in [(1, "yoga.flowed.v1"), (2, "workout.completed.v9")] {
        let event = client.hear().await;
        assert_eq!((&event["t"], &event["type"], &event["data"]), (&json!("evt"), &json!(type_name), &data));
        assert_eq!((&event["c"], &event["p"]), (&json!(cursor(sequence)), &json!(cursor(sequence - 1))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_passed_on_in_the_version_that_travelled() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    let (mut client, _) = fixture.listen(person, None).await;
    client.hear_until("ready").await;
    let data = json!({ "weight": "1.5 kg" });
    let body = Encoded::MessagePack(rmp_serde::to_vec_named(&data).unwrap().into());
    fixture.feed_encoded(vec![(person.user.into(), "probe.measured.v1".to_owned(), body)]);
    let event = client.hear().await;
    assert_eq!((&event["type"], &event["data"]), (&json!("probe.measured.v1"), &data));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_nobody_can_read_shows_as_one_and_spoils_nothing() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    let (mut text, _) = fixture.listen(person, None).await;
    let mut request = fixture.request();
    request.headers_mut().insert("sec-websocket-protocol", "plyo.msgpack".parse().unwrap());
    let mut packed = fixture.connect_with(TcpSocket::new_v4().unwrap(), request).await;
    let hello = rmp_serde::to_vec_named(&json!({ "t": "hello", "token": person.token(600) })).unwrap();
    packed.say_raw(tokio_tungstenite::tungstenite::Message::Binary(hello.into())).await;
    let garbage = Encoded::MessagePack(b"\xc1garbage".to_vec().into());
    for client in [&mut text, &mut packed] {
        client.hear_until("ready").await;
    }
    fixture.feed_encoded(vec![(person.user.into(), "workout.completed.v1".to_owned(), garbage)]);
    fixture.feed([person]);
    for client in [&mut text, &mut packed] {
        let event = client.hear().await;
        assert_eq!((&event["type"], &event["data"]), (&json!("workout.completed.v1"), &json!(null)));
        assert_eq!(client.hear().await["type"], "reminder.cancelled.v1");
    }
}
