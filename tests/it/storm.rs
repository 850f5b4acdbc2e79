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
    platform::Ground,
};

/// The services that a storm blows over, two owners each.
const REAL: &[&str] = &["workout", "achievement", "notification"];

/// How hard it blows, and how long at most.
struct Weather {
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
        let weather =
            Weather { services: REAL, lanes, seed, seconds: seconds / 2, bugs: bug.into_iter().collect(), one_in: 50 };
        let (wrong, damage) = storm(weather).await;
        assert_eq!(wrong, Vec::<String>::new(), "seed {seed}, {lanes} lanes: {damage:?}");
        eprintln!("seed {seed}, {lanes} lanes: {damage:?}");
    }
}

/// `PLYO_STORM_` and this name, as it is set.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(format!("PLYO_STORM_{name}")).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn storm(weather: Weather) -> (Vec<String>, Damage) {
    let mut ground = Ground::with_lanes(weather.lanes).await;
    let nats = ground.nats().await;
    let publisher = CommandPublisher::new(&nats, "test");
    let (over, repeated) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
    let watching = tokio::spawn(watch(Tail::open(&nats, u64::MAX).await.expect("EVENTS is there"), repeated.clone()));
    let blowing = async {
        let blown = blow(&mut ground, &weather, &repeated).await;
        over.store(true, Ordering::Relaxed);
        blown
    };
    let (ledger, (damage, ships)) = tokio::join!(Ledger::keep_logging(&publisher, &over), blowing);
    watching.abort();
    // Fair weather, with the bugs that were planted.
    let role = Role { bugs: weather.bugs.clone(), ..ground.role(weather.services) };
    let _fair = Server::start(&role);
    ground.settle(weather.services).await;
    drop(ships);
    ground.settle(weather.services).await;
    (ledger.check(&ground, weather.services).await, damage)
}

/// Notes when an event comes a second time: what both planted bugs come to, so that their storms need not blow on.
async fn watch(mut tail: Tail, repeated: Arc<AtomicBool>) {
    let mut seen = HashSet::new();
    while let Ok(events) = tail.next().await {
        if events.iter().any(|stored| !seen.insert(stored.message.id)) {
            repeated.store(true, Ordering::Relaxed);
        }
    }
}

/// A child of the storm, and when it is continued if it is stopped.
struct Ship {
    role: Role,
    server: Server,
    continued_at: Option<Instant>,
}

/// What was damaged, and who was out there: those that were stopped have still something to say.
async fn blow(ground: &mut Ground, weather: &Weather, repeated: &AtomicBool) -> (Damage, Vec<Ship>) {
    let mut random = Random(weather.seed);
    let mut damage = Damage::default();
    let services = weather.services.iter().chain(weather.services);
    let mut ships: Vec<Ship> = services.map(|service| launch(ground, service, weather, &mut random)).collect();
    let any = ships.len() as u64;
    let end = Instant::now() + Duration::from_secs(weather.seconds);
    // Where the machine is slow, few places are passed: then it blows until it was a storm.
    while (Instant::now() < end || !damage.is_of_a_storm()) && !repeated.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for ship in &mut ships {
            if ship.server.has_ended() {
                damage.deaths += 1;
                ship.role.seed = random.next();
                ship.server = Server::start(&ship.role);
                ship.continued_at = None;
            } else if ship.server.is_stopped() && ship.continued_at.is_none() {
                // Longer than the session timeout at times, so that another owner takes over meanwhile.
                damage.stops += 1;
                ship.continued_at = Some(Instant::now() + Duration::from_millis(2_000 + random.below(12_000)));
            } else if ship.continued_at.is_some_and(|at| at <= Instant::now()) {
                ship.server.signal(Signal::SIGCONT);
                ship.continued_at = None;
            }
        }
        match random.below(1_000) {
            0..20 => ships[random.below(any) as usize].server.signal(Signal::SIGSTOP),
            20..25 => {
                damage.broker_crashes += 1;
                ground.nats_server.kill();
                ground.nats_server.restart().expect("nats-server starts again");
            }
            25..29 => {
                damage.database_crashes += 1;
                ground.postgres.kill();
                ground.postgres.restart().expect("Postgres starts again");
            }
            _ => {}
        }
    }
    ships.iter().for_each(|ship| ship.server.signal(Signal::SIGCONT));
    (damage, ships)
}

fn launch(ground: &Ground, service: &'static str, weather: &Weather, random: &mut Random) -> Ship {
    let role =
        Role { bugs: weather.bugs.clone(), one_in: weather.one_in, seed: random.next(), ..ground.role(&[service]) };
    Ship { server: Server::start(&role), role, continued_at: None }
}
