//! Effects: what a service asks the world outside for is done at least once and reported once, whatever fails.

use std::{
    collections::HashMap,
    sync::{LazyLock, atomic::Ordering},
    time::Duration,
};

use nix::sys::signal::Signal;
use plyo::services::{Entry, SERVICES};
use plyo_events::{Event, EventKind, UserId};
use plyo_nats::{CommandPublisher, dead, ping, progress, raw, streams};
use plyo_servers::Durability;
use uuid::Uuid;

use crate::{
    child::{Failpoint, Fate, Role, Server},
    ledger::{events, log, send},
    platform::{Fixture, as_named, eventually},
    replay_stories::rebuild,
    world::{World, reps},
};

const CALLING: &str = "tally:workout:calling";

/// The services where the workout service is the one that calls, and may.
static WITH_CALLS: LazyLock<Vec<Entry>> =
    LazyLock::new(|| SERVICES.iter().map(|entry| as_named(*entry, &[CALLING])).collect());

/// What was asked for: the command that began it, and the report that it is to come to, if any.
#[derive(Default)]
struct Asked(HashMap<Uuid, Option<EventKind>>);

impl Asked {
    async fn ask(&mut self, publisher: &CommandPublisher, how_many: u32, reps: u32) {
        let report = match reps {
            reps::UNWANTED => Some(EventKind::ReminderCancelled),
            reps::GONE => None,
            _ => Some(EventKind::ReminderSet),
        };
        for _ in 0..how_many {
            let command = log(UserId::mint(), reps);
            send(publisher, &command).await;
            self.0.insert(command.id, report);
        }
    }

    /// What is wrong: nothing, if each was accepted, or refused for good, and has the one report it is to have.
    async fn check(&self, fixture: &Fixture, world: &World) -> Vec<String> {
        let mut wrong = Vec::new();
        let (mut requests, mut reports) = (HashMap::new(), HashMap::<Uuid, Vec<EventKind>>::new());
        for event in events(fixture).await {
            match event.body {
                Event::WorkoutCompleted(_) => assert_eq!(requests.insert(event.correlation, event.id), None),
                ref report => reports.entry(event.correlation).or_default().push(report.kind()),
            }
        }
        let accepted = world.accepted();
        for (command, report) in &self.0 {
            let reports = reports.remove(command).unwrap_or_default();
            if reports != report.iter().copied().collect::<Vec<_>>() {
                wrong.push(format!("{command} has the reports {reports:?} and not {report:?}"));
            }
            let was_accepted = requests.get(command).is_some_and(|request| accepted.contains_key(request));
            if was_accepted == (*report == Some(EventKind::ReminderCancelled)) {
                wrong.push(format!("{command} was {}accepted", if was_accepted { "" } else { "not " }));
            }
        }
        wrong.extend(reports.into_iter().map(|(command, reports)| format!("{command} asked for nothing: {reports:?}")));
        let letters = dead::list(&fixture.nats().await).await.unwrap();
        wrong.extend(letters.iter().map(|letter| format!("a dead letter: {}", letter.reason)));
        wrong
    }
}

async fn fixture() -> Fixture {
    Fixture::for_services(&WITH_CALLS, Durability::Always).await
}

fn calling(fixture: &Fixture, world: &World) -> Role {
    Role { world: Some(world.address), ..fixture.role(&[CALLING]) }
}

