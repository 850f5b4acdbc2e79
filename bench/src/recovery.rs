//! How soon lanes work again: on a long history, and after tables were restored that are older than it. And what the history
//! costs on disk.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use plyo_nats::{
    Nats,
    raw::{self, Raw},
};
use plyo_servers::{Durability, settled::events};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Bench,
    drain::{Mix, drain},
    figures::Figures,
    fixture::{ALL, Fixture},
};

/// People who log twelve weeks of training each.
const PEOPLE: usize = 400;
/// What the history of the lane that is taken has at least.
const HISTORY: usize = 1_000_000;
const IN_FLIGHT: usize = 2_000;
/// Events of this type are known to nobody.
const UNKNOWN: &str = "evt.clock.bench_ticked";
const TIMEOUT: Duration = Duration::from_secs(120);

pub async fn measure(bench: Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    let mut fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    fixture.keep_tables()?;
    let drained = drain(&fixture, bench.scale.of(PEOPLE), Mix::Logs, ALL).await?;
    let workouts = drained.commands as f64;
    let nats = fixture.nats().await?;

    let plain = fixture.stored_bytes("EVENTS")? as f64;
    figures.add("events_bytes_per_workout", plain / workouts, "B");
    let compressed = compressed_bytes(&fixture, &nats).await? as f64;
    figures.add("events_bytes_per_workout_compressed", compressed / workouts, "B");

    fixture.forget_tables()?;
    let logged = fixture.logged().len();
    let mut platform = fixture.serve(ALL).await?;
    fixture.settle(TIMEOUT).await?;
    platform.stop().await?;
    let log = fixture.logged();
    let (folded, seconds) = caught_up(&log[logged..])?;
    eprintln!("  {folded} events were folded by all lanes side by side, the last of which took {seconds:.2} s");
    figures.add("catch_up_per_s", folded / seconds, "/s").at_least(30_000.0);

    let there = events(&nats).await?.last as usize;
    let missing = bench.scale.of(HISTORY).saturating_sub(there);
    let people: Vec<Uuid> = (0..10_000).map(|_| Uuid::new_v4()).collect();
    for _ in 0..missing.div_ceil(people.len()) {
        let tick = |person: &Uuid| (format!("{UNKNOWN}.{person}"), Vec::new(), vec![0; 400]);
        let ticks: Vec<Raw> = people.iter().map(tick).collect();
        raw::publish_pipelined(&nats, ticks, IN_FLIGHT).await?;
    }
    // They have to be skipped once.
    fixture.serve(ALL).await?.stop_when_settled(&fixture).await?;
    let logged = fixture.logged().len();
    fixture.serve(ALL).await?.stop_when_settled(&fixture).await?;
    let longest = taken(&fixture.logged()[logged..])?;
    figures.add("take_lane_ms", longest, "ms").at_most(150.0);
    Ok(figures)
}

/// What the same messages take in a stream that the broker compresses.
async fn compressed_bytes(fixture: &Fixture, nats: &Nats) -> Result<u64> {
    let last = events(nats).await?.last;
    let config = json!({ "name": "COMPRESSED", "mirror": { "name": "EVENTS" }, "compression": "s2" });
    raw::api(nats, "STREAM.CREATE.COMPRESSED", &config).await?;
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let info = raw::api(nats, "STREAM.INFO.COMPRESSED", &json!({})).await?.context("a stream")?;
        if info["state"]["last_seq"].as_u64() >= Some(last) {
            break;
        }
        ensure!(Instant::now() < deadline, "the mirror is not there: {info}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let bytes = fixture.stored_bytes("COMPRESSED")?;
    raw::api(nats, "STREAM.DELETE.COMPRESSED", &json!({})).await?;
    Ok(bytes)
}

/// How many milliseconds the lane took that took longest.
fn taken(log: &str) -> Result<f64> {
    let taken = entries(log, "owns the lane").filter_map(|entry| entry["took_ms"].as_f64());
    taken.reduce(f64::max).context("no lane was taken")
}

/// How many events all lanes folded, side by side, and how many seconds the last of them took.
fn caught_up(log: &str) -> Result<(f64, f64)> {
    let mut all = 0.0;
    for entry in entries(log, "the tables were older than EVENTS") {
        // `… folded 25 own and 3 foreign events up to 41280`
        let said = entry["message"].as_str().and_then(|said| said.split_once("folded "));
        let (own, rest) = said.and_then(|(_, rest)| rest.split_once(" own and ")).context("how many were folded")?;
        let foreign = rest.split(' ').next().unwrap_or(rest);
        all += own.parse::<f64>()? + foreign.parse::<f64>()?;
    }
    ensure!(all > 0.0, "no lane has caught up");
    Ok((all, taken(log)? / 1_000.0))
}

/// What was logged with this message: `plyo serve` logs JSON.
fn entries(log: &str, message: &str) -> impl Iterator<Item = Value> {
    let fields = |line: &str| Some(serde_json::from_str::<Value>(line).ok()?["fields"].take());
    log.lines().filter(move |line| line.contains(message)).filter_map(fields)
}
