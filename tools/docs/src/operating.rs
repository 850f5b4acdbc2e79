//! The tables of `docs/operating.md`, between their markers.

use anyhow::Result;

use super::readme::between;

/// What a server is set by, as its command line declares it.
#[derive(Clone, Debug)]
pub struct Setting {
    pub variable: String,
    pub option: String,
    pub default: Option<String>,
    pub help: String,
}

/// The document with its tables filled in.
///
/// # Errors
/// When a marker is missing.
pub(super) fn fill(text: &str, settings: &[Setting]) -> Result<String> {
    let text = between(text, "settings", &listed(settings))?;
    between(&text, "metrics", &metrics())
}

fn listed(settings: &[Setting]) -> String {
    let mut table = "| variable | option | default | |\n|---|---|---|---|\n".to_owned();
    for Setting { variable, option, default, help } in settings {
        let default = default.as_ref().map_or("–".to_owned(), |default| format!("`{default}`"));
        table += &format!("| `{variable}` | `--{option}` | {default} | {} |\n", help.replace('|', "\\|"));
    }
    table
}

fn metrics() -> String {
    let mut metrics: Vec<_> = plyo_nats::metric::METRICS.iter().chain(plyo_edge::METRICS).collect();
    metrics.sort_by_key(|metric| metric.name);
    let mut table = "| metric | kind | labels | |\n|---|---|---|---|\n".to_owned();
    for metric in metrics {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        table += &format!("| `{}` | {} | {labels} | {} |\n", metric.name, metric.kind, metric.help);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_metrics_are_listed_with_what_they_mean() {
        let setting = |variable: &str, option: &str, default: Option<&str>, help: &str| Setting {
            variable: variable.to_owned(),
            option: option.to_owned(),
            default: default.map(str::to_owned),
            help: help.to_owned(),
        };
        let settings = [
            setting("PLYO_WAIT", "wait", Some("30"), "How many seconds to wait"),
            setting("PLYO_NATS_URL", "nats-url", None, "One server | several"),
        ];
        let text = "<!-- settings -->\n<!-- /settings -->\n<!-- metrics -->\n<!-- /metrics -->\n";
        let text = fill(text, &settings).unwrap();
        for line in [
            "| `PLYO_WAIT` | `--wait` | `30` | How many seconds to wait |",
            "| `PLYO_NATS_URL` | `--nats-url` | – | One server \\| several |",
            "| `plyo_sink_lag` | gauge | `sink` | How many events a sink has not taken yet. |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
