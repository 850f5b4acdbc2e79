//! What is written elsewhere about the command line is what it takes.

use std::{collections::BTreeSet, fs, path::Path};

use clap::CommandFactory;
use yaml_rust2::{Yaml, YamlLoader};

use super::{variables::read_by_plyo, *};

#[test]
fn the_command_line_is_well_made() {
    Plyo::command().debug_assert();
}

#[test]
fn docker_compose_sets_what_the_binary_and_the_server_read_and_nothing_else() {
    let compose = yaml("docker-compose.yml");
    let variables = |service: &Yaml| -> BTreeSet<String> {
        let environment = service["environment"].as_hash().unwrap();
        let names = environment.keys().map(|name| name.as_str().unwrap().to_owned());
        // What is merged in is looked at where it is written, and what is not of Plyo is the server's own.
        names.filter(|name| name.starts_with("PLYO_") && name != "PLYO_LOG").collect()
    };
    let of_service = |service: &str| variables(&compose["services"][service]);
    for (place, given) in
        [("x-plyo", variables(&compose["x-plyo"])), ("keys", of_service("keys")), ("plyo", of_service("plyo"))]
    {
        let unknown: Vec<String> = given.difference(&read_by_plyo()).cloned().collect();
        assert!(unknown.is_empty(), "{place}: {unknown:?} is read by nobody");
    }
    let keys = nkeys::users(&services::names(SERVICES)).into_iter().map(nkeys::variable);
    let given: BTreeSet<String> = of_service("nats").into_iter().chain(keys).collect();
    assert_eq!(given, variables_in(&(read("nats/server.conf") + &read("nats/permissions.conf"))));
    for volume in compose["services"]["nats"]["volumes"].as_vec().unwrap() {
        let source = volume.as_str().unwrap().split(':').next().unwrap();
        assert!(!source.starts_with('.') || root().join(source).exists(), "{source} is not there");
    }
}

#[test]
fn docker_compose_can_run_each_service_in_a_container_of_its_own_and_prometheus_asks_all() {
    let compose = yaml("docker-compose.yml");
    let prometheus = yaml("deploy/prometheus/prometheus.yml");
    let names = &prometheus["scrape_configs"][0]["dns_sd_configs"][0]["names"];
    let asked: Vec<&str> = names.as_vec().unwrap().iter().filter_map(Yaml::as_str).collect();
    assert_eq!(asked, [&["plyo"], &services::names(SERVICES)[..]].concat());
    for service in services::names(SERVICES) {
        let command: Vec<&str> =
            compose["services"][service]["command"].as_vec().unwrap().iter().filter_map(Yaml::as_str).collect();
        assert_eq!(command, ["serve", "--only", service]);
    }
}

#[test]
fn the_help_of_serve_names_every_role_and_its_port() {
    let help = Plyo::command().find_subcommand_mut("serve").unwrap().render_long_help().to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [services::help_of_only(SERVICES), services::help_of_listen(SERVICES)] {
        assert!(help.contains(&said), "`{said}` is not in {help}");
    }
}

#[test]
fn a_postgres_url_of_nobody_is_refused_and_never_quoted() {
    let url = "postgres://plyo:n4Vq-8xw@db/plyo?sslmode=require";
    assert_eq!(url_of_service(&format!("workout={url}")).unwrap(), ("workout".to_owned(), url.to_owned()));
    for wrong in [url.to_owned(), format!("wrokout={url}"), "workout".to_owned()] {
        let error = url_of_service(&wrong).unwrap_err().to_string();
        assert!(error.contains("SERVICE=URL") && !error.contains("n4Vq"), "{error}");
    }
}

#[test]
fn the_help_shows_no_url_that_the_environment_holds() {
    let mut commands = vec![Plyo::command()];
    while let Some(command) = commands.pop() {
        for argument in command.get_arguments().filter(|argument| argument.get_id().as_str().contains("url")) {
            let hides = argument.get_env().is_none() || argument.is_hide_env_values_set();
            assert!(hides, "{} {}", command.get_name(), argument.get_id());
        }
        commands.extend(command.get_subcommands().cloned());
    }
}

fn variables_in(config: &str) -> BTreeSet<String> {
    let words = config.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$'));
    words
        .filter_map(|word| word.strip_prefix('$'))
        .filter(|name| name.starts_with("PLYO_"))
        .map(str::to_owned)
        .collect()
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn yaml(path: &str) -> Yaml {
    YamlLoader::load_from_str(&read(path)).unwrap().remove(0)
}
