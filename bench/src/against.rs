//! `make bench-against`: the same parts of this revision and of another one, in turn on the same machine. What is held
//! against each other is the ratio of each pair, since the machine is another one an hour later.

use std::{fs, time::Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::{
    Bench, Part, edge,
    figures::{machine, rounded},
    in_time, pipeline, push, query, reminders,
    revision::{self, Revision},
};

/// The revision that the goals are ratios to.
const BASE: &str = "58acb18";
/// Services that came later than [`BASE`].
const LATER: &[&str] = &["coach"];
const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/against.json");

/// What both can do, and what ends soon.
pub const PARTS: [(&str, Part); 6] = [
    ("edge", |bench| Box::pin(edge::measure(bench))),
    ("push", |bench| Box::pin(push::measure(bench))),
    ("pipeline", |bench| Box::pin(pipeline::measure(bench))),
    ("mixed", |bench| Box::pin(pipeline::measure_mixed(bench))),
    ("query", |bench| Box::pin(query::measure(bench))),
    ("reminders", |bench| Box::pin(reminders::measure_relaxed(bench))),
];

#[derive(Clone, Copy)]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// What this revision is to be, times [`BASE`].
const GOALS: [(&str, Goal); 13] = [
    ("pipeline_durable_per_s", Goal::AtLeast(2.5)),
    ("pipeline_relaxed_per_s", Goal::AtLeast(2.5)),
    ("cpu_us_per_command", Goal::AtMost(0.4)),
    ("wal_bytes_per_command", Goal::AtMost(0.45)),
    ("push_100_p50_ms", Goal::AtMost(0.65)),
    ("push_100_p99_ms", Goal::AtMost(0.65)),
    ("push_2000_p50_ms", Goal::AtMost(0.05)),
    ("push_2000_p99_ms", Goal::AtMost(0.05)),
    ("rebuild_per_s", Goal::AtLeast(1.5)),
    ("query_per_s", Goal::AtLeast(1.6)),
    ("edge_durable_per_s", Goal::AtLeast(1.25)),
    ("edge_relaxed_per_s", Goal::AtLeast(1.3)),
    ("reminders_10000_last_late_ms", Goal::AtMost(0.4)),
];

/// A figure of both, a pair for each round.
struct Compared {
    key: String,
    unit: &'static str,
    /// The other one's, then this one's.
    pairs: Vec<(f64, f64)>,
}

/// Measures the other revision and this one in turn, so many times, a part after the other.
pub async fn compare(this: Bench, rev: &str, rounds: usize, only: Option<&[String]>) -> Result<()> {
    ensure!(rounds > 0, "no rounds, no pairs");
    let name = revision::name_of(rev)?;
    let other = Bench { revision: Revision::built(&name)?.without(LATER), ..this.clone() };
    let this = Bench { revision: this.revision.without(LATER), ..this };
    let own = revision::own_name()?;
    let mut results = read(&own, &name, only.is_some());
    for (part, measure) in PARTS {
        if only.is_some_and(|only| !only.iter().any(|wanted| wanted == part)) {
            continue;
        }
        let started = Instant::now();
        let mut compared: Vec<Compared> = Vec::new();
        for round in 1..=rounds {
            eprintln!("{part}, {round} of {rounds} …");
            let before = in_time(part, measure(other.clone())).await?.values();
            let after = in_time(part, measure(this.clone())).await?.values();
            ensure!(before.len() == after.len(), "{part} has other figures for {name}");
            for (n, ((key, old, unit), (_, new, _))) in before.into_iter().zip(after).enumerate() {
                if round == 1 {
                    compared.push(Compared { key, unit, pairs: Vec::new() });
                }
                compared[n].pairs.push((old, new));
            }
        }
        println!("\n{part}: {name} → {own}, {:.0} s", started.elapsed().as_secs_f64());
        for figure in &compared {
            println!("{}", figure.line(&name));
            results.insert(figure.key.clone(), figure.json(&name));
        }
        if !this.scale.quick {
            write(&own, &name, &results)?;
        }
    }
    let written = if this.scale.quick { "a quick run writes no results" } else { "written to bench/against.json" };
    eprintln!("{written}");
    Ok(())
}

impl Compared {
    fn ratio(&self) -> f64 {
        median(self.ratios())
    }

    fn ratios(&self) -> impl Iterator<Item = f64> {
        self.pairs.iter().map(|(old, new)| new / old)
    }

    /// The goal, and whether it is met; `None` for a figure without one.
    fn goal(&self, other: &str) -> Option<(String, bool)> {
        let (_, goal) = GOALS.iter().find(|(key, _)| other == BASE && *key == self.key)?;
        Some(match goal {
            Goal::AtLeast(least) => (format!("≥ {least} ×"), self.ratio() >= *least),
            Goal::AtMost(most) => (format!("≤ {most} ×"), self.ratio() <= *most),
        })
    }

    fn line(&self, other: &str) -> String {
        let pair = |(old, new): &(f64, f64)| format!("{} → {} ({:.2})", rounded(*old), rounded(*new), new / old);
        let pairs: Vec<String> = self.pairs.iter().map(pair).collect();
        let goal = self.goal(other).map_or_else(String::new, |(goal, is_met)| {
            format!(", goal {goal}{}", if is_met { "" } else { " (missed)" })
        });
        format!("  {:<30} {:.3} ×{goal}\n    {} {}", self.key, self.ratio(), pairs.join("; "), self.unit)
    }

    fn json(&self, other: &str) -> Value {
        let (goal, is_met) = self.goal(other).unzip();
        let pairs: Vec<[f64; 2]> = self.pairs.iter().map(|(old, new)| [rounded(*old), rounded(*new)]).collect();
        json!({
            "unit": self.unit,
            "pairs": pairs,
            "before": rounded(median(self.pairs.iter().map(|(old, _)| *old))),
            "after": rounded(median(self.pairs.iter().map(|(_, new)| *new))),
            "ratio": (self.ratio() * 1_000.0).round() / 1_000.0,
            "goal": goal,
            "met": is_met,
        })
    }
}

/// Of an even number the mean of the two in the middle, since three pairs may become four.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
    f64::midpoint(values[low], values[high])
}

