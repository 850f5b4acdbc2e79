//! The environment variables that Plyo reads; a misspelt one would be ignored silently.

use std::{collections::BTreeSet, env};

use clap::{Arg, CommandFactory};
use plyo_docs::Setting;
use plyo_servers::nkeys;

use super::Plyo;
use crate::services::{self, SERVICES};

/// What the log reads, and no option says.
const LOG: &str = "PLYO_LOG";
/// What tests read. Each name ends in `_`, so that no variable of ours begins with it by chance.
const OF_TESTS: [&str; 4] = ["PLYO_TEST_", "PLYO_STORM_", "PLYO_COACH_", "PLYO_FUZZ_"];

/// The variables of the whole command line.
pub(super) fn read_by_plyo() -> BTreeSet<String> {
    let mut commands = vec![Plyo::command()];
    let mut variables = BTreeSet::new();
    while let Some(command) = commands.pop() {
        variables
            .extend(command.get_arguments().filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned)));
        commands.extend(command.get_subcommands().cloned());
    }
    variables
}

/// What `plyo serve` is set by, as its help has it.
pub fn settings_of_serve() -> Vec<Setting> {
    let mut plyo = Plyo::command();
    // Which gives each command what it inherits.
    plyo.build();
    let serve = plyo.find_subcommand("serve");
    serve.into_iter().flat_map(clap::Command::get_arguments).filter_map(setting).collect()
}

fn setting(argument: &Arg) -> Option<Setting> {
    let defaults: Vec<_> = argument.get_default_values().iter().filter_map(|value| value.to_str()).collect();
    Some(Setting {
        variable: argument.get_env()?.to_str()?.to_owned(),
        option: argument.get_long()?.to_owned(),
        default: Some(defaults.join(",")).filter(|default| !default.is_empty()),
        help: argument.get_help().map(ToString::to_string).unwrap_or_default(),
    })
}

/// Lists variables that look like Plyo's but are unknown.
pub(super) fn warn_of_misspelt() {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for warning in misspelt(&known(), names) {
        tracing::warn!("{warning}");
    }
}

/// The same with those that the log and nats-server's configuration read.
fn known() -> BTreeSet<String> {
    let mut known = read_by_plyo();
    known.insert(LOG.to_owned());
    known.extend(nkeys::users(&services::names(SERVICES)).into_iter().map(nkeys::variable));
    known
}

fn misspelt(known: &BTreeSet<String>, names: impl Iterator<Item = String>) -> Vec<String> {
    let is_misspelt = |name: &String| {
        name.starts_with("PLYO_")
            && !known.contains(name)
            && !OF_TESTS.iter().any(|of_tests| name.starts_with(of_tests))
    };
    let warning = |name: String| {
        let distance = |known: &&String| strsim::damerau_levenshtein(known, &name);
        match known.iter().min_by_key(distance).filter(|known| distance(known) <= 3) {
            Some(meant) => format!("unknown variable {name}; did you mean {meant}?"),
            None => format!("unknown variable {name}"),
        }
    };
    names.filter(is_misspelt).map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_what_the_help_says() {
        let settings = settings_of_serve();
        let of = |variable: &str| settings.iter().find(|setting| setting.variable == variable).unwrap();
        let wait = of("PLYO_WAIT");
        assert_eq!((wait.option.as_str(), wait.default.as_deref()), ("wait", Some("30")));
        assert!(wait.help.starts_with("Seconds to wait for"), "{}", wait.help);
        assert_eq!(of("PLYO_NATS_URL").default, None);
        assert!(of("OTEL_EXPORTER_OTLP_ENDPOINT").help.starts_with("OpenTelemetry collector for spans"));
    }

    #[test]
    fn a_variable_that_is_misspelt_is_named_with_the_one_that_is_meant() {
        let names = [
            "PLYO_REPLCAS",
            "PLYO_REPLICAS",
            "PLYO_LOG",
            "PLYO_LOGS",
            "PLYO_LOG_FORMT",
            "PLYO_NKEY_EDGE",
            "PLYO_NKEY_EGDE",
            "PLYO_TEST_LOG",
            "PLYO_WEATHER",
            "PATH",
        ];
        let said = misspelt(&known(), names.into_iter().map(str::to_owned));
        let expected = [
            "unknown variable PLYO_REPLCAS; did you mean PLYO_REPLICAS?",
            "unknown variable PLYO_LOGS; did you mean PLYO_LOG?",
            "unknown variable PLYO_LOG_FORMT; did you mean PLYO_LOG_FORMAT?",
            "unknown variable PLYO_NKEY_EGDE; did you mean PLYO_NKEY_EDGE?",
            "unknown variable PLYO_WEATHER",
        ];
        assert_eq!(said, expected);
    }
}
