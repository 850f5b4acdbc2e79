//! A process is aborted at every named place of the loop, while 200 commands are under way, and started again.

use std::time::Duration;

use plyo_events::UserId;
use plyo_nats::CommandPublisher;

use crate::{
    child::{Fate, Place, Server},
    ledger::Ledger,
    platform::{Ground, eventually},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];

/// 200 commands of 10 users are under way; the process is aborted at `place`, then another one finishes the work.
/// What is wrong after that.
async fn aborted_at(place: &'static str, passage: u32, bugs: &[&'static str]) -> Vec<String> {
    let ground = Ground::new().await;
    let nats = ground.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let mut role = ground.role(&BOTH);
    role.bugs = bugs.to_vec();
    let mut doomed = role.clone();
    doomed.place = Some(Place { name: place, passage, fate: Fate::Abort });
    if place == "tail" {
        // Only a take-over that finds work in the outbox looks at the tail.
        leave_an_outbox(&ground, &publisher).await;
    }
    let mut first = Server::start(&doomed);
    let sending = (0..10).map(|_| UserId::mint()).map(|user| Ledger::log_workouts(&publisher, user, 20));
    let sending = futures_util::future::join_all(sending);
    let dying = eventually("the process is aborted", Duration::from_secs(30), async || Ok(first.has_ended().then_some(())));
    let (sent, ()) = tokio::join!(sending, dying);
    let _second = Server::start(&role);
    ground.settle(&BOTH).await;
    let mut ledger = Ledger::default();
    sent.into_iter().for_each(|sent| ledger.add(sent));
    ledger.check(&ground, &BOTH).await
}