/// The figures that stay: of the same two revisions, when only some parts are measured again.
fn read(own: &str, other: &str, keep: bool) -> Map<String, Value> {
    let text = fs::read(RESULTS).ok().filter(|_| keep);
    let results: Value = text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let is_same = results["revision"] == own && results["against"] == other;
    results["figures"].as_object().filter(|_| is_same).cloned().unwrap_or_default()
}

fn write(own: &str, other: &str, figures: &Map<String, Value>) -> Result<()> {
    let machine = machine(&format!("make bench-against REV={other}"))?;
    let results = json!({ "machine": machine, "revision": own, "against": other, "figures": figures });
    fs::write(RESULTS, format!("{results:#}\n")).context("write bench/against.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_median_of_its_pairs_and_is_held_against_the_goal() {
        let mut figure = Compared {
            key: "pipeline_durable_per_s".to_owned(),
            unit: "/s",
            pairs: vec![(2_000.0, 5_200.0), (1_000.0, 2_400.0), (2_000.0, 5_000.0)],
        };
        assert_eq!(figure.goal(BASE), Some(("≥ 2.5 ×".to_owned(), true)));
        assert_eq!(figure.goal("0123456"), None, "the goals are ratios to one revision");
        figure.pairs.push((2_000.0, 4_000.0));
        assert!((figure.ratio() - 2.45).abs() < 1e-9, "{}", figure.ratio());
        assert_eq!(figure.json(BASE)["met"], false);
        assert!(figure.line(BASE).contains("(missed)"), "{}", figure.line(BASE));
    }
}
