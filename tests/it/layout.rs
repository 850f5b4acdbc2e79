//! Who may depend on whom, and what is written where.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

#[test]
fn dependencies_point_one_way() {
    assert_eq!(ours("events"), set(&[]), "the contracts stand alone");
    assert_eq!(ours("nats"), set(&["plyo-events"]));
    assert_eq!(ours("migrations"), set(&[]));
    assert_eq!(ours("exercises"), set(&["plyo-events"]));
    assert_eq!(ours("sealing"), set(&["plyo-events"]));
    assert_eq!(ours("model"), set(&[]), "the protocol is checked apart from its code");
    assert_eq!(ours("servers"), set(&["plyo-nats"]), "who starts a Postgres builds no service");
    assert!(!ours("bench").contains("plyo"), "it drives the binary that ships, whose code is not in it");
    assert_eq!(ours("tools/client"), set(&[]), "a client knows the public API alone");
    assert_eq!(ours("tools/demo"), set(&["plyo-client"]));
    assert_eq!(ours("tools/docs"), set(&["plyo-edge", "plyo-events", "plyo-nats", "plyo-servers"]));
    for service in members().into_iter().filter(|member| member.starts_with("services/") || member == "edge") {
        let dependencies = ours(&service);
        assert!(
            dependencies.is_subset(&set(&["plyo-events", "plyo-exercises", "plyo-nats", "plyo-sealing"])),
            "{service}: {dependencies:?}"
        );
    }
}

/// The folders of `nats/src`, each above those before it.
#[test]
fn folders_of_the_loop_stand_above_what_they_use() {
    let order = ["broker", "sql", "lane", "operate", "service"];
    for (path, text) in sources() {
        let Some((folder, _)) = path.strip_prefix("nats/src/").and_then(|path| path.split_once('/')) else { continue };
        let Some(place) = order.iter().position(|directory| *directory == folder) else { continue };
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        for above in &order[place + 1..] {
            let words = [format!("crate::{above}::"), format!("    {above}::")];
            assert!(words.iter().all(|word| !product.contains(word)), "{path} uses `{above}`, which stands above it");
        }
        let foreign = match folder {
            "broker" => &["sqlx", "    sql::", "crate::sql"][..],
            "sql" => &["async_nats", "    broker::", "crate::broker"],
            _ => continue,
        };
        assert!(foreign.iter().all(|word| !product.contains(word)), "{path} has one of {foreign:?}");
    }
}

/// The modules that make proposals: each uses only what can be understood without it.
#[test]
fn proposals_depend_on_each_other_one_way() {
    let room = "services/coach/src/domain/recommend/";
    let named = sources().into_iter().filter_map(|(path, text)| {
        let name = path.strip_prefix(room)?.strip_suffix(".rs")?;
        (!name.contains("tests")).then(|| (name.to_owned(), text))
    });
    let modules: Vec<(String, String)> = named.collect();
    assert!(modules.len() > 20);
    let uses = |text: &str, other: &str| {
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let mut imports = product.split("super::").skip(1).map(|rest| rest.split(';').next().unwrap_or_default());
        imports.any(|import| import.split(|c: char| c != '_' && !c.is_alphanumeric()).any(|word| word == other))
    };
    let mut rest: Vec<&(String, String)> = modules.iter().collect();
    while !rest.is_empty() {
        let is_free =
            |(name, text): &(String, String)| rest.iter().all(|(other, _)| other == name || !uses(text, other));
        let free: Vec<&str> = rest.iter().filter(|one| is_free(one)).map(|(name, _)| name.as_str()).collect();
        let names: Vec<&str> = rest.iter().map(|(name, _)| name.as_str()).collect();
        assert!(!free.is_empty(), "these depend on each other in a circle: {names:?}");
        rest.retain(|(name, _)| !free.contains(&name.as_str()));
    }
}

#[test]
fn each_tool_has_its_room() {
    for (tool, directories) in [
        ("async-nats", &["nats"][..]),
        ("axum", &["edge", "plyo"]),
        ("redis", &["edge"]),
        ("clap", &["plyo"]),
        ("argon2", &["bench", "services/identity"]),
        ("chacha20poly1305", &["sealing"]),
        ("tracing-opentelemetry", &["nats", "plyo"]),
        ("opentelemetry-otlp", &["plyo"]),
    ] {
        let found: Vec<String> = members().into_iter().filter(|member| dependencies(member).contains(tool)).collect();
        assert!(
            found.iter().all(|member| directories.contains(&member.as_str())),
            "{tool} is a dependency of {found:?}"
        );
        assert!(!found.is_empty(), "{tool} is nobody's dependency");
    }
    // The contracts do no input and no output.
    for tool in ["tokio", "sqlx", "async-nats", "axum", "redis"] {
        assert!(!dependencies("events").contains(tool), "events depends on {tool}");
    }
}

#[test]
fn versions_are_in_one_place() {
    for member in members() {
        let manifest = fs::read_to_string(root().join(&member).join("Cargo.toml")).unwrap();
        for line in entries(&manifest, "dependencies").chain(entries(&manifest, "dev-dependencies")) {
            assert!(line.contains("workspace = true"), "{member}: `{line}` belongs into the root Cargo.toml");
        }
    }
}

