//! The file: a zip archive that is written from the front to its end, so that none of it need be kept.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{ExportId, UserId};
use plyo_nats::{Lines, PersonalTimer};
use serde::{Deserialize, Serialize};
use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use super::Account;

/// What the files in it are called.
pub const README: &str = "README.txt";
pub const ACCOUNT: &str = "account.json";
pub const AVATAR: &str = "avatar.webp";
pub const EVENTS: &str = "events.jsonl";
pub const TIMERS: &str = "timers.jsonl";
pub const MANIFEST: &str = "manifest.json";

/// What a manifest says that the file is.
pub const FORMAT: &str = "plyo-account";
pub const VERSION: u32 = 1;

/// Of what follows the history nothing can be known before; so it is last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub format: String,
    pub version: u32,
    pub user_id: UserId,
    pub export_id: ExportId,
    pub written_at: Timestamp,
    /// How many lines `events.jsonl` has.
    pub events: u64,
    /// And how many bytes.
    pub event_bytes: u64,
    /// How many lines `timers.jsonl` has.
    pub timers: u64,
}

/// An archive that is being written. What there is of it is taken by [`Archive::take`].
pub struct Archive {
    zip: ZipWriter<StreamWriter<Shared>>,
    written: Shared,
    manifest: Manifest,
}

/// Fast, since text of this kind becomes a tenth anyway.
const LEVEL: i64 = 1;

const TEXT: &str = "This is all that Plyo has about you.

events.jsonl   Everything that happened, in order: a line each, as CloudEvents 1.0 in JSON (https://cloudevents.io).
               `type` says what it is, `time` when it happened, `data` what it says. The formats of `data` are published as
               JSON Schemas, schemas/<type>.json, with the source of Plyo. Texts of your own are sealed in it, each with the
               text itself beside it.
timers.jsonl   What is to happen later, such as reminders, in the same form.
account.json   What is not part of that: your e-mail address, the texts that name you, where you are logged in, and what your
               access tokens are called, and the key that your texts are sealed under. No password and no token is in it;
               nothing of it lets anybody log in.
avatar.webp    Your picture, if you have one.
manifest.json  What this file is, for programs.

Another instance reads it: `plyo import-account FILE`. It is about your health and your habits: keep it where nobody else looks.
";

impl Archive {
    /// # Errors
    /// When the account cannot be written as JSON.
    pub fn begin(account: &Account, avatar: Option<&[u8]>, export_id: ExportId) -> Result<Self> {
        let written = Shared::default();
        let mut zip = ZipWriter::new_stream(written.clone());
        zip.start_file(README, options())?;
        zip.write_all(TEXT.as_bytes())?;
        zip.start_file(ACCOUNT, options())?;
        serde_json::to_writer_pretty(&mut zip, account)?;
        if let Some(avatar) = avatar {
            zip.start_file(AVATAR, options())?;
            zip.write_all(avatar)?;
        }
        zip.start_file(EVENTS, options())?;
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            user_id: account.user_id,
            export_id,
            written_at: Timestamp::now(),
            events: 0,
            event_bytes: 0,
            timers: 0,
        };
        Ok(Self { zip, written, manifest })
    }

    /// Adds events. They are compressed, which takes some milliseconds.
    ///
    /// # Errors
    /// Never: it is written to memory.
    pub fn add(&mut self, lines: &Lines) -> Result<()> {
        self.zip.write_all(&lines.text)?;
        self.manifest.events += lines.events;
        self.manifest.event_bytes += lines.text.len() as u64;
        Ok(())
    }

    /// What there is since it was taken the last time.
    pub fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.written.lock())
    }

    /// The end of it, and how many events are in it.
    ///
    /// # Errors
    /// When the archive is larger than the format allows.
    pub fn finish(mut self, timers: &[PersonalTimer]) -> Result<(Vec<u8>, u64)> {
        self.zip.start_file(TIMERS, options())?;
        for timer in timers {
            serde_json::to_writer(&mut self.zip, timer)?;
            self.zip.write_all(b"\n")?;
        }
        self.manifest.timers = timers.len() as u64;
        self.zip.start_file(MANIFEST, options())?;
        serde_json::to_writer_pretty(&mut self.zip, &self.manifest)?;
        self.zip.finish()?;
        Ok((mem::take(&mut *self.written.lock()), self.manifest.events))
    }
}

fn options() -> SimpleFileOptions {
    // Of more than 4 GiB, too.
    let options = SimpleFileOptions::default().large_file(true).compression_method(CompressionMethod::Deflated);
    options.compression_level(Some(LEVEL)).unix_permissions(0o600)
}

/// Memory that an archive is written to and that is emptied meanwhile.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