/// Waits until every request is settled, and every report handled.
async fn settle(fixture: &Fixture) {
    fixture.settle(&[CALLING]).await;
    let nats = fixture.nats().await;
    eventually("every request is settled", Duration::from_secs(90), async || {
        Ok((progress::unreported(&nats, "workout", "call").await? == 0).then_some(()))
    })
    .await;
    fixture.settle(&[CALLING]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_refuses_drops_and_stalls_is_asked_until_it_accepts() {
    let fixture = fixture().await;
    let publisher = CommandPublisher::unanswered(&fixture.nats().await);
    let mut asked = Asked::default();
    asked.ask(&publisher, 40, reps::HARD).await;
    asked.ask(&publisher, 10, reps::UNWANTED).await;
    asked.ask(&publisher, 5, reps::PANICS).await;
    asked.ask(&publisher, 5, reps::GONE).await;
    // Until it opens, every connection is refused.
    let address = World::closed().await;
    let _server = Server::start(&Role { world: Some(address), ..fixture.role(&[CALLING]) });
    fixture.settle(&[CALLING]).await;
    let world = World::open_at(address).await;
    settle(&fixture).await;
    assert_eq!(asked.check(&fixture, &world).await, Vec::<String>::new());
    assert!(
        world.accepted().values().all(|times| *times == 1),
        "nobody died, so nobody was called twice for one thing"
    );
    let of_hard = world.calls().iter().filter(|call| call.attempt >= 3).count();
    assert!(of_hard >= 40, "the third attempt at least got through: {:?}", world.calls());
    assert_eq!(fixture.verify(&[CALLING]).await, Vec::<String>::new());
}

/// 40 requests are under way when the process ends at `failpoint`; another one finishes the work. Gives what is wrong.
async fn ends_and_is_replaced(failpoint: &'static str, passage: u32, bugs: &[&'static str]) -> Vec<String> {
    let fixture = fixture().await;
    let world = World::open().await;
    let mut asked = Asked::default();
    asked.ask(&CommandPublisher::unanswered(&fixture.nats().await), 40, reps::HARD).await;
    let mut doomed = Role { bugs: bugs.to_vec(), ..calling(&fixture, &world) };
    doomed.failpoint = Some(Failpoint { name: failpoint, passage, fate: Fate::Abort });
    let mut server = Server::start(&doomed);
    eventually("the process is aborted", Duration::from_secs(30), async || Ok(server.has_ended().then_some(()))).await;
    let _next = Server::start(&calling(&fixture, &world));
    settle(&fixture).await;
    asked.check(&fixture, &world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_only_received_is_performed_by_another() {
    assert_eq!(ends_and_is_replaced("effect-received", 7, &[]).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_performed_and_not_reported_is_reported_once() {
    assert_eq!(ends_and_is_replaced("effect-performed", 7, &[]).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_reported_and_not_acknowledged_is_reported_once() {
    assert_eq!(ends_and_is_replaced("effect-reported", 7, &[]).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_settled() {
    assert_eq!(ends_and_is_replaced("effect-acked", 7, &[]).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledging_before_the_report_is_found() {
    let wrong = ends_and_is_replaced("effect-performed", 7, &["bug-effect-ack-before-report"]).await;
    assert!(!wrong.is_empty(), "the bug was not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stalls_before_it_reports_is_not_heard_later() {
    let fixture = fixture().await;
    let world = World::open().await;
    let mut asked = Asked::default();
    asked.ask(&CommandPublisher::unanswered(&fixture.nats().await), 20, reps::HARD).await;
    let mut doomed = calling(&fixture, &world);
    doomed.failpoint = Some(Failpoint { name: "effect-performed", passage: 15, fate: Fate::Stop });
    let stalled = Server::start(&doomed);
    eventually("it stalls", Duration::from_secs(30), async || Ok(stalled.is_stopped().then_some(()))).await;
    let _next = Server::start(&calling(&fixture, &world));
    settle(&fixture).await;
    assert_eq!(asked.check(&fixture, &world).await, Vec::<String>::new());
    stalled.signal(Signal::SIGCONT);
    // What it had performed it reports now; then it is well and takes part.
    let nats = fixture.nats().await;
    eventually("both are well", Duration::from_secs(60), async || {
        let instances = ping(&nats, "workout", Duration::from_millis(500)).await;
        let well = |instance: &&serde_json::Value| instance["endpoints"][0]["data"]["effects"].is_null();
        Ok((instances.iter().filter(well).count() == 2).then_some(()))
    })
    .await;
    settle(&fixture).await;
    assert_eq!(asked.check(&fixture, &world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_outlive_the_broker_and_go_on_counting() {
    let mut fixture = fixture().await;
    let world = World::open().await;
    let mut asked = Asked::default();
    asked.ask(&CommandPublisher::unanswered(&fixture.nats().await), 10, reps::HARD).await;
    world.busy.store(true, Ordering::SeqCst);
    let _server = Server::start(&calling(&fixture, &world));
    eventually("each was tried three times", Duration::from_secs(30), async || {
        let third = world.calls().iter().filter(|call| call.attempt == 3).count();
        Ok((third == 10).then_some(()))
    })
    .await;
    fixture.nats_server.kill();
    fixture.nats_server.restart().unwrap();
    let before = world.calls().len();
    world.busy.store(false, Ordering::SeqCst);
    settle(&fixture).await;
    assert_eq!(asked.check(&fixture, &world).await, Vec::<String>::new());
    let after: Vec<u32> = world.calls()[before..].iter().map(|call| call.attempt).collect();
    assert!(after.iter().all(|attempt| *attempt > 1), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_performs_nothing() {
    let fixture = fixture().await;
    let world = World::open().await;
    let mut asked = Asked::default();
    asked.ask(&CommandPublisher::unanswered(&fixture.nats().await), 20, reps::HARD).await;
    let server = Server::start(&calling(&fixture, &world));
    settle(&fixture).await;
    let calls = world.calls().len();
    drop(server);
    rebuild(&fixture, CALLING, false, false).await.unwrap();
    let _again = Server::start(&calling(&fixture, &world));
    settle(&fixture).await;
    assert_eq!(world.calls().len(), calls, "the history was performed again");
    assert_eq!(asked.check(&fixture, &world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_what_is_to_be_done() {
    let fixture = fixture().await;
    let world = World::open().await;
    let nats = fixture.nats().await;
    let _one = Server::start(&calling(&fixture, &world));
    let _other = Server::start(&calling(&fixture, &world));
    eventually("both run", Duration::from_secs(30), async || {
        Ok((ping(&nats, "workout", Duration::from_millis(500)).await.len() == 2).then_some(()))
    })
    .await;
    let mut asked = Asked::default();
    asked.ask(&CommandPublisher::unanswered(&nats), 100, reps::HARD).await;
    settle(&fixture).await;
    assert_eq!(asked.check(&fixture, &world).await, Vec::<String>::new());
    assert!(world.accepted().values().all(|times| *times == 1));
    let callers: std::collections::HashSet<u32> = world.calls().iter().map(|call| call.caller).collect();
    assert_eq!(callers.len(), 2, "each of them did some");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_long_is_left_to_whoever_is_at_it() {
    let fixture = fixture().await;
    let world = World::open().await;
    let mut asked = Asked::default();
    asked.ask(&CommandPublisher::unanswered(&fixture.nats().await), 3, reps::SLOW).await;
    let _server = Server::start(&calling(&fixture, &world));
    settle(&fixture).await;
    assert_eq!(asked.check(&fixture, &world).await, Vec::<String>::new());
    assert_eq!(world.calls().len(), 3, "{:?}", world.calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_nobody_can_read_is_a_dead_letter_and_the_others_are_performed() {
    let fixture = fixture().await;
    let world = World::open().await;
    let nats = fixture.nats().await;
    let _server = Server::start(&calling(&fixture, &world));
    let headers = [("ce-type", "workout.completed.v1"), ("ce-id", "no id"), ("content-type", "application/msgpack")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let garbage = (format!("evt.workout.completed.{}", UserId::mint()), headers, b"\xc1garbage".to_vec());
    raw::publish_pipelined(&nats, vec![garbage], 1).await.unwrap();
    let mut asked = Asked::default();
    asked.ask(&CommandPublisher::unanswered(&nats), 5, reps::HARD).await;
    settle(&fixture).await;
    let letters = dead::list(&nats).await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((letter.service.as_str(), letter.effect.as_deref(), letter.attempts), ("workout", Some("call"), 1));
    assert!(letter.reason.contains("workout.completed"), "{letter:?}");
    let refused = dead::replay(&nats, letter.sequence).await.unwrap_err().to_string();
    assert!(refused.contains("trigger it again"), "{refused}");
    dead::drop_letter(&nats, letter.sequence).await.unwrap();
    assert_eq!(world.accepted().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_a_newer_version_stops_the_effect_and_is_left_to_a_newer_binary() {
    let fixture = fixture().await;
    let world = World::open().await;
    let nats = fixture.nats().await;
    let _server = Server::start(&calling(&fixture, &world));
    fixture.settle(&[CALLING]).await;
    let newer = (
        format!("evt.workout.completed.{}", UserId::mint()),
        vec![("ce-type".to_owned(), "workout.completed.v9".to_owned())],
        vec![],
    );
    raw::publish_pipelined(&nats, vec![newer], 1).await.unwrap();
    let reason = eventually("the effect says why it stopped", Duration::from_secs(20), async || {
        let stats = ping(&nats, "workout", Duration::from_millis(300)).await;
        let data = stats.first().map(|stats| stats["endpoints"][0]["data"].clone()).unwrap_or_default();
        Ok(data["effects"]["call"].as_str().map(str::to_owned))
    })
    .await;
    assert!(reason.contains("workout.completed") && reason.contains("version 9"), "{reason}");
    assert_eq!(progress::unreported(&nats, "workout", "call").await.unwrap(), 1, "it is not skipped");
    assert!(dead::list(&nats).await.unwrap().is_empty());
    // The lane goes on.
    let before = streams::state(&nats, "EVENTS").await.unwrap().last;
    send(&CommandPublisher::unanswered(&nats), &log(UserId::mint(), reps::HARD)).await;
    eventually("the lane goes on", Duration::from_secs(10), async || {
        Ok((streams::state(&nats, "EVENTS").await?.last > before).then_some(()))
    })
    .await;
}
