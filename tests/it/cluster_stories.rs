//! Three nats-servers keep every stream: a lane keeps its place however many events it publishes at a time, one server may be
//! lost, and nobody changes how many keep a stream without a word.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use plyo::services::{self, SERVICES};
use plyo_client::Client;
use plyo_events::UserId;
use plyo_nats::{
    CommandPublisher, Nats, NatsConfig,
    streams::{self, StreamConfig},
};
use plyo_servers::{Access, Durability, NatsServer};
use serde_json::Value;

use crate::{
    child::{Random, Role, Server},
    ledger::{Ledger, log, send},
    platform::{Fixture, eventually},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];
/// How often somebody logs something.
const PULSE: Duration = Duration::from_millis(100);

/// What the lanes logged.
struct Lanes {
    /// How often one was taken.
    taken: usize,
    /// Why they were dropped.
    dropped: Vec<String>,
    /// How often a connection that had ended with its lane tried to sign in again.
    revenants: usize,
}

impl Lanes {
    fn of(log: &str) -> Self {
        let lines = |what: &'static str| log.lines().filter(move |line| line.contains(what));
        Self {
            taken: lines("owns the lane").count(),
            dropped: lines("released the lane").map(str::to_owned).collect(),
            revenants: lines("auth callback failed").count(),
        }
    }

    /// How many were dropped since the broker refused a fence while another publish with it was under way.
    fn refused(&self) -> usize {
        self.dropped.iter().filter(|line| line.contains("10164")).count()
    }
}

