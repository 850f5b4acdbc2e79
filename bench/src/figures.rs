//! Figures: what was measured, against its limit and its goal; as a table and in `bench/results.json`.

use std::{fmt, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::history;

/// What was measured, in its order.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

pub struct Figure {
    key: String,
    value: f64,
    unit: &'static str,
    limit: Option<f64>,
    goal: String,
    is_missed: bool,
}

const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/results.json");

impl Figures {
    /// A figure without a goal of its own.
    pub fn add(&mut self, key: impl Into<String>, value: f64, unit: &'static str) -> &mut Figure {
        self.0.push(Figure { key: key.into(), value, unit, limit: None, goal: "–".to_owned(), is_missed: false });
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Each key with its value and unit.
    pub fn values(self) -> Vec<(String, f64, &'static str)> {
        self.0.into_iter().map(|figure| (figure.key, figure.value, figure.unit)).collect()
    }

    /// Each key with its value and unit, as they are.
    pub fn each(&self) -> impl Iterator<Item = (&str, f64, &'static str)> {
        self.0.iter().map(|figure| (figure.key.as_str(), figure.value, figure.unit))
    }

    /// Writes `bench/results.json`, and the same as a line of the history; what was not measured this time stays if `keep` says so.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn write(&self, keep: bool) -> Result<()> {
        let mut figures = match fs::read(RESULTS) {
            Ok(text) if keep => {
                let results: Value = serde_json::from_slice(&text).context("bench/results.json is not JSON")?;
                results["figures"].as_object().cloned().unwrap_or_default()
            }
            _ => Map::new(),
        };
        for Figure { key, value, unit, limit, .. } in &self.0 {
            let goal = self.goal_of(key);
            figures.insert(
                key.clone(),
                json!({ "value": rounded(*value), "unit": unit, "limit": limit.map(rounded), "goal": goal }),
            );
        }
        let results = json!({ "machine": machine("make bench")?, "figures": figures });
        fs::write(RESULTS, format!("{results:#}\n"))?;
        history::keep(&results)?;
        eprintln!(
            "written to bench/results.json and bench/history.jsonl; `make schemas` brings the README's table up to date"
        );
        Ok(())
    }

    /// The goal, and whether it is missed.
    fn goal_of(&self, key: &str) -> String {
        let figure = self.0.iter().find(|figure| figure.key == key);
        figure.map_or_else(String::new, |figure| {
            if figure.is_missed { format!("{} (missed)", figure.goal) } else { figure.goal.clone() }
        })
    }
}

impl Figure {
    /// What the machine allows without Plyo.
    pub const fn limit(&mut self, limit: f64) -> &mut Self {
        self.limit = Some(limit);
        self
    }

    pub fn at_least(&mut self, goal: f64) -> &mut Self {
        self.goal(&format!("≥ {goal}"), self.value >= goal)
    }

    pub fn at_most(&mut self, goal: f64) -> &mut Self {
        self.goal(&format!("≤ {goal}"), self.value <= goal)
    }

    pub fn goal(&mut self, text: &str, is_met: bool) -> &mut Self {
        text.clone_into(&mut self.goal);
        self.is_missed = !is_met;
        self
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<36} {:>12} {:<8} {:>12} {:>6}  goal", "figure", "value", "", "limit", "ratio")?;
        for figure in &self.0 {
            let limit = figure.limit.map_or_else(|| "–".to_owned(), |limit| rounded(limit).to_string());
            let ratio = figure.limit.map_or_else(|| "–".to_owned(), |limit| format!("{:.2}", figure.value / limit));
            let (value, goal) = (rounded(figure.value), self.goal_of(&figure.key));
            writeln!(f, "{:<36} {value:>12} {:<8} {limit:>12} {ratio:>6}  {goal}", figure.key, figure.unit)?;
        }
        Ok(())
    }
}

/// The value below which a share of the values lies; sorts them.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    values.get((last * share).round() as usize).copied().unwrap_or(f64::NAN)
}

/// To a hundredth: more digits say nothing.
pub fn rounded(value: f64) -> f64 {
    if value.abs() >= 1_000.0 { value.round() } else { (value * 100.0).round() / 100.0 }
}

/// What it was measured on, and by which command.
pub fn machine(command: &str) -> Result<Value> {
    let read = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let memory: u64 = read("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().context("memory")?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mounts = fs::read_to_string("/proc/mounts")?;
    let on = |place: &Path| {
        let mount = mounts.lines().filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        });
        let best = mount.filter(|(at, _)| place.starts_with(at)).max_by_key(|(at, _)| at.len());
        best.map_or("unknown", |(_, kind)| kind).to_owned()
    };
    Ok(json!({
        "cores": std::thread::available_parallelism()?.get(),
        "processor": read("/proc/cpuinfo", "model name"),
        "memory": format!("{} GiB", (memory as f64 / 1_048_576.0).round()),
        "kernel": format!("Linux {}", kernel.trim()),
        "filesystem": on(&std::env::temp_dir()),
        "command": command,
    }))
}
