//! Everything that is made from the types: JSON Schemas, the AsyncAPI and OpenAPI documents, the bytes of golden
//! examples, and the tables of the README. All of it is committed, and a test fails when it is stale.

mod asyncapi;
mod examples;
mod payloads;
mod readme;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Writes what is stale in `dir` (`schemas` of the checkout) and in the README beside it. What is not made any more stays:
/// it was released.
///
/// # Errors
/// When a file cannot be read or written, or a golden example is not what its directory says.
pub fn write(dir: &Path) -> Result<()> {
    for (path, content) in stale(dir)? {
        fs::write(&path, content).with_context(|| format!("write {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Compares instead of writing.
///
/// # Errors
/// When a file is stale; says which, and what to do.
pub fn check(dir: &Path) -> Result<()> {
    let stale: Vec<String> = stale(dir)?.into_keys().map(|path| path.display().to_string()).collect();
    ensure!(stale.is_empty(), "stale: {}; run `make schemas`", stale.join(", "));
    Ok(())
}

/// Every document by its file name.
pub fn documents() -> BTreeMap<String, Value> {
    let mut documents: BTreeMap<String, Value> =
        payloads::all().map(|payload| (format!("{}.json", payload.type_name), payload.schema)).collect();
    documents.insert("asyncapi.json".to_owned(), asyncapi::document());
    documents.insert("openapi.json".to_owned(), plyo_edge::openapi());
    documents
}

fn stale(dir: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut wanted = examples::missing_bytes(&dir.join("examples"))?;
    for (name, document) in documents() {
        wanted.insert(dir.join(name), (serde_json::to_string_pretty(&document)? + "\n").into_bytes());
    }
    let readme = dir.with_file_name("README.md");
    if let Ok(text) = fs::read_to_string(&readme) {
        let bench = fs::read(dir.with_file_name("bench").join("results.json")).ok();
        wanted.insert(readme, readme::fill(&text, bench.as_deref())?.into_bytes());
    }
    wanted.retain(|path, content| fs::read(path).ok().as_ref() != Some(content));
    Ok(wanted)
}
