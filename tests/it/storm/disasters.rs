//! What operators and disks do between two storms: older tables are put in place, older streams, a byte of the broker's store
//! changes, its disk is full. Each is survived, or said and mended from a backup; then an exact check.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use plyo_nats::{CommandPublisher, Nats, streams};
use plyo_servers::copy;

use super::{Plan, REAL, disturb, setting};
use crate::{
    child::{Random, Role, Server},
    ledger::Ledger,
    platform::{Fixture, eventually},
    replay_stories::{plyo, said},
    skipped::skip,
};

#[derive(Clone, Copy, Debug)]
enum Disaster {
    OlderTables,
    OlderStreams,
    DamagedByte,
    FullDisk,
}

const ALL: [Disaster; 4] = [Disaster::OlderTables, Disaster::OlderStreams, Disaster::DamagedByte, Disaster::FullDisk];

/// Room for the streams of a story, and little more.
const SMALL_DISK: &str = "size=128m";

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_and_disks_do_loses_nothing_that_a_backup_held_and_is_never_passed_over() {
    let (seed, seconds) = (setting("SEED", 7), setting("SECONDS", 0));
    let mut world = World::new(seed).await;
    let end = Instant::now() + Duration::from_secs(seconds);
    for (round, disaster) in ALL.into_iter().cycle().enumerate() {
        if round >= ALL.len() && Instant::now() >= end {
            break;
        }
        eprintln!("round {round} of seed {seed}: a storm, then {disaster:?}");
        world.storm(u64::from(seconds > 0) * 10).await;
        world.meet(disaster).await;
    }
    world.check().await;
}

struct World {
    fixture: Fixture,
    ledger: Ledger,
    publisher: CommandPublisher,
    /// The connection that the publisher has.
    nats: Nats,
    random: Random,
    log: PathBuf,
}

impl World {
    async fn new(seed: u64) -> Self {
        let fixture = Fixture::with_lanes(4).await;
        let nats = fixture.nats().await;
        let log = fixture.stream_store().with_file_name("lanes.log");
        let publisher = CommandPublisher::new(&nats, "test");
        Self { fixture, ledger: Ledger::default(), publisher, nats, random: Random(seed), log }
    }

    /// Kills and stops, for so long.
    async fn storm(&mut self, seconds: u64) {
        if seconds == 0 {
            return;
        }
        let plan = Plan { services: REAL, lanes: 4, seed: self.random.next(), seconds, bugs: Vec::new(), one_in: 50 };
        let (over, repeated) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
        let disturbing = async {
            let (_, victims) = disturb(&mut self.fixture, &plan, &repeated).await;
            over.store(true, Ordering::Relaxed);
            victims
        };
        let (ledger, victims) = tokio::join!(Ledger::keep_logging(&self.publisher, &over), disturbing);
        self.ledger.absorb(ledger);
        let _fair = self.server();
        self.fixture.settle(REAL).await;
        drop(victims);
    }

    /// A process that nothing happens to but the disaster.
    fn server(&self) -> Server {
        Server::start(&Role { log: Some(self.log.clone()), ..self.fixture.role(REAL) })
    }

    /// Some acknowledged work.
    async fn work(&mut self) {
        self.ledger.absorb(Ledger::keep_logging(&self.publisher, &AtomicBool::new(true)).await);
    }

    async fn meet(&mut self, disaster: Disaster) {
        match disaster {
            Disaster::OlderTables => self.older_tables().await,
            Disaster::OlderStreams => self.older_streams().await,
            Disaster::DamagedByte => self.damaged_byte().await,
            Disaster::FullDisk => self.full_disk().await,
        }
    }

    /// While work goes on.
    async fn older_tables(&mut self) {
        let _server = self.server();
        let backup = self.fixture.back_up_tables().unwrap();
        let over = AtomicBool::new(false);
        let restoring = async {
            let before = streams::state(&self.nats, "EVENTS").await.unwrap().last;
            eventually("tables get ahead of the backup", Duration::from_secs(60), async || {
                Ok((streams::state(&self.nats, "EVENTS").await?.last > before + 100).then_some(()))
            })
            .await;
            self.fixture.restore_tables(&backup).unwrap();
            over.store(true, Ordering::Relaxed);
        };
        let (ledger, ()) = tokio::join!(Ledger::keep_logging(&self.publisher, &over), restoring);
        self.ledger.absorb(ledger);
        fs::remove_dir_all(backup).unwrap();
        self.fixture.settle(REAL).await;
    }

