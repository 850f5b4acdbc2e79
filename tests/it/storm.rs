//! Two owners per service; kills and stops at random places of the loop; the broker and the database crash; then an
//! exact check. `PLYO_STORM_SEED` and `PLYO_STORM_SECONDS` make it another or a longer one (`make storm`).

mod disasters;

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use plyo_nats::{CommandPublisher, Tail};

use crate::{
    child::{Random, Role, Server},
    ledger::Ledger,
    platform::Fixture,
};

/// The services of a storm, two owners each.
const REAL: &[&str] = &["workout", "achievement", "coach", "notification"];

/// What a storm does, and for how long at most.
struct Plan {
    services: &'static [&'static str],
    lanes: u8,
    seed: u64,
    seconds: u64,
    bugs: Vec<&'static str>,
    /// One in so many passages of any place is a process's last.
    one_in: u32,
}

#[derive(Default, Debug)]
struct Damage {
    deaths: u32,
    stops: u32,
    broker_crashes: u32,
    database_crashes: u32,
}

impl Damage {
    const fn is_of_a_storm(&self) -> bool {
        self.deaths > 5 && self.stops > 1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_repeated_in_a_storm() {
    let (seed, seconds) = (setting("SEED", 7), setting("SECONDS", 60));
    // A bug that is planted by hand: the storm must fail then.
    let bug = std::env::var("PLYO_STORM_BUG").ok().map(|bug| &*bug.leak());
    for lanes in [1, 4] {
        let plan =
            Plan { services: REAL, lanes, seed, seconds: seconds / 2, bugs: bug.into_iter().collect(), one_in: 50 };
        let (wrong, damage) = storm(plan).await;
        assert_eq!(wrong, Vec::<String>::new(), "seed {seed}, {lanes} lanes: {damage:?}");
        eprintln!("seed {seed}, {lanes} lanes: {damage:?}");
    }
}

/// `PLYO_STORM_` and this name, as it is set.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(format!("PLYO_STORM_{name}")).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn storm(plan: Plan) -> (Vec<String>, Damage) {
    let mut fixture = Fixture::with_lanes(plan.lanes).await;
    let nats = fixture.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let (over, repeated) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
    let watching = tokio::spawn(watch(Tail::open(&nats, u64::MAX).await.expect("EVENTS is there"), repeated.clone()));
    let disturbing = async {
        let disturbed = disturb(&mut fixture, &plan, &repeated).await;
        over.store(true, Ordering::Relaxed);
        disturbed
    };
    let (ledger, (damage, victims)) = tokio::join!(Ledger::keep_logging(&publisher, &over), disturbing);
    watching.abort();
    // Undisturbed, with the bugs that were planted.
    let role = Role { bugs: plan.bugs.clone(), ..fixture.role(plan.services) };
    let _fair = Server::start(&role);
    fixture.settle(plan.services).await;
    drop(victims);
    fixture.settle(plan.services).await;
    (ledger.check(&fixture, plan.services).await, damage)
}

/// Notes when an event comes a second time: what both planted bugs come to, so that their storms need not disturb on.
async fn watch(mut tail: Tail, repeated: Arc<AtomicBool>) {
    let mut seen = HashSet::new();
    while let Ok(events) = tail.next().await {
        if events.iter().any(|stored| !seen.insert(stored.message.id)) {
            repeated.store(true, Ordering::Relaxed);
        }
    }
}

/// A child of the storm, and when it is continued if it is stopped.
struct Victim {
    role: Role,
    server: Server,
    continued_at: Option<Instant>,
}

/// What was damaged, and who was out there: those that were stopped have still something to say.
async fn disturb(fixture: &mut Fixture, plan: &Plan, repeated: &AtomicBool) -> (Damage, Vec<Victim>) {
    let mut random = Random(plan.seed);
    let mut damage = Damage::default();
    let services = plan.services.iter().chain(plan.services);
    let mut victims: Vec<Victim> = services.map(|service| start(fixture, service, plan, &mut random)).collect();
    let any = victims.len() as u64;
    let end = Instant::now() + Duration::from_secs(plan.seconds);
    // Where the machine is slow, few places are passed: then it goes on until it was a storm.
    while (Instant::now() < end || !damage.is_of_a_storm()) && !repeated.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for victim in &mut victims {
            if victim.server.has_ended() {
                damage.deaths += 1;
                victim.role.seed = random.next();
                victim.server = Server::start(&victim.role);
                victim.continued_at = None;
            } else if victim.server.is_stopped() && victim.continued_at.is_none() {
                // Longer than the session timeout at times, so that another owner takes over meanwhile.
                damage.stops += 1;
                victim.continued_at = Some(Instant::now() + Duration::from_millis(2_000 + random.below(12_000)));
            } else if victim.continued_at.is_some_and(|at| at <= Instant::now()) {
                victim.server.signal(Signal::SIGCONT);
                victim.continued_at = None;
            }
        }
        match random.below(1_000) {
            0..20 => victims[random.below(any) as usize].server.signal(Signal::SIGSTOP),
            20..25 => {
                damage.broker_crashes += 1;
                fixture.nats_server.kill();
                fixture.nats_server.restart().expect("nats-server starts again");
            }
            25..29 => {
                damage.database_crashes += 1;
                fixture.postgres.kill();
                fixture.postgres.restart().expect("Postgres starts again");
            }
            _ => {}
        }
    }
    victims.iter().for_each(|victim| victim.server.signal(Signal::SIGCONT));
    (damage, victims)
}

fn start(fixture: &Fixture, service: &'static str, plan: &Plan, random: &mut Random) -> Victim {
    let role = Role { bugs: plan.bugs.clone(), one_in: plan.one_in, seed: random.next(), ..fixture.role(&[service]) };
    Victim { server: Server::start(&role), role, continued_at: None }
}
