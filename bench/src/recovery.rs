//! How soon lanes work again: on a long history, and after tables were restored that are older than it. And what the history
//! costs on disk.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use plyo::servers::Durability;
use plyo_nats::{
    Nats,
    raw::{self, Raw},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Bench,
    drain::{Mix, drain},
    figures::Figures,
    ground::{ALL, Ground},
    settled::events,
};

/// People who log twelve weeks of training each.
const PEOPLE: usize = 400;
/// What the history of the lane that is taken has at least.
const HISTORY: usize = 1_000_000;
const IN_FLIGHT: usize = 2_000;
/// Events of this type are known to nobody.
const UNKNOWN: &str = "evt.clock.bench_ticked";
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn measure(bench: Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    let mut ground = Ground::new(&bench.revision, Durability::Relaxed).await?;
    ground.keep_tables()?;
    let drained = drain(&ground, bench.scale.of(PEOPLE), Mix::Logs).await?;
    let workouts = drained.commands as f64;
    let nats = ground.nats().await?;

    let plain = ground.stored_bytes("EVENTS")? as f64;
    figures.add("events_bytes_per_workout", plain / workouts, "B");
    let compressed = compressed_bytes(&ground, &nats).await? as f64;
    figures.add("events_bytes_per_workout_compressed", compressed / workouts, "B");

    ground.forget_tables()?;
    let logged = ground.logged().len();
    let mut platform = ground.serve(ALL).await?;
    ground.settle(PATIENCE).await?;
    platform.stop().await?;
    let log = ground.logged();
    let (folded, seconds) = caught_up(&log[logged..])?;
    eprintln!("  {folded} events were folded in {seconds:.2} s by the lane that had most to fold");
    figures.add("catch_up_per_s", folded / seconds, "/s").at_least(30_000.0);

    let there = events(&nats).await?.last as usize;
    let missing = bench.scale.of(HISTORY).saturating_sub(there);
    for _ in 0..missing.div_ceil(10_000) {
        let ticks: Vec<Raw> =
            (0..10_000).map(|_| (format!("{UNKNOWN}.{}", Uuid::new_v4()), Vec::new(), vec![0; 400])).collect();
        raw::publish_pipelined(&nats, ticks, IN_FLIGHT).await?;
    }
    // They have to be skipped once.
    ground.serve(ALL).await?.stop_when_settled(&ground).await?;
    let logged = ground.logged().len();
    ground.serve(ALL).await?.stop_when_settled(&ground).await?;
    let longest = taken(&ground.logged()[logged..])?;
    figures.add("take_lane_ms", longest, "ms").at_most(150.0);
    Ok(figures)
}

/// What the same messages take in a stream that the broker compresses.
async fn compressed_bytes(ground: &Ground, nats: &Nats) -> Result<u64> {
    let last = events(nats).await?.last;
    let config = json!({ "name": "COMPRESSED", "mirror": { "name": "EVENTS" }, "compression": "s2" });
    raw::api(nats, "STREAM.CREATE.COMPRESSED", &config).await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let info = raw::api(nats, "STREAM.INFO.COMPRESSED", &json!({})).await?.context("a stream")?;
        if info["state"]["last_seq"].as_u64() >= Some(last) {
            break;
        }
        ensure!(Instant::now() < deadline, "the mirror is not there: {info}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let bytes = ground.stored_bytes("COMPRESSED")?;
    raw::api(nats, "STREAM.DELETE.COMPRESSED", &json!({})).await?;
    Ok(bytes)
}

/// How many milliseconds the lane took that took longest, by what the log says: `… took_ms=12 …`.
fn taken(log: &str) -> Result<f64> {
    let taken = log.lines().filter(|line| line.contains("owns the lane")).filter_map(|line| number(line, "took_ms"));
    taken.reduce(f64::max).context("no lane was taken")
}

/// How many events the lane folded that had most to fold, and in how many seconds.
fn caught_up(log: &str) -> Result<(f64, f64)> {
    let mut most: Option<(f64, f64)> = None;
    for line in log.lines().filter(|line| line.contains("the tables were older")) {
        let service = line.split_once("service=").map(|(_, rest)| rest.split(' ').next().unwrap_or(rest));
        let service = service.with_context(|| format!("a service: {line}"))?;
        let (own, foreign) =
            line.split_once("folded ").and_then(|(_, rest)| rest.split_once(" own and ")).context("counts")?;
        let foreign = foreign.split(' ').next().unwrap_or(foreign);
        let folded = own.parse::<f64>()? + foreign.parse::<f64>()?;
        let took =
            log.lines().filter(|line| line.contains("owns the lane") && line.contains(&format!("service={service} ")));
        let took = took.filter_map(|line| number(line, "took_ms")).next().context("how long it took")?;
        if most.is_none_or(|(so_far, _)| folded > so_far) {
            most = Some((folded, took / 1_000.0));
        }
    }
    most.context("no lane has caught up")
}

fn number(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(&format!("{name}="))?;
    rest.split(' ').next()?.parse().ok()
}
