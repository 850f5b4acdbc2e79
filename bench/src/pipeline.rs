//! How fast a backlog is drained through all reactions, and how fast tables are folded again from the history.

use std::time::Instant;

use anyhow::{Context, Result};
use plyo_servers::Durability;

use crate::{
    Bench,
    cost::Cpu,
    drain::{Drained, Mix, drain},
    figures::Figures,
    fixture::{ALL, Fixture},
};

/// People who log twelve weeks of training each, as in the demo.
const PEOPLE: usize = 400;

pub async fn measure(bench: Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    let people = bench.scale.of(PEOPLE);
    let fixture = Fixture::new(&bench.revision, Durability::Always).await?;
    let drained = drain(&fixture, people, Mix::Logs, ALL).await?;
    eprintln!("{drained}");
    figures.add("pipeline_durable_per_s", drained.per_second(), "/s").at_least(5_000.0);
    cost(&drained, &mut figures);

    let fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    // What `plyo` takes to start and to make tables is not what an event costs.
    let (_, start) = rebuild(&fixture)?;
    let drained = drain(&fixture, people, Mix::Logs, ALL).await?;
    eprintln!("{drained}");
    figures.add("pipeline_relaxed_per_s", drained.per_second(), "/s").at_least(7_000.0);
    let (events, seconds) = rebuild(&fixture)?;
    eprintln!("  {events} events in {seconds:.2} s, of which {start:.2} s were for none");
    figures.add("rebuild_per_s", events / (seconds - start), "/s").at_least(65_000.0);
    Ok(figures)
}

/// The same with corrections and deletions, which meet what was remembered of earlier workouts.
pub async fn measure_mixed(bench: Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    let fixture = Fixture::new(&bench.revision, Durability::Always).await?;
    let drained = drain(&fixture, bench.scale.of(PEOPLE), Mix::Mixed, ALL).await?;
    eprintln!("{drained}");
    figures.add("pipeline_mixed_per_s", drained.per_second(), "/s");
    Ok(figures)
}

fn cost(drained: &Drained, figures: &mut Figures) {
    let Cpu { services, postgres, nats_server } = drained.cpu;
    figures.add("cpu_us_per_command", drained.cpu.all(), "µs").at_most(500.0);
    figures.add("cpu_us_per_command_services", services, "µs");
    figures.add("cpu_us_per_command_postgres", postgres, "µs");
    figures.add("cpu_us_per_command_nats", nats_server, "µs");
    figures.add("wal_bytes_per_command", drained.wal_bytes, "B").at_most(4_500.0);
    figures.add("wal_records_per_command", drained.wal_records, "");
}

/// Folds the achievement service's tables again and puts them in place; gives how many events that read, and how many
/// seconds `plyo` ran.
fn rebuild(fixture: &Fixture) -> Result<(f64, f64)> {
    let started = Instant::now();
    let said = fixture.operate(&["rebuild", "achievement"])?;
    let seconds = started.elapsed().as_secs_f64();
    // `achievement: rebuilt from 41280 of 55680 events in 1.2 s`
    let read = said.split_once(" of ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    Ok((read.with_context(|| format!("how many events were read: {said}"))?, seconds))
}
