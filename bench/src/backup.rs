//! How fast `plyo backup` copies a long history, and what a push takes meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::Timestamp;
use plyo_nats::raw::{self, Raw};
use plyo_servers::Durability;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    Bench,
    figures::{Figures, percentile},
    fixture::{ALL, Fixture},
    push,
};

const MESSAGES: usize = 500_000;
/// What a workout of a few exercises has.
const BODY: usize = 400;
const IN_FLIGHT: usize = 2_000;
const BATCH_SIZE: usize = 10_000;
/// Pushes a second, and how many seconds.
const RATE: usize = 50;
const SECONDS: usize = 10;
const SETTLING: Duration = Duration::from_secs(120);

pub async fn measure(bench: Bench) -> Result<Figures> {
    let fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    let nats = fixture.nats().await?;
    for _ in 0..bench.scale.of(MESSAGES) / BATCH_SIZE {
        raw::publish_pipelined(&nats, (0..BATCH_SIZE).map(|_| event()).collect(), IN_FLIGHT).await?;
    }
    let platform = fixture.serve(ALL).await?;
    // Nobody reads what is there, and it has to be skipped once.
    fixture.settle(SETTLING).await?;
    let posts = bench.scale.of(RATE * SECONDS);
    // What the first ones cost, connections and plans of statements, is not what a push costs.
    let unlocked = push::Pushed::achievements();
    push::at_rate(&fixture, &platform.authority, RATE, RATE, &unlocked).await?;
    let mut alone = push::at_rate(&fixture, &platform.authority, RATE, posts, &unlocked).await?;
    // One backup after another, as long as pushes are measured.
    let directory = TempDir::new()?;
    let mut speeds = Vec::new();
    let beside = {
        let pushing = push::at_rate(&fixture, &platform.authority, RATE, posts, &unlocked);
        tokio::pin!(pushing);
        let mut number = 0;
        loop {
            number += 1;
            let place = directory.path().join(number.to_string());
            let backup = backup(&fixture, &place);
            tokio::pin!(backup);
            let pushed = tokio::select! {
                speed = &mut backup => {
                    speeds.push(speed?);
                    None
                }
                pushed = &mut pushing => Some(pushed?),
            };
            if let Some(pushed) = pushed {
                speeds.push(backup.await?);
                break pushed;
            }
            std::fs::remove_dir_all(&place)?;
        }
    };
    let mut beside = beside;
    let mut figures = Figures::default();
    figures.add("backup_mb_per_s", percentile(&mut speeds, 0.5), "MB/s").at_least(100.0);
    let (alone, beside) = (percentile(&mut alone, 0.99), percentile(&mut beside, 0.99));
    figures.add("backup_push_p99_ms", beside, "ms").limit(alone).goal("< 2 × without a backup", beside < 2.0 * alone);
    Ok(figures)
}

/// Takes a backup as an operator does; gives its megabytes a second.
async fn backup(fixture: &Fixture, place: &std::path::Path) -> Result<f64> {
    let started = Instant::now();
    let said = fixture.operate_beside(&["backup", &place.display().to_string()]).await?;
    eprint!("{said}");
    // `backup: 412.1 MB in 3.1 s (132.9 MB/s), through 500000 of EVENTS: …`
    let megabytes = said.strip_prefix("backup: ").and_then(|rest| rest.split_once(" MB")?.0.parse::<f64>().ok());
    Ok(megabytes.with_context(|| format!("how much it was: {said}"))? / started.elapsed().as_secs_f64())
}

/// One that no service reads, and that does not compress better than what people log.
fn event() -> Raw {
    let headers = vec![
        ("ce-specversion".to_owned(), "1.0".to_owned()),
        ("ce-id".to_owned(), Uuid::new_v4().to_string()),
        ("ce-type".to_owned(), "bench.filled.v1".to_owned()),
        ("ce-source".to_owned(), "plyo/bench".to_owned()),
        ("ce-time".to_owned(), Timestamp::now().to_string()),
        ("ce-datacontenttype".to_owned(), "application/msgpack".to_owned()),
        ("ce-causationid".to_owned(), Uuid::new_v4().to_string()),
    ];
    // A half of it is random.
    let mut body = vec![0; BODY];
    body[..BODY / 2].chunks_exact_mut(16).for_each(|some| some.copy_from_slice(Uuid::new_v4().as_bytes()));
    (format!("evt.bench.filled.{}", Uuid::new_v4()), headers, body)
}
