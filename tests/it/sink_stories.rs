//! Sinks: files that take every event and keep how far they got, while their process and the broker are killed.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use plyo_events::UserId;
use plyo_nats::{AnotherHistory, CommandPublisher, Nats, Position, Sink, Start, Stored, feed, streams};

use crate::{
    ledger::{Ledger, events, log, send},
    platform::{Fixture, eventually},
};

const BOTH: [&str; 2] = ["tally:workout", "tally:achievement"];

/// A file of event ids, a line each. A batch ends with its position, without which it does not count.
pub struct File(pub PathBuf);

impl File {
    /// The ids that count, and the position that they end at.
    fn read(path: &Path) -> (Vec<String>, Option<Position>) {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let (mut ids, mut position, mut counted) = (Vec::new(), None, 0);
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            match line.trim_end().strip_prefix("position ") {
                None => ids.push(line.trim_end().to_owned()),
                Some(written) => {
                    position = serde_json::from_str(written).ok();
                    counted = ids.len();
                }
            }
        }
        ids.truncate(counted);
        (ids, position)
    }
}

impl Sink for File {
    const NAME: &'static str = "file";

    async fn position(&mut self) -> Result<Option<Position>> {
        let (ids, position) = Self::read(&self.0);
        let mut whole = ids.iter().map(|id| format!("{id}\n")).collect::<String>();
        if let Some(position) = position {
            whole += &format!("position {}\n", serde_json::to_string(&position)?);
        }
        // What a torn batch left does not count.
        std::fs::write(&self.0, whole)?;
        Ok(position)
    }

    async fn write(&mut self, events: &[Stored], position: Position) -> Result<()> {
        let mut file = std::fs::OpenOptions::new().append(true).open(&self.0)?;
        for event in events {
            // A line at a time, so that a kill tears batches.
            file.write_all(format!("{}\n", event.message.id).as_bytes())?;
        }
        Ok(file.write_all(format!("position {}\n", serde_json::to_string(&position)?).as_bytes())?)
    }
}

/// The child's side: a file that is fed from the first event on, until something kills it.
pub async fn serve(nats: Nats, path: &str) -> Result<()> {
    let never = feed(&nats, &mut File(path.into()), Start::Last(u64::MAX)).await?;
    match never {}
}

/// The name under which a child runs a sink.
fn sink(path: &Path) -> &'static str {
    Box::leak(format!("sink:{}", path.display()).into_boxed_str())
}