    /// Every lane refuses them, until the streams that belong to the tables are back.
    async fn older_streams(&mut self) {
        let _server = self.server();
        self.fixture.settle(REAL).await;
        let older = self.fixture.back_up_streams().unwrap();
        self.work().await;
        self.fixture.settle(REAL).await;
        let newest = self.fixture.back_up_streams().unwrap();
        let said_before = fs::read_to_string(&self.log).unwrap_or_default().len();
        self.fixture.restore_streams(&older).unwrap();
        eventually("every service refuses older streams", Duration::from_secs(60), async || {
            let log = fs::read_to_string(&self.log)?;
            let refuses = |service: &str| {
                let service = format!("service=\"{service}\"");
                log[said_before..].lines().any(|line| line.contains(&service) && line.contains("--new-history"))
            };
            Ok(REAL.iter().all(|service| refuses(service)).then_some(()))
        })
        .await;
        self.fixture.restore_streams(&newest).unwrap();
        for backup in [older, newest] {
            fs::remove_dir_all(backup).unwrap();
        }
        self.work().await;
        self.fixture.settle(REAL).await;
    }

    /// `plyo verify --deep` names it; the backup mends it.
    async fn damaged_byte(&mut self) {
        let server = self.server();
        self.work().await;
        self.fixture.settle(REAL).await;
        drop(server);
        let backup = self.fixture.back_up_streams().unwrap();
        self.fixture.nats_server.kill();
        let changed = change_a_byte(&self.fixture.stream_store(), &mut self.random);
        self.fixture.nats_server.restart().unwrap();
        let output = plyo(&self.fixture, &["verify", "--deep"]);
        assert!(!output.status.success(), "{changed} was passed over:\n{}", said(&output));
        self.fixture.restore_streams(&backup).unwrap();
        fs::remove_dir_all(backup).unwrap();
    }

    /// It is said, and once there is room and the broker is started again, everything is handled.
    async fn full_disk(&mut self) {
        let _server = self.server();
        let store = self.fixture.stream_store();
        let Some(disk) = SmallDisk::under(&mut self.fixture, &store) else {
            skip("no disk was filled: only root may mount a small one");
            return;
        };
        let over = AtomicBool::new(false);
        let filling = async {
            let filler = store.join("filler");
            fill(&filler);
            eventually("the stream that takes no writes is named", Duration::from_secs(30), async || {
                Ok((!self.nats.refused_writes().is_empty()).then_some(()))
            })
            .await;
            fs::remove_file(filler).unwrap();
            self.fixture.nats_server.stop();
            self.fixture.nats_server.restart().unwrap();
            over.store(true, Ordering::Relaxed);
        };
        let (ledger, ()) = tokio::join!(Ledger::keep_logging(&self.publisher, &over), filling);
        self.ledger.absorb(ledger);
        self.fixture.settle(REAL).await;
        disk.remove(&mut self.fixture);
    }

    async fn check(mut self) {
        let server = self.server();
        self.work().await;
        self.fixture.settle(REAL).await;
        drop(server);
        assert_eq!(self.ledger.check(&self.fixture, REAL).await, Vec::<String>::new());
        let output = plyo(&self.fixture, &["verify", "--deep"]);
        assert!(output.status.success(), "{}", said(&output));
    }
}

/// Flips a bit somewhere in a block of `EVENTS`; gives where.
fn change_a_byte(store: &Path, random: &mut Random) -> String {
    let found = Command::new("find").arg(store).args(["-path", "*/EVENTS/msgs/*.blk", "-size", "+0"]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let mut blocks: Vec<&str> = found.lines().collect();
    blocks.sort_unstable();
    let block = blocks[random.below(blocks.len() as u64) as usize];
    let file = File::options().read(true).write(true).open(block).unwrap();
    let offset = random.below(file.metadata().unwrap().len());
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1 << random.below(8)], offset).unwrap();
    format!("bit of byte {offset} of {block}")
}

/// Writes until there is no room.
fn fill(filler: &Path) {
    let mut file = File::create(filler).unwrap();
    for size in [1 << 20, 1 << 10, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// The broker's store on a disk of its own, which goes with it.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this process may not mount one.
    fn under(fixture: &mut Fixture, store: &Path) -> Option<Self> {
        let backup = fixture.back_up_streams().unwrap();
        fixture.nats_server.stop();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", SMALL_DISK, "none"]).arg(store).output();
        let disk = mount.is_ok_and(|output| output.status.success()).then(|| Self(store.to_owned()));
        if disk.is_some() {
            copy(&backup.join("."), store).unwrap();
        }
        fs::remove_dir_all(backup).unwrap();
        fixture.nats_server.restart().unwrap();
        disk
    }

    /// What it holds goes back to where the store was.
    fn remove(self, fixture: &mut Fixture) {
        let backup = fixture.back_up_streams().unwrap();
        fixture.nats_server.stop();
        drop(self);
        fixture.restore_streams(&backup).unwrap();
        fs::remove_dir_all(backup).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}
