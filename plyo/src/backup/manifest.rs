//! The contents of a backup, and how its parts belong together. It is written last: without it a backup is incomplete.

use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use plyo_nats::backup::Stands;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::{self, Kept};

/// Of the directory and of this file. Another number is for another binary.
const FORMAT: u32 = 1;
const NAME: &str = "manifest.json";
/// Under this name while it is written.
const UNFINISHED: &str = "manifest.json.part";

#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    /// The versions of what made it.
    pub plyo: String,
    pub nats_server: String,
    pub started: Timestamp,
    pub finished: Timestamp,
    /// When this `EVENTS` was created, and those that it was restored from.
    pub histories: Vec<String>,
    /// In the order in which they were taken.
    pub streams: Vec<Stream>,
    /// What `SCHEDULE` took after its snapshot.
    pub timers: Kept,
    pub tables: Vec<Tables>,
}

/// A stream.
#[derive(Serialize, Deserialize)]
pub(super) struct Stream {
    pub name: String,
    pub config: Value,
    /// As far as the snapshot goes.
    pub state: Value,
    pub created: String,
    pub kept: Kept,
}

/// The tables of a service.
#[derive(Serialize, Deserialize)]
pub(super) struct Tables {
    pub service: String,
    /// The newest migration of each schema.
    pub migrations: BTreeMap<String, i64>,
    /// Where the lanes stood.
    pub lanes: Vec<Stands>,
    pub kept: Kept,
}

impl Manifest {
    pub(super) fn new(nats_server: String) -> Self {
        let now = Timestamp::now();
        Self {
            format: FORMAT,
            plyo: env!("CARGO_PKG_VERSION").to_owned(),
            nats_server,
            started: now,
            finished: now,
            histories: Vec::new(),
            streams: Vec::new(),
            timers: Kept::default(),
            tables: Vec::new(),
        }
    }

    pub(super) fn stream(&self, name: &str) -> Result<&Stream> {
        self.streams
            .iter()
            .find(|stream| stream.name == name)
            .with_context(|| format!("the backup does not contain {name}"))
    }

    /// Writes it, once everything else is on disk.
    pub(super) fn write(&self, directory: &Path) -> Result<()> {
        let unfinished = directory.join(UNFINISHED);
        fs::write(&unfinished, serde_json::to_vec_pretty(self)?)?;
        files::sync(&unfinished)?;
        fs::rename(&unfinished, directory.join(NAME))?;
        files::sync(directory)
    }

    /// Reads that of a backup.
    pub(super) fn read(directory: &Path) -> Result<Self> {
        let path = directory.join(NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "{} has no {NAME}, which is written last: there is no backup, or it is incomplete",
                directory.display()
            ),
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        };
        let manifest: Value =
            serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))?;
        ensure!(
            manifest["format"] == FORMAT,
            "{} has format {}, but this binary reads {FORMAT}: restore with the plyo that created it, {}",
            path.display(),
            manifest["format"],
            manifest["plyo"]
        );
        serde_json::from_value(manifest).with_context(|| format!("{} is damaged", path.display()))
    }
}