async fn ids(fixture: &Fixture) -> Vec<String> {
    events(fixture).await.iter().map(|event| event.id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_that_are_killed_with_their_process_and_lose_the_broker_have_every_event_once_and_in_order() {
    let mut fixture = Fixture::new().await;
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (directory.path().join("one"), directory.path().join("other"));
    let publisher = CommandPublisher::unanswered(&fixture.nats().await);
    let _services = fixture.start(&BOTH);
    let mut sinks = [Some(fixture.start(&[sink(&one)])), Some(fixture.start(&[sink(&other)]))];
    let over = AtomicBool::new(false);
    let breaking = async {
        let has_grown = async |path: &Path, than: usize| {
            eventually("the file grows", Duration::from_secs(60), async || {
                Ok((File::read(path).0.len() > than).then_some(()))
            })
            .await;
        };
        for round in 0..6 {
            for (place, path) in [&one, &other].into_iter().enumerate() {
                has_grown(path, File::read(path).0.len()).await;
                if (round + place) % 2 == 0 {
                    // Dropping a child kills it.
                    sinks[place] = None;
                    sinks[place] = Some(fixture.start(&[sink(path)]));
                }
            }
            if round == 3 {
                fixture.nats_server.kill();
                fixture.nats_server.restart().unwrap();
            }
        }
        over.store(true, Ordering::Relaxed);
    };
    let (ledger, ()) = tokio::join!(Ledger::keep_logging(&publisher, &over), breaking);
    fixture.settle(&BOTH).await;
    assert_eq!(ledger.check(&fixture, &BOTH).await, Vec::<String>::new());
    let expected = ids(&fixture).await;
    for path in [one, other] {
        eventually("the file is whole", Duration::from_secs(60), async || {
            Ok((File::read(&path).0.len() >= expected.len()).then_some(()))
        })
        .await;
        assert_eq!(File::read(&path).0, expected, "{}", path.display());
    }
}

/// Feeds a file here until it has so many events.
async fn feed_until(nats: &Nats, path: &Path, start: Start, how_many: usize) -> Vec<String> {
    let mut file = File(path.to_owned());
    tokio::select! {
        ended = feed(nats, &mut file, start) => panic!("it ended: {ended:?}"),
        () = eventually("the file is whole", Duration::from_secs(30), async || {
            Ok((File::read(path).0.len() >= how_many).then_some(()))
        }) => File::read(path).0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_begins_at_a_sequence_at_a_time_or_so_many_events_before_the_end_and_goes_on_where_it_stands() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let publisher = CommandPublisher::unanswered(&nats);
    let directory = tempfile::tempdir().unwrap();
    let _services = fixture.start(&["tally:workout"]);
    let log_some = async |how_many: u32| {
        for _ in 0..how_many {
            send(&publisher, &log(UserId::mint(), 5)).await;
        }
        fixture.settle(&["tally:workout"]).await;
    };
    log_some(5).await;
    let fifth = streams::state(&nats, "EVENTS").await.unwrap().last;
    let between = jiff::Timestamp::now();
    log_some(4).await;
    let all = ids(&fixture).await;
    assert_eq!(all.len(), 9);
    for (name, start, from) in [
        ("first", Start::Last(u64::MAX), 0),
        ("sequence", Start::Sequence(fifth), 4),
        ("time", Start::Time(between), 5),
        ("long ago", Start::Time(jiff::Timestamp::UNIX_EPOCH), 0),
        ("last", Start::Last(2), 7),
    ] {
        let path = directory.path().join(name);
        assert_eq!(feed_until(&nats, &path, start, 9 - from).await, all[from..], "{name}");
    }
    let tomorrow = Start::Time(between + jiff::SignedDuration::from_hours(24));
    let path = directory.path().join("tomorrow");
    let (written, ()) = tokio::join!(feed_until(&nats, &path, tomorrow, 1), log_some(1));
    assert_eq!(written, ids(&fixture).await[9..]);
    // Where it is to begin counts only for a sink that never wrote.
    let path = directory.path().join("last");
    assert_eq!(feed_until(&nats, &path, Start::Last(u64::MAX), 3).await, ids(&fixture).await[7..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_of_another_history_ends_a_sink_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    {
        let _services = fixture.start(&["tally:workout"]);
        send(&CommandPublisher::unanswered(&nats), &log(UserId::mint(), 5)).await;
        fixture.settle(&["tally:workout"]).await;
    }
    let written = feed_until(&nats, &path, Start::Last(u64::MAX), 1).await;
    let Some(position) = File::read(&path).1 else { panic!("it has a position") };
    let ahead = Position { sequence: position.sequence + 5, ..position };
    File(path.clone()).write(&[], ahead).await.unwrap();
    let ended = feed(&nats, &mut File(path.clone()), Start::Last(0)).await;
    assert_eq!(ended, Err(AnotherHistory::Shorter { last: position.sequence, read: ahead.sequence }));
    let mut running = File(path.clone());
    File(path.clone()).write(&[], position).await.unwrap();
    let anew = async {
        streams::delete(&nats, "EVENTS").await?;
        streams::apply(&nats, &fixture.config().streams()).await.context("make EVENTS anew")
    };
    let (ended, made) = tokio::join!(feed(&nats, &mut running, Start::Last(0)), anew);
    made.unwrap();
    assert_eq!(ended, Err(AnotherHistory::CreatedAnew));
    assert_eq!(feed(&nats, &mut running, Start::Last(0)).await, Err(AnotherHistory::CreatedAnew));
    assert_eq!(File::read(&path).0, written);
}