#[test]
fn an_image_is_built_of_every_member() {
    let ignored = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let is_sent = |path: &str| ignored.lines().any(|line| line.strip_prefix('!') == Some(path));
    for member in members() {
        // Those that the binary is not made of need no more than their manifest.
        let top = member.split('/').next().unwrap_or_default();
        assert!(is_sent(top) || is_sent(&format!("{member}/Cargo.toml")), "a build of the image misses {member}");
    }
}

#[test]
fn sql_is_in_the_stores() {
    // The stores of services; the loop's own tables; what makes, dumps and restores databases, and what measures.
    let allowed = |path: &str| {
        path.ends_with("/store.rs")
            || path.starts_with("nats/src/")
            || path.starts_with("migrations/")
            || path.starts_with("servers/src/")
            || path == "plyo/src/backup/tables.rs"
            || path.starts_with("bench/")
            || path.contains("tests")
    };
    for (path, text) in sources() {
        let has_sql = ["sqlx::query", "sqlx::raw_sql", "load.by("].iter().any(|call| text.contains(call));
        assert!(!has_sql || allowed(&path), "{path} has SQL");
    }
}

/// Whatever decides, reacts or evolves, in whichever file: of the loop it knows what a reactor and its tables look like. The
/// clock is clippy's to find, by `clippy.toml`.
#[test]
fn decisions_know_no_io() {
    let functions = ["fn needs(", "fn decide(", "fn react(", "fn evolve("];
    let is_pure = |path: &str, product: &str| {
        let is_domain = path.ends_with("/domain.rs") || path.contains("/domain/");
        path.starts_with("services/") && (is_domain || functions.iter().any(|function| product.contains(function)))
    };
    let mut found = BTreeSet::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| !path.contains("/tests")) {
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        if !is_pure(&path, product) {
            continue;
        }
        for word in ["async ", "sqlx", "store::", "queries::", "requests::", "rand::random", "rand::rng("] {
            assert!(!product.contains(word), "{path} has `{word}`");
        }
        let pure = ["Best", "Incoming", "Reactor", "Row", "Rows", "Table", "Tables", "row"];
        for of_the_loop in product.split("plyo_nats::").skip(1) {
            let named = of_the_loop.split(';').next().unwrap_or_default().split(|c: char| !c.is_alphanumeric());
            let others: Vec<&str> = named.filter(|word| !word.is_empty() && !pure.contains(word)).collect();
            assert!(others.is_empty(), "{path} has {others:?} of the loop");
        }
        found.insert(path);
    }
    let reactors: Vec<&str> = found.iter().filter_map(|path| path.strip_suffix("/src/reactor.rs")).collect();
    assert!(reactors.len() >= 4, "only {reactors:?} decide");
    for service in reactors {
        assert!(found.contains(&format!("{service}/src/domain.rs")), "{service} has no domain.rs");
        let root = fs::read_to_string(root().join(service).join("src/lib.rs")).unwrap();
        assert!(root.contains("#![deny(clippy::disallowed_methods"), "{service} does not deny its decisions the clock");
    }
}

#[test]
fn a_file_is_read_in_one_sitting() {
    for (path, text) in sources() {
        let lines = text.split("#[cfg(test)]").next().unwrap_or_default().lines().count();
        let most = if path.starts_with("tests/") { 500 } else { 400 };
        assert!(lines <= most, "{path} has {lines} lines");
    }
}

#[test]
fn every_file_says_what_it_is_and_leaves_nothing_undone() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!"), "{path} does not begin with `//!`");
        // Written apart, so that this file does not find itself.
        for word in [["to", "do!("], ["unimple", "mented!("], ["FIX", "ME"], ["#[ign", "ore"], ["uns", "afe {"]] {
            assert!(!text.contains(&word.concat()), "{path} has `{}`", word.concat());
        }
    }
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let directories = [
        "docs/",
        "edge/",
        "events/",
        "nats/",
        "migrations/",
        "plyo/",
        "servers/",
        "services/",
        "tools/",
        "tests/",
        "schemas/",
        "scripts/",
    ];
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let named = text.split('`').filter(|word| directories.iter().any(|directory| word.starts_with(directory)));
        let paths: Vec<&str> = named.filter(|path| !path.contains(['<', '*', ' ', '\n'])).collect();
        assert!(paths.len() > 3, "{document} names only {paths:?}");
        for path in paths {
            assert!(root().join(path).exists(), "{document} names {path}");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The workspace's members, as the root says them.
fn members() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let list = manifest.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    list.lines().map(|line| line.trim().trim_matches([',', '"']).to_owned()).filter(|line| !line.is_empty()).collect()
}

/// The lines of a section of a manifest.
fn entries<'a>(manifest: &'a str, section: &str) -> impl Iterator<Item = &'a str> {
    let header = format!("[{section}]");
    let lines = manifest.lines().skip_while(move |line| *line != header).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

/// What a member depends on, tests left out: they may use anything.
fn dependencies(member: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
    let name = |line: &str| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned();
    entries(&manifest, "dependencies").chain(entries(&manifest, "build-dependencies")).map(name).collect()
}

fn ours(member: &str) -> BTreeSet<String> {
    dependencies(member).into_iter().filter(|name| name.starts_with("plyo")).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Every Rust file of the members, by its path from the root.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> = members().iter().map(|member| root().join(member)).collect();
    while let Some(directory) = directories.pop() {
        for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 50, "only {} files were found", found.len());
    found
}
