//! `make bench`: every figure that the README promises, measured on servers of its own, beside the limit that the same
//! machine sets in the same run. It drives the `plyo` binary that lies beside it.

mod catalogue;
mod coach;
mod disk;
mod edge;
mod figures;
mod ground;
mod http;
mod live;
mod pipeline;
mod push;
mod query;
mod reminders;
mod socket;
mod tokens;

use std::{pin::Pin, time::Instant};

use anyhow::{Result, bail, ensure};
use plyo::servers::Durability;

use crate::figures::Figures;

/// As in `plyo`: a rebuild runs in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
usage: plyo-bench [--quick] [--only PART,…]

  --quick        a tenth of the load: whether it runs, not how fast
  --only PART,…  disk, catalogue, coach, edge, push, pipeline, query, live, reminders; the other figures of bench/results.json stay";

/// How much of the load.
#[derive(Clone, Copy)]
pub struct Scale {
    quick: bool,
}

impl Scale {
    /// So many of something, or a tenth of them.
    pub const fn of(self, full: usize) -> usize {
        if self.quick { full.div_ceil(10) } else { full }
    }
}

type Part = fn(Scale) -> Pin<Box<dyn Future<Output = Result<Figures>>>>;

const PARTS: [(&str, Part); 9] = [
    ("disk", |_| Box::pin(disk::measure())),
    ("catalogue", |scale| Box::pin(catalogue::measure(scale))),
    ("coach", |scale| Box::pin(coach::measure(scale))),
    ("edge", |scale| Box::pin(edge::measure(scale))),
    ("push", |scale| Box::pin(push::measure(scale))),
    ("pipeline", |scale| Box::pin(pipeline::measure(scale))),
    ("query", |scale| Box::pin(query::measure(scale))),
    ("live", |scale| Box::pin(live::measure(scale))),
    ("reminders", |scale| Box::pin(reminders::measure(scale))),
];

fn main() -> Result<()> {
    let mut scale = Scale { quick: false };
    let mut only: Option<Vec<String>> = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => scale.quick = true,
            "--only" => {
                only = Some(arguments.next().unwrap_or_default().split(',').map(str::to_owned).collect());
            }
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(());
            }
            other => bail!("what is `{other}`?\n\n{USAGE}"),
        }
    }
    let is_part = |name: &String| PARTS.iter().any(|(part, _)| part == name);
    ensure!(only.iter().flatten().all(is_part), "that is no part\n\n{USAGE}");
    plyo::platform::raise_file_limit();
    // One thread drives all of the load: the rest of the machine is the platform's.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut figures = Figures::default();
    for (name, part) in PARTS {
        if only.as_ref().is_some_and(|only| !only.iter().any(|wanted| wanted == name)) {
            continue;
        }
        let started = Instant::now();
        eprintln!("{name} …");
        let measured = runtime.block_on(part(scale))?;
        eprint!("{measured}");
        eprintln!("{name} took {:.0} s\n", started.elapsed().as_secs_f64());
        figures.extend(measured);
    }
    println!("{figures}");
    if scale.quick {
        eprintln!("a quick run writes no results");
        return Ok(());
    }
    figures.write(only.is_some())
}

/// The name that figures have for it.
pub const fn name_of(durability: Durability) -> &'static str {
    match durability {
        Durability::Always => "durable",
        Durability::Relaxed => "relaxed",
    }
}
