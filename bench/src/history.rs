//! Every run whose figures were committed: a line of `bench/history.jsonl` each, the newest last.

use std::{fmt::Write as _, fs};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    figures::{Figures, rounded},
    revision,
};

const HISTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/history.jsonl");

/// The run before this one, if there was any.
///
/// # Errors
/// When the file cannot be read.
pub fn last() -> Result<Option<Value>> {
    let Ok(text) = fs::read_to_string(HISTORY) else { return Ok(None) };
    text.lines().last().map(|line| serde_json::from_str(line).context("bench/history.jsonl")).transpose()
}

/// Adds what `bench/results.json` says now, with the revision that was measured. What the same revision measured before
/// is replaced: one of them is committed.
///
/// # Errors
/// When the file cannot be read or written, or git does not know the revision.
pub fn keep(results: &Value) -> Result<()> {
    let commit = revision::own_name()?;
    let mut line = results.clone();
    (line["commit"], line["at"]) =
        (json!(commit), json!(jiff::Timestamp::now().round(jiff::Unit::Second)?.to_string()));
    let text = fs::read_to_string(HISTORY).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if last()?.is_some_and(|last| last["commit"] == commit) {
        lines.pop();
    }
    lines.push(line.to_string());
    fs::write(HISTORY, lines.join("\n") + "\n").context("write bench/history.jsonl")
}

/// Each figure of this run that an earlier one has, too, beside what it was.
pub fn beside(before: &Value, figures: &Figures) -> String {
    let name = |key: &str| before[key].as_str().unwrap_or("?");
    let mut table = format!("beside {} of {}\n", name("commit"), name("at"));
    for (key, now, unit) in figures.each() {
        let Some(then) = before["figures"][key]["value"].as_f64() else { continue };
        let ratio = if then == 0.0 { "–".to_owned() } else { format!("{:.2} ×", now / then) };
        let (then, now) = (rounded(then), rounded(now));
        // A String takes everything.
        let _ = writeln!(table, "{key:<36} {then:>12} → {now:>12} {unit:<8} {ratio:>8}");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_what_the_results_say() {
        let mut last = last().unwrap().unwrap();
        for added in ["commit", "at"] {
            assert!(last.as_object_mut().unwrap().remove(added).is_some_and(|value| value.is_string()), "{added}");
        }
        let results = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/results.json")).unwrap();
        assert_eq!(last, serde_json::from_slice::<Value>(&results).unwrap(), "run `make bench` or restore both");
    }

    #[test]
    fn every_run_says_of_what_and_on_what_it_was() {
        for line in fs::read_to_string(HISTORY).unwrap().lines() {
            let run: Value = serde_json::from_str(line).unwrap();
            assert!(run["commit"].is_string() && run["machine"]["cores"].is_u64(), "{line:.200}");
            assert!(run["at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{line:.200}");
            assert!(run["figures"].as_object().is_some_and(|figures| !figures.is_empty()), "{line:.200}");
        }
    }

    #[test]
    fn a_run_is_shown_beside_the_one_before() {
        let mut figures = Figures::default();
        figures.add("query_per_s", 3_000.0, "/s");
        figures.add("new_ms", 1.0, "ms");
        let before = json!({ "commit": "0123456", "at": "2026-11-29T12:00:00Z",
            "figures": { "query_per_s": { "value": 2_000.0 }, "gone_ms": { "value": 1.0 } } });
        let table = beside(&before, &figures);
        assert!(table.starts_with("beside 0123456 of 2026-11-29T12:00:00Z\n"), "{table}");
        assert_eq!((table.lines().count(), table.contains("1.50 ×")), (2, true), "{table}");
    }
}