/// Both services run, and people log what they did, at a steady pace, some alone and some together, until `work` is done.
async fn while_people_log(
    fixture: &mut Fixture,
    bugs: &[&'static str],
    work: impl AsyncFnOnce(&mut Fixture, &AtomicUsize),
) -> (Vec<String>, Lanes) {
    let logs = tempfile::tempdir().unwrap();
    let path = logs.path().join("log");
    let role = Role { bugs: bugs.to_vec(), log: Some(path.clone()), ..fixture.role(&BOTH) };
    let _running = Server::start(&role);
    let publisher = CommandPublisher::new(&fixture.nats().await, "test");
    let (over, stored) = (AtomicBool::new(false), AtomicUsize::new(0));
    let working = async {
        work(fixture, &stored).await;
        over.store(true, Ordering::Relaxed);
    };
    let (ledger, ()) = tokio::join!(keep_logging(&publisher, &over, &stored), working);
    fixture.settle(&BOTH).await;
    let wrong = ledger.check(fixture, &BOTH).await;
    (wrong, Lanes::of(&std::fs::read_to_string(path).unwrap()))
}

async fn keep_logging(publisher: &CommandPublisher, over: &AtomicBool, stored: &AtomicUsize) -> Ledger {
    let people: Vec<UserId> = (0..24).map(|_| UserId::mint()).collect();
    let mut ledger = Ledger::default();
    let mut random = Random(10_164);
    let mut pulse = tokio::time::interval(PULSE);
    while !over.load(Ordering::Relaxed) {
        pulse.tick().await;
        let together = match random.below(8) {
            0 => 24,
            1 => 12,
            few => few as usize,
        };
        let commands: Vec<_> = people[..together].iter().map(|user| (*user, log(*user, 5))).collect();
        join_all(commands.iter().map(|(_, command)| send(publisher, command))).await;
        for (user, command) in commands {
            ledger.add(user, vec![command.id]);
        }
        stored.fetch_add(together, Ordering::Relaxed);
    }
    ledger
}

/// Waits until so many more commands are stored: the others go on without one.
async fn more(stored: &AtomicUsize, count: usize) {
    let enough = stored.load(Ordering::Relaxed) + count;
    eventually("commands are stored", Duration::from_secs(120), async || {
        Ok((stored.load(Ordering::Relaxed) >= enough).then_some(()))
    })
    .await;
}

/// The server that leads the others with `EVENTS`.
async fn leader(fixture: &mut Fixture) -> String {
    let url = fixture.nats_server.monitor_url();
    eventually("EVENTS has a leader", Duration::from_secs(30), async || {
        let jsz = Client::new(&url)?.get("/jsz?streams=true").await?.body;
        let streams = jsz["account_details"][0]["stream_detail"].as_array().cloned().unwrap_or_default();
        let events = streams.into_iter().find(|stream| stream["name"] == "EVENTS").unwrap_or(Value::Null);
        Ok(events["cluster"]["leader"].as_str().map(str::to_owned))
    })
    .await
}

/// Kills a server, and starts it again when the others have stored some more; waits until it has that, too.
async fn lose_for_a_while(fixture: &mut Fixture, stored: &AtomicUsize, which: impl Fn(&str) -> bool) {
    let server = fixture.nats_servers().find(|server| which(server.name())).unwrap();
    server.kill();
    more(stored, 200).await;
    server.restart().unwrap();
    eventually("it is current again", Duration::from_secs(60), async || Ok(server.is_healthy().then_some(()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers_lose_one_and_then_their_leader_and_nothing_is_lost_or_repeated() {
    let mut fixture = Fixture::on_three_servers().await;
    let (wrong, lanes) = while_people_log(&mut fixture, &[], async |fixture, stored| {
        more(stored, 300).await;
        let leads = leader(fixture).await;
        lose_for_a_while(fixture, stored, |name| name != leads).await;
        more(stored, 100).await;
        let leads = leader(fixture).await;
        lose_for_a_while(fixture, stored, |name| name == leads).await;
        more(stored, 100).await;
    })
    .await;
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(lanes.refused(), 0, "{:#?}", lanes.dropped);
    // Each is taken at the start, and anew by whoever lost a server.
    assert!(lanes.taken <= 12, "{} times: {:#?}", lanes.taken, lanes.dropped);
    assert!(lanes.revenants <= 3 * lanes.dropped.len(), "{} times: {:#?}", lanes.revenants, lanes.dropped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_pipelines_to_replicated_streams_is_dropped_again_and_again() {
    let mut fixture = Fixture::on_three_servers().await;
    let bugs = ["bug-pipelined-on-replicas"];
    let (_, lanes) = while_people_log(&mut fixture, &bugs, async |_, stored| more(stored, 500).await).await;
    assert!(lanes.refused() > 2, "taken {} times: {:#?}", lanes.taken, lanes.dropped);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_many_servers_keep_a_stream_is_checked_and_changed_with_a_word() {
    let directory = tempfile::tempdir().unwrap();
    let servers = NatsServer::start_cluster(&Access::committed(), directory.path(), 3, Durability::Always).unwrap();
    let nkey_seed = plyo_servers::nkeys::seed(&servers[0].nkeys(), "operator").ok();
    let config = NatsConfig { url: servers[0].url(), name: "operator".into(), nkey_seed };
    let nats = Nats::connect(&config).await.unwrap();
    let with = |replicas| StreamConfig { services: services::names(SERVICES), replicas };
    streams::apply(&nats, &with(1)).await.unwrap();
    for (there, wanted) in [(1, 3), (3, 1)] {
        let refused = streams::check(&nats, &with(wanted)).await.unwrap_err().to_string();
        assert!(refused.contains("num_replicas") && refused.contains("plyo migrate"), "{refused}");
        let said = streams::apply(&nats, &with(wanted)).await.unwrap();
        assert!(said.contains(&format!("stream EVENTS: update (num_replicas {there} -> {wanted})")), "{said:?}");
        assert!(said.iter().all(|line| line.contains("num_replicas")), "{said:?}");
        assert_eq!(streams::state(&nats, "EVENTS").await.unwrap().replicas, u64::from(wanted));
        streams::check(&nats, &with(wanted)).await.unwrap();
    }
}
