//! Two owners: the one that holds the lane is stopped, another takes it, the first is continued and changes nothing.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use nix::sys::signal::Signal;
use plyo_events::UserId;
use plyo_nats::{CommandPublisher, streams};
use sqlx::Connection;

use crate::{
    child::{Failpoint, Fate, Role, Server},
    ledger::{Ledger, log, send},
    platform::{Fixture, eventually},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];

/// What a stalled owner left, and what it did when it was continued.
struct Stalled {
    wrong: Vec<String>,
    appended: u64,
    changed: bool,
}

async fn stalled_at(failpoint: &'static str, passage: u32, bugs: &[&'static str]) -> Stalled {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let mut role = fixture.role(&["tally:workout"]);
    role.bugs = bugs.to_vec();
    let _achievement = fixture.start(&["tally:achievement"]);
    role.failpoint = Some(Failpoint { name: failpoint, passage, fate: Fate::Stop });
    let stalled = Server::start(&role);
    role.failpoint = None;
    let over = AtomicBool::new(false);
    let taking_over = async {
        eventually("the owner stalls", Duration::from_secs(30), async || Ok(stalled.is_stopped().then_some(()))).await;
        over.store(true, Ordering::Relaxed);
        Server::start(&role)
    };
    let (ledger, _next) = tokio::join!(Ledger::keep_logging(&publisher, &over), taking_over);
    fixture.settle(&BOTH).await;
    let before = (streams::state(&nats, "EVENTS").await.unwrap().last, tally(&fixture).await);
    stalled.signal(Signal::SIGCONT);
    // It goes back to standing by: a session of its own waits for the lock again.
    eventually("the first owner stands by", Duration::from_secs(30), async || {
        Ok((sessions(&fixture).await? >= 2).then_some(()))
    })
    .await;
    if bugs.contains(&"bug-no-fence") {
        // What it sends may have to wait until its connection is back.
        eventually("the broker accepts what the first owner sends", Duration::from_secs(60), async || {
            Ok((streams::state(&nats, "EVENTS").await?.last > before.0).then_some(()))
        })
        .await;
    }
    fixture.settle(&BOTH).await;
    let after = (streams::state(&nats, "EVENTS").await.unwrap().last, tally(&fixture).await);
    let wrong = ledger.check(&fixture, &BOTH).await;
    Stalled { wrong, appended: after.0 - before.0, changed: after.1 != before.1 }
}

async fn tally(fixture: &Fixture) -> Vec<(uuid::Uuid, i64)> {
    let mut db = fixture.database("workout").await;
    sqlx::query_as("SELECT user_id, n FROM tally ORDER BY user_id").fetch_all(&mut db).await.unwrap()
}

async fn sessions(fixture: &Fixture) -> anyhow::Result<i64> {
    let mut db = sqlx::PgConnection::connect(&fixture.dsn()).await?;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'plyo workout lane'";
    Ok(sqlx::query_scalar(sql).fetch_one(&mut db).await?)
}

async fn changes_nothing(failpoint: &'static str, passage: u32) {
    let stalled = stalled_at(failpoint, passage, &[]).await;
    assert_eq!(stalled.wrong, Vec::<String>::new(), "{failpoint}");
    assert_eq!(stalled.appended, 0, "{failpoint}: the stalled owner appended to EVENTS");
    assert!(!stalled.changed, "{failpoint}: the stalled owner changed a table");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_stalls_in_a_transaction_changes_nothing_later() {
    changes_nothing("decide", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_stalls_before_it_publishes_appends_nothing_later() {
    changes_nothing("commit", 4).await;
    changes_nothing("before-publish", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_stalls_while_it_publishes_appends_nothing_later() {
    changes_nothing("publish", 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_stalls_when_it_has_published_does_no_harm() {
    changes_nothing("published", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_fence_is_found_when_an_owner_stalls() {
    let stalled = stalled_at("before-publish", 4, &["bug-no-fence"]).await;
    assert!(!stalled.wrong.is_empty() || stalled.appended > 0, "a missing fence was not found");
}

/// Remembered rows of a lane that was lost, and changed by another owner meanwhile, must not be worked on.
#[tokio::test(flavor = "multi_thread")]
async fn memory_that_outlives_the_lane_is_found() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let bugs = vec!["bug-memory-outlives-lane"];
    let _achievement = fixture.start(&["tally:achievement"]);
    let stalled = Server::start(&Role { bugs: bugs.clone(), ..fixture.role(&["tally:workout"]) });
    let user = UserId::mint();
    let mut ledger = Ledger::default();
    let mut logged = async |count: usize| {
        for _ in 0..count {
            let command = log(user, 5);
            send(&publisher, &command).await;
            ledger.add(user, vec![command.id]);
        }
    };
    logged(3).await;
    fixture.settle(&BOTH).await;
    stalled.signal(Signal::SIGSTOP);
    let next = fixture.start(&["tally:workout"]);
    logged(3).await;
    fixture.settle(&BOTH).await;
    // The first owner has seen three workouts of six when the lane is its own again.
    drop(next);
    stalled.signal(Signal::SIGCONT);
    logged(3).await;
    fixture.settle(&BOTH).await;
    assert!(!ledger.check(&fixture, &BOTH).await.is_empty(), "memory of a lost lane was not found");
}
