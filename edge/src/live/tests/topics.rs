//! A socket that follows more than its user.

use plyo_events::UserId;
use serde_json::{Value, json};

use super::fixture::{Fixture, Person, a_group, cursor, only, sequence, sequences};
use crate::EdgeConfig;

/// The topics of the events among these frames.
fn topics(frames: &[Value]) -> Vec<&str> {
    frames.iter().filter(|frame| frame["t"] == "evt").map(|frame| frame["topic"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_gets_each_event_of_its_topics_once_in_the_order_of_the_stream_and_resumes_in_it() {
    let (person, group) = (Person::new(), a_group());
    let mut fixture = Fixture::with(EdgeConfig { may_follow: only(group), ..EdgeConfig::default() }).await;
    let hello = |cursor: Option<&str>| json!({ "t": "hello", "token": person.token(600), "cursor": cursor, "subs": ["me", group, "me"] });
    let mut client = fixture.connect().await;
    client.say(hello(None)).await;
    client.hear_until("ready").await;
    let (me, other) = (person.user.into(), UserId::mint().into());
    fixture.feed_about([me, group, other, group, me]);
    let mut frames = Vec::new();
    for _ in 0..4 {
        frames.push(client.hear().await);
    }
    assert_eq!(sequences(&frames), [1, 2, 4, 5]);
    let group_name = group.to_string();
    assert_eq!(topics(&frames), ["me", &group_name, &group_name, "me"]);
    assert_eq!(frames[0]["p"], cursor(0).as_str());
    drop(client);
    // More than is taken from the ring at a time, and the two in turn.
    fixture.feed_about([me, group].repeat(600));
    let mut client = fixture.connect().await;
    client.say(hello(Some(&cursor(2)))).await;
    assert_eq!(client.hear().await["resume"], json!({ "mode": "replay" }));
    let missed = client.hear_until("ready").await;
    assert_eq!(sequences(&missed), (4..=1_205).collect::<Vec<_>>());
    assert_eq!((&missed[0]["p"], &missed.last().unwrap()["replayed"]), (&json!(cursor(2)), &json!(1_202)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_before_a_subscription_is_not_part_of_it_and_what_happens_before_its_end_is() {
    let (person, group) = (Person::new(), a_group());
    let mut fixture = Fixture::with(EdgeConfig { may_follow: only(group), ..EdgeConfig::default() }).await;
    let me = person.user.into();
    let (mut client, _) = fixture.listen(person, None).await;
    client.hear_until("ready").await;
    fixture.feed_about([group, me]);
    assert_eq!(sequences(&client.hear_until("evt").await), [2]);
    client.say(json!({ "t": "sub", "n": 1, "topic": group })).await;
    assert_eq!(client.hear().await, json!({ "t": "ok", "n": 1 }));
    let ready = client.hear().await;
    assert_eq!((&ready["t"], sequence(&ready["c"]), &ready["replayed"]), (&json!("ready"), 2, &json!(0)));
    fixture.feed_about([me, group]);
    let frames = [client.hear().await, client.hear().await];
    assert_eq!((sequences(&frames), frames[0]["p"].clone()), (vec![3, 4], json!(cursor(2))));
    client.say(json!({ "t": "unsub", "n": 2, "topic": "me" })).await;
    assert_eq!(client.hear().await, json!({ "t": "ok", "n": 2 }));
    fixture.feed_about([me, group]);
    let frame = client.hear().await;
    assert_eq!((sequence(&frame["c"]), &frame["p"]), (6, &json!(cursor(4))));
    client.say(json!({ "t": "sub", "n": 3, "topic": group })).await;
    assert_eq!(client.hear().await, json!({ "t": "ok", "n": 3 }), "it did so already: there is no other ready");
    client.say(json!({ "t": "unsub", "n": 4, "topic": group })).await;
    assert_eq!(client.hear().await, json!({ "t": "ok", "n": 4 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_group_does_not_send_away_who_follows_something_quiet_as_well() {
    let (person, group) = (Person::new(), a_group());
    let config = EdgeConfig { ring_events: 10, may_follow: only(group), ..EdgeConfig::default() };
    let mut fixture = Fixture::with(config).await;
    let (quiet, other) = (person.user.into(), UserId::mint().into());
    let mut client = fixture.connect().await;
    client.say(json!({ "t": "hello", "token": person.token(600), "subs": ["me", group] })).await;
    client.hear_until("ready").await;
    fixture.feed_about([other; 100]);
    fixture.feed_about([quiet, group]);
    assert_eq!(sequences(&[client.hear().await, client.hear().await]), [101, 102]);
    // A cursor is as old as the busiest of the topics that it is said with.
    for _ in 0..4 {
        fixture.feed_about([group; 5]);
        for _ in 0..5 {
            client.hear().await;
        }
    }
    let replay = json!({ "mode": "replay" });
    for (subs, resume) in
        [(json!(["me"]), replay), (json!(["me", group]), json!({ "mode": "reset", "why": "too_old" }))]
    {
        let mut late = fixture.connect().await;
        let hello = json!({ "t": "hello", "token": person.token(600), "cursor": cursor(102), "subs": subs });
        late.say(hello).await;
        assert_eq!(late.hear().await["resume"], resume);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_for_this_client_is_not_told_from_one_that_does_not_exist() {
    let (person, group) = (Person::new(), a_group());
    let mut fixture = Fixture::new().await;
    let mut client = fixture.connect().await;
    client.say(json!({ "t": "hello", "token": person.token(600), "subs": [group, "me", "nothing"] })).await;
    let greeting = client.hear_until("ready").await;
    let codes: Vec<_> = greeting[1..3].iter().map(|frame| (&frame["n"], &frame["code"])).collect();
    assert_eq!(codes, [(&json!(0), &json!("unknown_topic")); 2]);
    for (n, topic) in [group.to_string(), UserId::mint().to_string(), "nothing".to_owned()].into_iter().enumerate() {
        client.say(json!({ "t": "sub", "n": n, "topic": topic })).await;
        assert_eq!(client.hear().await, json!({ "t": "err", "n": n, "code": "unknown_topic", "temporary": false }));
    }
    fixture.feed_about([group, UserId::mint().into(), person.user.into()]);
    assert_eq!(sequences(&[client.hear().await]), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_follows_so_many_topics_and_no_more() {
    let person = Person::new();
    let config = EdgeConfig { may_follow: std::sync::Arc::new(|_, _| true), ..EdgeConfig::default() };
    let fixture = Fixture::with(config).await;
    let mut client = fixture.connect().await;
    let subs: Vec<String> = (0..64).map(|_| a_group().to_string()).collect();
    client.say(json!({ "t": "hello", "token": person.token(600), "subs": subs })).await;
    client.hear_until("ready").await;
    for (topic, code) in [(subs[0].as_str(), None), ("me", Some("too_many_topics"))] {
        client.say(json!({ "t": "sub", "n": 1, "topic": topic })).await;
        assert_eq!(client.hear().await["code"].as_str(), code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_follow_themselves_hears_of_the_end_of_their_session_all_the_same() {
    let (person, group) = (Person::new(), a_group());
    let mut fixture = Fixture::with(EdgeConfig { may_follow: only(group), ..EdgeConfig::default() }).await;
    let mut client = fixture.connect().await;
    client.say(json!({ "t": "hello", "token": person.token(600), "subs": [group] })).await;
    client.hear_until("ready").await;
    let reason = plyo_events::user::RevocationReason::LogOut;
    let revoked = plyo_events::user::SessionRevoked { session_id: person.session, reason };
    fixture.feed_events(vec![(person.user, revoked.into())]);
    client.hear_bye(4502, &[]).await;
}
