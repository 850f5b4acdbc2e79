//! `make bench`: every figure that the README promises, measured on servers of its own, beside the limit that the same
//! machine sets in the same run. It drives the `plyo` binary that lies beside it, or another.

mod accounts;
mod against;
mod backup;
mod catalogue;
mod coach;
mod coached;
mod cost;
mod deep;
mod disk;
mod drain;
mod edge;
mod erase;
mod export;
mod figures;
mod fixture;
mod history;
mod http;
mod live;
mod memory;
mod options;
mod pipeline;
mod push;
mod query;
mod recovery;
mod reminders;
mod restart;
mod revision;
mod socket;
mod tokens;

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use plyo_servers::Durability;

use crate::{
    figures::Figures,
    fixture::{ALL, Fixture},
    options::{Options, USAGE, What},
    revision::Revision,
};

/// As in `plyo`: a rebuild runs in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much of the load.
#[derive(Clone, Copy)]
pub struct Scale {
    pub quick: bool,
}

impl Scale {
    /// So many of something, or a tenth of them.
    pub const fn of(self, full: usize) -> usize {
        if self.quick { full.div_ceil(10) } else { full }
    }
}

/// What a part is given.
#[derive(Clone)]
pub struct Bench {
    pub scale: Scale,
    pub revision: Revision,
}

/// None takes a quarter as long.
const PART_TIMEOUT: Duration = Duration::from_secs(1_800);

type Part = fn(Bench) -> Pin<Box<dyn Future<Output = Result<Figures>>>>;

const PARTS: [(&str, Part); 19] = [
    ("disk", |_| Box::pin(disk::measure())),
    ("catalogue", |bench| Box::pin(catalogue::measure(bench.scale))),
    ("coach", |bench| Box::pin(coach::measure(bench.scale))),
    ("edge", |bench| Box::pin(edge::measure(bench))),
    ("coached", |bench| Box::pin(coached::measure(bench))),
    ("push", |bench| Box::pin(push::measure(bench))),
    ("pipeline", |bench| Box::pin(pipeline::measure(bench))),
    ("mixed", |bench| Box::pin(pipeline::measure_mixed(bench))),
    ("query", |bench| Box::pin(query::measure(bench))),
    ("live", |bench| Box::pin(live::measure(bench))),
    ("reminders", |bench| Box::pin(reminders::measure(bench))),
    ("memory", |bench| Box::pin(memory::measure(bench))),
    ("recovery", |bench| Box::pin(recovery::measure(bench))),
    ("deep", |bench| Box::pin(deep::measure(bench))),
    ("erase", |bench| Box::pin(erase::measure(bench))),
    ("export", |bench| Box::pin(export::measure(bench))),
    ("accounts", |bench| Box::pin(accounts::measure(bench))),
    ("backup", |bench| Box::pin(backup::measure(bench))),
    ("restart", |bench| Box::pin(restart::measure(bench))),
];

fn main() -> Result<()> {
    let Options { what, scale, only, plyo } = Options::read(std::env::args().skip(1))?;
    let parts: &[(&str, Part)] = if matches!(what, What::Against { .. }) { &against::PARTS } else { &PARTS };
    let is_part = |name: &String| parts.iter().any(|(part, _)| part == name);
    ensure!(only.iter().flatten().all(is_part), "that is no part\n\n{USAGE}");
    let revision = plyo.as_deref().map_or_else(Revision::own, Revision::of)?;
    plyo_servers::raise_file_limit()?;
    // One thread drives all of the load: the rest of the machine is the platform's.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    match what {
        What::Help => {
            println!("{USAGE}");
            Ok(())
        }
        What::Figures => {
            let figures = runtime.block_on(measure(&Bench { scale, revision }, only.as_deref()))?;
            println!("{figures}");
            if let Some(before) = history::last()? {
                println!("{}", history::beside(&before, &figures));
            }
            if scale.quick || plyo.is_some() {
                eprintln!("a quick run, or one of another plyo, writes no results");
                return Ok(());
            }
            figures.write(only.is_some())
        }
        What::Against { rev, rounds } => {
            runtime.block_on(against::compare(Bench { scale, revision }, &rev, rounds, only.as_deref()))
        }
        What::Drain { people, durability, mix, keep } => runtime.block_on(async {
            let fixture = Fixture::new(&revision, durability).await?;
            println!("{}", drain::drain(&fixture, people, mix, ALL).await?);
            if keep { stay(&fixture).await } else { Ok(()) }
        }),
    }
}

/// Every part, or only these.
async fn measure(bench: &Bench, only: Option<&[String]>) -> Result<Figures> {
    let mut figures = Figures::default();
    for (name, part) in PARTS {
        if only.is_some_and(|only| !only.iter().any(|wanted| wanted == name)) {
            continue;
        }
        let started = Instant::now();
        eprintln!("{name} …");
        let measured = in_time(name, part(bench.clone())).await?;
        eprint!("{measured}");
        eprintln!("{name} took {:.0} s\n", started.elapsed().as_secs_f64());
        figures.extend(measured);
    }
    Ok(figures)
}

/// What a part measures; one that waits for ever is an error.
async fn in_time(name: &str, measuring: impl Future<Output = Result<Figures>>) -> Result<Figures> {
    let measured = tokio::time::timeout(PART_TIMEOUT, measuring).await;
    measured.with_context(|| format!("{name} does not end"))?.context(name.to_owned())
}

/// Lets a platform run on for somebody who looks at it.
async fn stay(fixture: &Fixture) -> Result<()> {
    let platform = fixture.serve(ALL).await?;
    println!("\nhttp://{} until Ctrl-C; for plyo as an operator runs it:", platform.authority);
    for (name, value) in fixture.variables("plyo") {
        println!("export {name}={value}");
    }
    println!("{:?}", fixture.processes(&platform)?);
    Ok(tokio::signal::ctrl_c().await?)
}

/// The name that figures have for it.
pub const fn name_of(durability: Durability) -> &'static str {
    match durability {
        Durability::Always => "durable",
        Durability::Relaxed => "relaxed",
    }
}
