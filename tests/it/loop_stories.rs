//! The loop when nothing fails.

use std::{sync::atomic::AtomicBool, time::Duration};

use plyo_events::{Outcome, UserId};
use plyo_nats::{CommandPublisher, Outcomes};

use crate::{
    ledger::{Ledger, log},
    platform::Fixture,
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];

#[tokio::test(flavor = "multi_thread")]
async fn a_command_becomes_an_event_and_a_reaction_and_its_sender_is_answered() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let _server = fixture.start(&BOTH);
    let outcomes = Outcomes::subscribe(&nats, "test").await.unwrap();
    let publisher = CommandPublisher::new(&nats, "test");
    let user = UserId::mint();
    let command = log(user, 5);
    let expected = outcomes.awaited(plyo_events::CommandId::new(command.id));
    publisher.send(&command, "f").await.unwrap();
    let outcome = expected.outcome(Duration::from_secs(10)).await.expect("an outcome");
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let mut ledger = Ledger::keep_logging(&publisher, &AtomicBool::new(true)).await;
    ledger.add(user, vec![command.id]);
    fixture.settle(&BOTH).await;
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
}
