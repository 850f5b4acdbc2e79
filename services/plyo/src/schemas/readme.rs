//! The tables of the README, between their markers.

use anyhow::{Context, Result};
use plyo_events::{CommandKind, EventKind};
use serde_json::Value;

use super::{asyncapi::readers, payloads::Payload};

/// The README with its tables filled in. `bench` is `bench/results.json`, where it exists.
///
/// # Errors
/// When a marker is missing, or the results are not what `make bench` writes.
pub(super) fn fill(readme: &str, bench: Option<&[u8]>) -> Result<String> {
    let figures = match bench {
        Some(results) => figures(&serde_json::from_slice(results).context("bench/results.json is not JSON")?)?,
        None => {
            "`make bench` measures them and writes `bench/results.json`; `make schemas` then writes the table here.\n"
                .to_owned()
        }
    };
    let readme = between(readme, "events", &events())?;
    let readme = between(&readme, "commands", &commands())?;
    between(&readme, "figures", &figures)
}

fn between(text: &str, name: &str, table: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let missing = || format!("the README has no markers `{}` and `{end}`", begin.trim_end());
    let (before, rest) = text.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}\n{table}\n{end}{after}"))
}

fn events() -> String {
    let mut table = "| event | of | read by | |\n|---|---|---|---|\n".to_owned();
    for kind in EventKind::ALL {
        let readers = readers(*kind);
        let readers = if readers.is_empty() { "–".to_owned() } else { readers.join(", ") };
        let payload = Payload::event(*kind);
        table += &format!("| {} | {} | {readers} | {} |\n", link(&payload), kind.service(), payload.description());
    }
    table
}

fn commands() -> String {
    let mut table = "| command | to | |\n|---|---|---|\n".to_owned();
    for kind in CommandKind::ALL {
        let payload = Payload::command(*kind);
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
    let machine: Vec<String> = results["machine"].as_object().into_iter().flatten().map(described).collect();
    if !machine.is_empty() {
        table += &format!("\nMeasured on: {}.\n", machine.join(", "));
    }
    Ok(table)
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
}
