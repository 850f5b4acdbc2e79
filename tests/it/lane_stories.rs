//! A service moves from one lane to four and back, with what waits, what was published and what it remembers.

use std::time::Duration;

use plyo_events::UserId;
use plyo_nats::{CommandPublisher, lanes, raw};
use serde_json::Value;

use crate::{
    child::Server,
    ledger::{Ledger, log, send},
    platform::{Fixture, eventually},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];
const NAMES: [&str; 2] = ["workout", "achievement"];

/// Logs so many workouts of each of these people.
async fn log_some(fixture: &Fixture, ledger: &mut Ledger, people: &[UserId], each: usize) {
    let publisher = CommandPublisher::new(&fixture.nats().await, "test");
    for user in people {
        for _ in 0..each {
            let command = log(*user, 5);
            send(&publisher, &command).await;
            ledger.add(*user, vec![command.id]);
        }
    }
}

async fn change(fixture: &mut Fixture, count: u8) {
    for service in NAMES {
        let had = lanes::change(&fixture.nats().await, &fixture.dsn(), service, count).await.unwrap();
        assert_eq!(had, fixture.lanes);
    }
    fixture.lanes = count;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_moves_from_one_lane_to_four_and_back_while_commands_wait() {
    let mut fixture = Fixture::new().await;
    let people: Vec<UserId> = (0..32).map(|_| UserId::mint()).collect();
    let mut ledger = Ledger::default();
    for count in [4, 16, 2, 1] {
        let running = fixture.start(&BOTH);
        log_some(&fixture, &mut ledger, &people, 3).await;
        // Ended somewhere in the middle: the lanes stand at different places, and outboxes may hold something.
        drop(running);
        log_some(&fixture, &mut ledger, &people[..8], 2).await;
        change(&mut fixture, count).await;
    }
    let _running: Vec<Server> = (0..2).map(|_| fixture.start(&BOTH)).collect();
    log_some(&fixture, &mut ledger, &people, 1).await;
    fixture.settle(&BOTH).await;
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_runs_keeps_its_lanes_and_says_so() {
    let fixture = Fixture::new().await;
    let running = fixture.start(&BOTH);
    fixture.settle(&BOTH).await;
    let nats = fixture.nats().await;
    let refused = lanes::change(&nats, &fixture.dsn(), "workout", 4).await.unwrap_err().to_string();
    assert!(refused.contains("workout is running: stop it first"), "{refused}");
    let refused = lanes::change(&nats, &fixture.dsn(), "workout", 3).await.unwrap_err().to_string();
    assert!(refused.contains("1, 2, 4, 8 or 16 lanes, not 3"), "{refused}");
    drop(running);
    // Another number than there is says what to do.
    let role = crate::child::Role { lanes: 4, ..fixture.role(&["tally:workout"]) };
    let _other = Server::start(&role);
    let reason = eventually("the service says why it does not work", Duration::from_secs(20), async || {
        let stats = plyo_nats::ping(&nats, "workout", Duration::from_millis(300)).await;
        let lane = stats.first().map(|stats| stats["endpoints"][0]["data"].clone()).unwrap_or_default();
        Ok(lane["reason"].as_str().map(str::to_owned))
    })
    .await;
    assert!(reason.contains("plyo lanes workout 4") && reason.contains("--lanes 1"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_every_lane_has_handled_are_removed_from_their_stream() {
    let fixture = Fixture::with_lanes(4).await;
    let _running = fixture.start(&BOTH);
    let mut ledger = Ledger::default();
    // One person, whose commands are all in one lane: the others must not hold them.
    log_some(&fixture, &mut ledger, &[UserId::mint()], 20).await;
    fixture.settle(&BOTH).await;
    let nats = fixture.nats().await;
    eventually("the commands are gone", Duration::from_secs(30), async || {
        let stream = plyo_nats::streams::commands("workout");
        Ok((plyo_nats::streams::state(&nats, &stream).await?.messages == 0).then_some(()))
    })
    .await;
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_service_that_nobody_runs_is_still_seen_when_the_broker_has_been_restarted() {
    let mut fixture = Fixture::new().await;
    let running = fixture.start(&BOTH);
    let (person, mut ledger) = (UserId::mint(), Ledger::default());
    log_some(&fixture, &mut ledger, &[person], 3).await;
    fixture.settle(&BOTH).await;
    drop(running);
    for _ in 0..2 {
        log_some(&fixture, &mut ledger, &[person], 2).await;
        fixture.nats_server.stop();
        fixture.nats_server.restart().unwrap();
    }
    let nats = fixture.nats().await;
    let info = raw::api(&nats, "CONSUMER.INFO.COMMANDS_workout.workout_0", &Value::Null).await.unwrap().unwrap();
    assert_eq!(info["num_pending"], 4, "{info}");
}
