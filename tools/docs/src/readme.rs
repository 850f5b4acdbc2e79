//! The tables of the README, between their markers.

use anyhow::{Context, Result};
use plyo_events::Versioned;
use plyo_nats::Service;
use serde_json::Value;

use super::{
    asyncapi::readers,
    payloads::{Kinds, Payload},
};

/// The README with its tables filled in. `bench` is `bench/results.json` and `against` is `bench/against.json`, where they
/// exist.
///
/// # Errors
/// When a marker is missing, or the results are not what `make bench` writes.
pub(super) fn fill(readme: &str, services: &[Service], bench: Option<&[u8]>, against: Option<&[u8]>) -> Result<String> {
    let figures = match bench {
        Some(results) => figures(&serde_json::from_slice(results).context("bench/results.json is not JSON")?)?,
        None => {
            "`make bench` measures them and writes `bench/results.json`; `make schemas` then writes the table here.\n"
                .to_owned()
        }
    };
    let readme = between(readme, "events", &events(services))?;
    let readme = between(&readme, "commands", &commands())?;
    let readme = between(&readme, "figures", &figures)?;
    let against = match against {
        Some(results) => compared(&serde_json::from_slice(results).context("bench/against.json is not JSON")?)?,
        None => "`make bench-against` measures them and writes `bench/against.json`.\n".to_owned(),
    };
    between(&readme, "against", &against)
}

pub(super) fn between(text: &str, name: &str, table: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let missing = || format!("there are no markers `{}` and `{end}`", begin.trim_end());
    let (before, rest) = text.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}\n{table}\n{end}{after}"))
}

fn events(services: &[Service]) -> String {
    let mut table = "| event | of | read by | |\n|---|---|---|---|\n".to_owned();
    for kind in Kinds::released().events {
        let readers = readers(services, kind);
        let readers = if readers.is_empty() { "–".to_owned() } else { readers.join(", ") };
        let payload = Payload::event(Versioned { kind, version: kind.newest() });
        table += &format!("| {} | {} | {readers} | {} |\n", link(&payload), kind.service(), payload.description());
    }
    table
}

fn commands() -> String {
    let mut table = "| command | to | |\n|---|---|---|\n".to_owned();
    for kind in Kinds::released().commands {
        let payload = Payload::command(Versioned { kind, version: kind.newest() });
        table += &format!("| {} | {} | {} |\n", link(&payload), kind.service(), payload.description());
    }
    table
}

fn link(payload: &Payload) -> String {
    format!("[`{0}`](schemas/{0}.json)", payload.type_name)
}

fn figures(results: &Value) -> Result<String> {
    let figures = results["figures"].as_object().context("bench/results.json has no figures")?;
    let mut table = "| figure | value | raw limit | ratio | goal |\n|---|---|---|---|---|\n".to_owned();
    for (key, figure) in figures {
        let value = figure["value"].as_f64().with_context(|| format!("the figure `{key}` has no value"))?;
        let limit = figure["limit"].as_f64();
        let ratio =
            limit.filter(|limit| *limit > 0.0).map_or("–".to_owned(), |limit| format!("{:.2}", value / limit));
        let limit = limit.map_or("–".to_owned(), number);
        let (unit, goal) = (figure["unit"].as_str().unwrap_or_default(), figure["goal"].as_str().unwrap_or("–"));
        table += &format!("| `{key}` | {} {unit} | {limit} | {ratio} | {goal} |\n", number(value));
    }
    table += &measured_on(results);
    Ok(table)
}

fn compared(results: &Value) -> Result<String> {
    let figures = results["figures"].as_object().context("bench/against.json has no figures")?;
    let name = |name: &str| results[name].as_str().unwrap_or("?");
    let mut table = format!("| figure | `{}` | `{}` | ratio | goal |\n", name("against"), name("revision"));
    table += "|---|---|---|---|---|\n";
    for (key, figure) in figures {
        let value = |name: &str| figure[name].as_f64().with_context(|| format!("the figure `{key}` has no {name}"));
        let (before, after, ratio) = (number(value("before")?), number(value("after")?), value("ratio")?);
        let (unit, goal) = (figure["unit"].as_str().unwrap_or_default(), figure["goal"].as_str().unwrap_or("–"));
        let missed = if figure["met"] == false { " (missed)" } else { "" };
        table += &format!("| `{key}` | {before} {unit} | {after} {unit} | {ratio:.2} | {goal}{missed} |\n");
    }
    table += &measured_on(results);
    Ok(table)
}

fn measured_on(results: &Value) -> String {
    let machine: Vec<String> = results["machine"].as_object().into_iter().flatten().map(described).collect();
    if machine.is_empty() { String::new() } else { format!("\nMeasured on: {}.\n", machine.join(", ")) }
}

fn described((name, value): (&String, &Value)) -> String {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("{} {value}", name.replace('_', " "))
}

/// Three digits that say something are enough.
fn number(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_replaced_and_the_text_around_it_stays() {
        let text = "before\n<!-- x -->\nold\n<!-- /x -->\nafter";
        assert_eq!(between(text, "x", "new\n").unwrap(), "before\n<!-- x -->\n\nnew\n\n<!-- /x -->\nafter");
        assert!(between("no markers", "x", "new").is_err());
    }

    #[test]
    fn a_figure_is_shown_against_its_limit_and_its_goal() {
        let results = serde_json::json!({
            "machine": { "cores": 2, "disk": "ext4" },
            "figures": { "edge_relaxed_per_s": { "value": 31_000, "unit": "/s", "limit": 62_000, "goal": "≥ 30,000/s" } }
        });
        let table = figures(&results).unwrap();
        assert!(table.contains("| `edge_relaxed_per_s` | 31000 /s | 62000 | 0.50 | ≥ 30,000/s |"), "{table}");
        assert!(table.contains("Measured on: cores 2, disk ext4."), "{table}");
    }

    #[test]
    fn a_revision_is_shown_beside_another() {
        let figure = serde_json::json!({
            "pairs": [[2_100, 4_000]], "before": 2_100, "after": 4_000, "ratio": 1.9, "unit": "/s", "goal": "≥ 2.5 ×", "met": false
        });
        let results = serde_json::json!({
            "against": "58acb18", "revision": "0123456", "figures": { "pipeline_durable_per_s": figure }
        });
        let table = compared(&results).unwrap();
        assert!(table.starts_with("| figure | `58acb18` | `0123456` | ratio | goal |"), "{table}");
        assert!(
            table.contains("| `pipeline_durable_per_s` | 2100 /s | 4000 /s | 1.90 | ≥ 2.5 × (missed) |"),
            "{table}"
        );
    }
}
