//! The command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use plyo_servers::Durability;

use crate::{Scale, drain::Mix};

pub const USAGE: &str = "\
usage: plyo-bench [--quick] [--only PART,…] [--plyo PATH]
       plyo-bench drain [--people N] [--relaxed] [--mixed] [--keep] [--plyo PATH]
       plyo-bench against REV [--rounds N] [--quick] [--only PART,…]

  --quick        a tenth of the load: whether it runs, not how fast
  --only PART,…  disk, catalogue, coach, edge, push, pipeline, mixed, query, live, reminders, memory,
                 recovery, deep, erase, export, accounts, backup, restart (wants nginx); the other figures of
                 bench/results.json stay
  --plyo PATH    what is driven, if it is not the `plyo` beside this program; writes no results

drain: once, with CPU time by process and WAL
  --people N     who log twelve weeks each [default: 200]
  --relaxed      the disk may be late
  --mixed        of twenty commands one corrects and one deletes
  --keep         the platform runs on with its servers until Ctrl-C

against: another revision and this one in turn, into bench/against.json
  --rounds N     pairs of each part [default: 3]
  --only PART,…  edge, push, pipeline, mixed, query, reminders";

pub struct Options {
    pub what: What,
    pub scale: Scale,
    pub only: Option<Vec<String>>,
    pub plyo: Option<PathBuf>,
}

pub enum What {
    Help,
    Figures,
    Drain { people: usize, durability: Durability, mix: Mix, keep: bool },
    Against { rev: String, rounds: usize },
}

impl Options {
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { what: What::Figures, scale: Scale { quick: false }, only: None, plyo: None };
        let mut is_first = true;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} wants a value\n\n{USAGE}"));
            match (argument.as_str(), &mut options.what) {
                ("--help" | "-h", what) => *what = What::Help,
                ("drain", what) if is_first => {
                    *what = What::Drain { people: 200, durability: Durability::Always, mix: Mix::Logs, keep: false };
                }
                ("against", what) if is_first => *what = What::Against { rev: value()?, rounds: 3 },
                ("--rounds", What::Against { rounds, .. }) => {
                    *rounds = value()?.parse().context("--rounds is a number")?
                }
                ("--plyo", What::Figures | What::Drain { .. }) => options.plyo = Some(value()?.into()),
                ("--people", What::Drain { people, .. }) => {
                    *people = value()?.parse().context("--people is a number")?
                }
                ("--relaxed", What::Drain { durability, .. }) => *durability = Durability::Relaxed,
                ("--mixed", What::Drain { mix, .. }) => *mix = Mix::Mixed,
                ("--keep", What::Drain { keep, .. }) => *keep = true,
                ("--quick", What::Figures | What::Against { .. }) => options.scale.quick = true,
                ("--only", What::Figures | What::Against { .. }) => {
                    options.only = Some(value()?.split(',').map(str::to_owned).collect());
                }
                (other, _) => bail!("what is `{other}`?\n\n{USAGE}"),
            }
            is_first = false;
        }
        Ok(options)
    }
}
