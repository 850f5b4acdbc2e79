//! Who may depend on whom, and where things belong.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The dependencies of a crate, without those of its tests.
fn dependencies(folder: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    let section =
        manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default().split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

const SERVICES: [&str; 7] = ["user", "workout", "achievement", "notification", "coach", "social", "analytics"];

#[test]
fn a_crate_depends_only_on_what_lies_below_it() {
    let ours =
        |folder: &str| dependencies(folder).into_iter().filter(|name| name.starts_with("plyo")).collect::<Vec<_>>();
    assert_eq!(ours("events"), Vec::<String>::new());
    assert_eq!(ours("nats"), ["plyo-events"]);
    assert_eq!(ours("migrations"), Vec::<String>::new());
    for service in SERVICES.into_iter().chain(["edge"]) {
        let allowed = ["plyo-events", "plyo-nats"];
        let found = ours(&format!("services/{service}"));
        assert!(found.iter().all(|name| allowed.contains(&name.as_str())), "{service} depends on {found:?}");
    }
}

#[test]
fn a_library_is_named_in_one_place() {
    let places = [
        ("async-nats", vec!["nats"]),
        ("redis", vec!["services/edge"]),
        ("axum", vec!["services/edge", "services/plyo"]),
        ("clap", vec!["services/plyo"]),
    ];
    let services = SERVICES.iter().map(|service| format!("services/{service}"));
    let folders: Vec<String> = services
        .chain(["events", "nats", "migrations", "services/edge", "services/plyo", "tests"].map(str::to_owned))
        .collect();
    for (library, allowed) in places {
        for folder in folders.iter().filter(|folder| !allowed.contains(&folder.as_str())) {
            assert!(!dependencies(folder).iter().any(|name| name == library), "{folder} depends on {library}");
        }
    }
}

#[test]
fn sql_is_in_the_store() {
    for service in SERVICES {
        for path in sources(&root().join("services").join(service).join("src")) {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let has_sql = code.contains("sqlx::query") || code.contains("Rows::load_by") || code.contains("SELECT ");
            let in_store = path.to_string_lossy().contains("store");
            assert!(in_store || !has_sql, "{} has SQL", path.display());
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else {
            found.push(entry);
        }
    }
    found
}
