//! Golden examples: `examples/<type>/<case>.json`, written by hand, and beside each the MessagePack that travelled for
//! it. Bytes are written once and never again: what was ever sent must decode for ever.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use plyo_events::{Body, CommandKind, EventKind, Versioned};

/// The bytes of the examples that have none yet.
pub(super) fn missing_bytes(examples: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut missing = BTreeMap::new();
    for directory in fs::read_dir(examples).into_iter().flatten() {
        let directory = directory?;
        let type_name = directory.file_name().to_string_lossy().into_owned();
        for case in fs::read_dir(directory.path())? {
            let path = case?.path();
            let bytes = path.with_extension("msgpack");
            if path.extension().is_some_and(|extension| extension == "json") && !bytes.exists() {
                let json = fs::read(&path)?;
                missing.insert(bytes, encode(&type_name, &json).with_context(|| path.display().to_string())?);
            }
        }
    }
    Ok(missing)
}

fn encode(type_name: &str, json: &[u8]) -> Result<Vec<u8>> {
    let (newest, bytes) = match CommandKind::parse(type_name) {
        Ok(Versioned { kind, version }) => (kind.newest() == version, kind.decode(version, Body::Json(json))?.encode()),
        Err(_) => {
            let Versioned { kind, version } = EventKind::parse(type_name)?;
            (kind.newest() == version, kind.decode(version, Body::Json(json))?.encode())
        }
    };
    ensure!(newest, "this version is written no more; its examples are those that it has");
    Ok(bytes)
}
