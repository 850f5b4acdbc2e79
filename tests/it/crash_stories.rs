//! A process is aborted at every named failpoint of the loop, while 200 commands are under way, and started again.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use plyo_nats::CommandPublisher;

use crate::{
    child::{Failpoint, Fate, Role, Server},
    ledger::Ledger,
    platform::{Fixture, eventually},
};

const COUNTS: &str = "tally:workout";
const REACTS: &str = "tally:achievement";
const BOTH: [&str; 2] = [COUNTS, REACTS];

/// 200 commands of 10 users are under way; the process is aborted at `failpoint`, then another one finishes the work.
/// Gives what is wrong after that.
async fn aborted_at(fixture: &Fixture, failpoint: &'static str, passage: u32) -> Vec<String> {
    ends_and_is_replaced(fixture, fixture.role(&BOTH), failpoint, passage).await
}

/// The same of these services alone.
async fn ends_and_is_replaced(
    fixture: &Fixture,
    mut doomed: Role,
    failpoint: &'static str,
    passage: u32,
) -> Vec<String> {
    let publisher = CommandPublisher::new(&fixture.nats().await, "test");
    let mut ledger = Ledger::default();
    if failpoint == "tail" {
        // Only an owner that finds work in the outbox looks at the tail: another one dies before it leaves some.
        doomed.failpoint = Some(Failpoint { name: "commit", passage: 3, fate: Fate::Abort });
        ledger.absorb(until_it_ends(&publisher, &doomed).await);
    }
    doomed.failpoint = Some(Failpoint { name: failpoint, passage, fate: Fate::Abort });
    ledger.absorb(until_it_ends(&publisher, &doomed).await);
    doomed.failpoint = None;
    let _next = Server::start(&doomed);
    fixture.settle(&BOTH).await;
    ledger.check(fixture, &BOTH).await
}

/// Starts a process that will be aborted, and logs workouts until it is.
async fn until_it_ends(publisher: &CommandPublisher, doomed: &Role) -> Ledger {
    let mut server = Server::start(doomed);
    let over = AtomicBool::new(false);
    let ending = async {
        eventually("the process is aborted", Duration::from_secs(30), async || Ok(server.has_ended().then_some(())))
            .await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(Ledger::keep_logging(publisher, &over), ending).0
}

async fn nothing_is_wrong_after(failpoint: &'static str, passages: &[u32]) {
    for lanes in [1, 4] {
        for passage in passages {
            let fixture = Fixture::with_lanes(lanes).await;
            let wrong = aborted_at(&fixture, failpoint, *passage).await;
            assert_eq!(wrong, Vec::<String>::new(), "{failpoint}, passage {passage}, {lanes} lanes");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_dies_with_the_lock_is_replaced() {
    nothing_is_wrong_after("lock", &[1, 2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_dies_after_its_mark_is_replaced() {
    nothing_is_wrong_after("epoch-marker", &[1, 2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_dies_looking_at_the_tail_is_replaced() {
    nothing_is_wrong_after("tail", &[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_only_pulled_is_handled_by_the_next_owner() {
    nothing_is_wrong_after("pull", &[2, 7]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_was_not_committed_never_was() {
    for failpoint in ["begin", "look-up", "decide", "save"] {
        nothing_is_wrong_after(failpoint, &[4]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_and_not_published_is_published_by_the_next_owner() {
    nothing_is_wrong_after("commit", &[3, 8]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_in_part_is_completed_without_repeating() {
    nothing_is_wrong_after("publish", &[1, 3, 10]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_and_not_noted_as_such_is_not_published_again() {
    nothing_is_wrong_after("published", &[3]).await;
}

/// Planted bugs: the checker must find each of them, or it proves nothing. The one service that has the bug is alone in its
/// process, so that the failpoint is met in its lane; the other is well.
async fn is_found(bug: &'static str, [faulty, well]: [&'static str; 2], failpoint: &'static str, passage: u32) {
    let fixture = Fixture::new().await;
    let _well = fixture.start(&[well]);
    let doomed = Role { bugs: vec![bug], ..fixture.role(&[faulty]) };
    let wrong = ends_and_is_replaced(&fixture, doomed, failpoint, passage).await;
    assert!(!wrong.is_empty(), "{bug} was not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_to_look_at_the_tail_is_found() {
    is_found("bug-no-tail", [COUNTS, REACTS], "published", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn purging_commands_before_the_commit_is_found() {
    is_found("bug-purge-before-commit", [COUNTS, REACTS], "decide", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_outside_the_transaction_is_found() {
    is_found("bug-position-outside", [REACTS, COUNTS], "published", 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_before_the_commit_is_found() {
    is_found("bug-publish-before-commit", [COUNTS, REACTS], "published-early", 4).await;
}
