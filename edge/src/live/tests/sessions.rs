//! Sessions, tokens, topics and commands of a socket that is ready.

use std::time::Duration;

use plyo_events::{
    SessionId,
    user::{RevocationReason, SessionRevoked},
};
use serde_json::{json, value::RawValue};

use super::fixture::{Fixture, Person, sequences};
use crate::live::LiveTimes;

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_takes_its_sockets_along_and_no_others() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    let elsewhere = Person { session: SessionId::mint(), ..person };
    let (mut ended, _) = fixture.listen(person, None).await;
    let (mut stays, _) = fixture.listen(elsewhere, None).await;
    ended.hear_until("ready").await;
    stays.hear_until("ready").await;
    let revoked = SessionRevoked { session_id: person.session, reason: RevocationReason::LogOut };
    fixture.feed_events(vec![(person.user, revoked.into())]);
    assert_eq!(ended.hear_bye(4502, &[]).await["resume"], false);
    assert_eq!(stays.hear().await["type"], "session.revoked.v1");
    fixture.feed([person]);
    assert_eq!(stays.hear().await["t"], "evt");
    let mut again = fixture.connect().await;
    again.say(json!({ "t": "hello", "token": person.token(600) })).await;
    again.hear_bye(4502, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_in_time_or_the_socket_ends() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    let mut renewing = fixture.connect().await;
    renewing.say(json!({ "t": "hello", "token": person.token(5) })).await;
    renewing.hear_until("auth_req").await;
    let mut idle = fixture.connect().await;
    idle.say(json!({ "t": "hello", "token": person.token(5) })).await;
    idle.hear_until("auth_req").await;
    for (n, token, answer, code) in [
        (1, "x".to_owned(), "err", json!("invalid_token")),
        (2, Person::new().token(600), "err", json!("other_user")),
        (3, person.token(600), "ok", json!(null)),
    ] {
        renewing.say(json!({ "t": "auth", "n": n, "token": token })).await;
        let frame = renewing.hear().await;
        assert_eq!((&frame["t"], &frame["n"], &frame["code"]), (&json!(answer), &json!(n), &code));
    }
    assert_eq!(idle.hear_bye(4401, &[]).await["resume"], true);
    fixture.feed([person]);
    assert_eq!(renewing.hear().await["t"], "evt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_answers_no_ping_is_closed_and_one_that_does_is_not() {
    let times = LiveTimes { heartbeat: Duration::from_millis(400), ..LiveTimes::default() };
    let fixture = Fixture::with_times(times).await;
    let (mut silent, _) = fixture.listen(Person::new(), None).await;
    let (mut alive, _) = fixture.listen(Person::new(), None).await;
    silent.hear_until("ready").await;
    alive.hear_until("ready").await;
    for _ in 0..5 {
        assert_eq!(alive.hear().await["t"], "ping");
        alive.say(json!({ "t": "pong" })).await;
    }
    assert_eq!(silent.hear_bye(4409, &["ping"]).await["resume"], true);
    assert_eq!(alive.hear().await["t"], "ping");
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_come_and_go() {
    let mut fixture = Fixture::new().await;
    let person = Person::new();
    let (mut client, _) = fixture.listen(person, None).await;
    client.hear_until("ready").await;
    client.say(json!({ "t": "unsub", "n": 1, "topic": "me" })).await;
    assert_eq!(client.hear().await, json!({ "t": "ok", "n": 1 }));
    fixture.feed([person; 3]);
    fixture.hub.announce(&RawValue::from_string("1".into()).unwrap());
    client.say(json!({ "t": "sub", "n": 2, "topic": "announcements" })).await;
    assert_eq!(client.hear().await, json!({ "t": "ok", "n": 2 }));
    fixture.hub.announce(&RawValue::from_string(r#"{"text":"closed today"}"#.into()).unwrap());
    let expected = json!({ "t": "eph", "topic": "announcements", "data": { "text": "closed today" } });
    assert_eq!(client.hear().await, expected);
    client.say(json!({ "t": "sub", "n": 3, "topic": "me" })).await;
    assert_eq!(client.hear().await, json!({ "t": "ok", "n": 3 }));
    let ready = client.hear().await;
    assert_eq!((&ready["t"], &ready["replayed"]), (&json!("ready"), &json!(0)));
    fixture.feed([person]);
    let event = client.hear().await;
    assert_eq!(sequences(std::slice::from_ref(&event)), [4]);
    assert_eq!(event["p"], ready["c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_what_nobody_keeps_hears_the_newest_of_it_and_nobody_else_does() {
    let mut fixture = Fixture::new().await;
    let (person, other) = (Person::new(), Person::new());
    let (mut client, _) = fixture.listen(person, None).await;
    let (mut neighbour, _) = fixture.listen(other, None).await;
    client.hear_until("ready").await;
    neighbour.hear_until("ready").await;
    let tell = |fixture: &Fixture, events: u32| {
        let data = json!({ "type": "export.progress", "events": events }).to_string();
        fixture.hub.tell(person.user, &RawValue::from_string(data).unwrap());
    };
    tell(&fixture, 1);
    let told = client.hear().await;
    assert_eq!(told, json!({ "t": "eph", "topic": "me", "data": { "type": "export.progress", "events": 1 } }));
    client.say(json!({ "t": "unsub", "n": 1, "topic": "me" })).await;
    assert_eq!(client.hear().await, json!({ "t": "ok", "n": 1 }));
    // Whoever does not follow themselves is not told.
    tell(&fixture, 2);
    client.say(json!({ "t": "sub", "n": 2, "topic": "me" })).await;
    assert_eq!(client.hear().await, json!({ "t": "ok", "n": 2 }));
    assert_eq!(client.hear().await["t"], "ready");
    fixture.feed([person, other]);
    assert_eq!(client.hear().await["t"], "evt");
    assert_eq!(neighbour.hear().await["t"], "evt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_wrong_is_answered_with_its_problem() {
    let fixture = Fixture::new().await;
    let (mut client, _) = fixture.listen(Person::new(), None).await;
    client.hear_until("ready").await;
    for (n, kind, key, data, code) in [
        (1, "user.register.v1", None, json!({}), "unknown_command"),
        (2, "no such thing", None, json!({}), "unknown_command"),
        (3, "workout.log.v1", None, json!({ "exercises": "none" }), "invalid_body"),
        (4, "workout.delete.v1", None, json!({ "workout_id": "x" }), "invalid_body"),
        (5, "notification.mark_all_read.v1", Some("a key"), json!({}), "invalid_idempotency_key"),
    ] {
        client.say(json!({ "t": "cmd", "n": n, "type": kind, "key": key, "data": data })).await;
        let answer = client.hear().await;
        assert_eq!((&answer["t"], &answer["n"]), (&json!("err"), &json!(n)), "{answer}");
        assert_eq!((&answer["code"], &answer["temporary"]), (&json!(code), &json!(false)), "{answer}");
        assert_eq!(answer["problem"]["status"], 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_goes_away_says_so_to_everybody_and_when_to_come_again() {
    let fixture = Fixture::new().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let (mut client, _) = fixture.listen(Person::new(), None).await;
        client.hear_until("ready").await;
        clients.push(client);
    }
    fixture.hub.close(Duration::ZERO);
    let mut waits = std::collections::HashSet::new();
    for mut client in clients {
        let bye = client.hear_bye(4000, &[]).await;
        assert_eq!(bye["resume"], true);
        waits.insert(bye["retry_ms"].as_u64().unwrap());
    }
    assert!(waits.len() > 1, "everybody would come at once: {waits:?}");
}
