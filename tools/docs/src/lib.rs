//! Everything that is made from the types and from what services say of themselves: JSON Schemas, the AsyncAPI and OpenAPI
//! documents, the bytes of golden examples, the tables of the README and of `docs/operating.md`, and the permissions on NATS.
//! All of it is committed, and a test fails when it is stale.

mod asyncapi;
mod examples;
mod operating;
mod payloads;
mod readme;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use plyo_nats::Service;
use plyo_servers::permissions;
use serde_json::Value;

pub use operating::Setting;
pub use payloads::Kinds;

/// Writes what is stale in `dir` (`schemas` of the checkout) and in `README.md`, `docs/` and `nats/` beside it. What is not made
/// any more stays: it was released.
///
/// # Errors
/// When a file cannot be read or written, or a golden example is not what its directory says.
pub fn write(dir: &Path, services: &[Service], settings: &[Setting]) -> Result<()> {
    for (path, content) in stale(dir, services, settings)? {
        fs::write(&path, content).with_context(|| format!("write {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Compares instead of writing.
///
/// # Errors
/// When a file is stale; says which, and what to do.
pub fn check(dir: &Path, services: &[Service], settings: &[Setting]) -> Result<()> {
    let stale: Vec<String> =
        stale(dir, services, settings)?.into_keys().map(|path| path.display().to_string()).collect();
    ensure!(stale.is_empty(), "stale: {}; run `make schemas`", stale.join(", "));
    Ok(())
}

/// Every document about these messages and services by its file name.
pub fn documents(kinds: &Kinds, services: &[Service]) -> BTreeMap<String, Value> {
    let payloads = payloads::all(kinds).into_iter();
    let mut documents: BTreeMap<String, Value> =
        payloads.map(|payload| (format!("{}.json", payload.type_name), payload.schema)).collect();
    documents.insert("asyncapi.json".to_owned(), asyncapi::document(kinds, services));
    documents.insert("openapi.json".to_owned(), plyo_edge::openapi());
    documents
}

fn stale(dir: &Path, services: &[Service], settings: &[Setting]) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut wanted = examples::missing_bytes(&dir.join("examples"))?;
    for (name, document) in documents(&Kinds::released(), services) {
        wanted.insert(dir.join(name), (serde_json::to_string_pretty(&document)? + "\n").into_bytes());
    }
    let readme = dir.with_file_name("README.md");
    if let Ok(text) = fs::read_to_string(&readme) {
        let bench = |name: &str| fs::read(dir.with_file_name("bench").join(name)).ok();
        let (results, against) = (bench("results.json"), bench("against.json"));
        let filled = readme::fill(&text, services, results.as_deref(), against.as_deref())?;
        wanted.insert(readme, filled.into_bytes());
    }
    let operating = dir.with_file_name("docs").join("operating.md");
    if let Ok(text) = fs::read_to_string(&operating) {
        wanted.insert(operating, operating::fill(&text, settings)?.into_bytes());
    }
    let nats = dir.with_file_name("nats");
    if nats.is_dir() {
        wanted.insert(nats.join("permissions.conf"), permissions::text(services).into_bytes());
    }
    wanted.retain(|path, content| fs::read(path).ok().as_ref() != Some(content));
    Ok(wanted)
}
