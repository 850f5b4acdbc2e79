//! `plyo catalogue`: how well the exercise catalogue recognises names, and a page to browse it.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use plyo_exercises::{
    Catalogue as Exercises, MATCHES_FROM,
    evaluation::{Evaluation, Miss, MissKind, evaluate, read_cases},
};
use serde_json::json;

use crate::catalogue_page;

#[derive(Subcommand)]
pub(crate) enum Catalogue {
    /// How many exercise names are recognised, with aliases and by catalogue names alone
    Eval {
        /// A CSV with the column `exercise` and optionally `slug`, or one name per line
        #[arg(long)]
        names: PathBuf,
        /// Print JSON: {"figures": …, "misses": …}
        #[arg(long)]
        json: bool,
    },
    /// Write the catalogue as one self-contained, searchable HTML file
    Html {
        #[arg(long, default_value = "catalogue.html")]
        output: PathBuf,
    },
}

impl Catalogue {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Eval { names, json } => {
                let text = fs::read_to_string(&names).with_context(|| format!("cannot read {}", names.display()))?;
                let evaluation = evaluate(&read_cases(&text));
                if json {
                    print_json(&evaluation)
                } else {
                    print(&evaluation)
                }
                Ok(())
            }
            Self::Html { output } => {
                let page = catalogue_page::render(Exercises::get().all())?;
                fs::write(&output, page).with_context(|| format!("cannot write {}", output.display()))?;
                eprintln!("{} exercises written to {}", Exercises::get().all().len(), output.display());
                Ok(())
            }
        }
    }
}

fn print_json(evaluation: &Evaluation) {
    let Evaluation { exercises, resolved, top1, top3, misses, .. } = evaluation;
    let miss = |Miss { name, kind, meant, found }: &Miss| {
        let found: Vec<_> = found.iter().map(|(slug, score, _)| json!({ "slug": slug, "score": score })).collect();
        json!({ "name": name, "what": what(*kind), "meant": meant, "found": found })
    };
    let figures = json!({
        "exercises": exercises,
        "names_resolved": resolved,
        "top1_without_aliases": top1,
        "top3_without_aliases": top3,
    });
    println!("{:#}", json!({ "figures": figures, "misses": misses.iter().map(miss).collect::<Vec<_>>() }));
}

fn print(evaluation: &Evaluation) {
    let Evaluation { exercises, names, resolved, top1, top3, taken, taken_right, misses } = evaluation;
    for Miss { name, kind, meant, found } in misses {
        println!("{name}: {}; expected {}", what(*kind), meant.as_deref().unwrap_or("unknown"));
        for (slug, score, reason) in found {
            println!("    {score:.2}  {slug}: {reason}");
        }
    }
    println!("exercises              {exercises}");
    println!("names                  {names}");
    println!("names resolved         {resolved:.3}");
    println!("top 1 without aliases  {top1:.3}");
    println!("top 3 without aliases  {top3:.3}");
    println!("accepted without aliases  {taken}, at a score of {MATCHES_FROM} or more; {taken_right:.3} of them right");
}

const fn what(kind: MissKind) -> &'static str {
    match kind {
        MissKind::Unresolved => "no slug, name or alias",
        MissKind::NotFirst => "not first without aliases",
        MissKind::NotAmongThree => "not in the top 3 without aliases",
    }
}
