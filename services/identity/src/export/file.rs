//! Such a file, read. Nothing of it is believed: whoever brings it may have made it.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use plyo_events::{Event, Message};
use plyo_nats::{PersonalTimer, cloud_event};
use serde::de::DeserializeOwned;
use uuid::Uuid;
use zip::ZipArchive;

use super::{ACCOUNT, AVATAR, Account, EVENTS, FORMAT, MANIFEST, Manifest, TIMERS, VERSION};

/// No event is as large: messages of the broker have at most 1 MiB.
const MAX_LINE: u64 = 512 * 1024;
/// No account is as large.
const MAX_TEXT: u64 = 4 * 1024 * 1024;
const MAX_EVENT_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// What a file has of somebody.
pub struct AccountFile {
    zip: ZipArchive<File>,
    pub manifest: Manifest,
    pub account: Account,
    /// A picture, or whatever somebody has put in its place.
    pub avatar: Option<Vec<u8>>,
}

/// A timer of a file: its key, and the event as which it fires.
pub struct FileTimer {
    pub key: Uuid,
    pub event: Message<Event>,
}

/// An event of a file, as it is there and as it was read.
pub struct FileEvent {
    pub json: String,
    pub event: Message<Event>,
}

impl AccountFile {
    /// # Errors
    /// When it is no file with an account that is read here.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
        let mut zip = ZipArchive::new(file).with_context(|| format!("{} is no zip archive", path.display()))?;
        let manifest: Manifest = json(&mut zip, MANIFEST)?;
        ensure!(manifest.format == FORMAT, "it is a {}, not a {FORMAT}", manifest.format);
        ensure!(
            manifest.version == VERSION,
            "it has version {} of the format; this Plyo reads {VERSION}",
            manifest.version
        );
        ensure!(manifest.event_bytes <= MAX_EVENT_BYTES, "{EVENTS} is larger than any account");
        let account: Account = json(&mut zip, ACCOUNT)?;
        ensure!(account.user_id == manifest.user_id, "{ACCOUNT} is of another person than {MANIFEST}");
        let avatar = match zip.index_for_name(AVATAR) {
            Some(_) => Some(content(&mut zip, AVATAR)?),
            None => None,
        };
        Ok(Self { zip, manifest, account, avatar })
    }

    /// Reads every event, in order, and says of what is wrong in which line it is.
    ///
    /// # Errors
    /// When a line is no event of this person, there are more or fewer than the manifest says, or `each` fails.
    pub fn events(&mut self, mut each: impl FnMut(u64, FileEvent) -> Result<()>) -> Result<()> {
        let Self { zip, manifest, .. } = self;
        let entry = zip.by_name(EVENTS).with_context(|| format!("there is no {EVENTS} in it"))?;
        // What it says of its size is not believed: not more than that is read.
        let (number, bytes) = lines(EVENTS, entry.take(manifest.event_bytes.saturating_add(1)), |number, json| {
            let event = event(&json, manifest)?;
            each(number, FileEvent { json, event })
        })?;
        if (number, bytes) != (manifest.events, manifest.event_bytes) {
            bail!(
                "{EVENTS} has {number} lines of {bytes} bytes; {MANIFEST} says {} of {}",
                manifest.events,
                manifest.event_bytes
            );
        }
        Ok(())
    }

    /// Reads every timer.
    ///
    /// # Errors
    /// When a line is no timer of this person, or there are more or fewer than the manifest says.
    pub fn timers(&mut self) -> Result<Vec<FileTimer>> {
        let Self { zip, manifest, .. } = self;
        let entry = zip.by_name(TIMERS).with_context(|| format!("there is no {TIMERS} in it"))?;
        let mut timers = Vec::new();
        lines(TIMERS, entry.take(MAX_TEXT), |_, json| {
            let PersonalTimer { key, event: fires } = serde_json::from_str(&json).context("it is no timer")?;
            let event = event(fires.get(), manifest)?;
            ensure!(event.body.kind().service() == "clock", "{} is no event of a timer", event.body.kind());
            timers.push(FileTimer { key, event });
            Ok(())
        })?;
        let found = timers.len() as u64;
        ensure!(found == manifest.timers, "{TIMERS} has {found} lines; {MANIFEST} says {}", manifest.timers);
        Ok(timers)
    }
}

/// Reads lines, each as text with its number; says how many there were, and of how many bytes.
fn lines(name: &str, entry: impl Read, mut each: impl FnMut(u64, String) -> Result<()>) -> Result<(u64, u64)> {
    let mut entry = BufReader::new(entry);
    let (mut number, mut bytes) = (0, 0);
    loop {
        let mut line = Vec::new();
        let read = (&mut entry).take(MAX_LINE).read_until(b'\n', &mut line);
        let read = read.with_context(|| format!("{name} is damaged after line {number}"))? as u64;
        if read == 0 {
            return Ok((number, bytes));
        }
        (number, bytes) = (number + 1, bytes + read);
        let each_in_place = || {
            ensure!(line.ends_with(b"\n"), "it is cut off, or longer than any event");
            each(number, String::from_utf8(line).context("it is no text")?)
        };
        each_in_place().with_context(|| format!("{name}, line {number}"))?;
    }
}

fn event(json: &str, manifest: &Manifest) -> Result<Message<Event>> {
    let event = cloud_event::read(json)?;
    ensure!(event.subject.user() == Some(manifest.user_id), "it is about somebody else");
    Ok(event)
}

fn json<T: DeserializeOwned>(zip: &mut ZipArchive<File>, name: &str) -> Result<T> {
    serde_json::from_slice(&content(zip, name)?).with_context(|| format!("{name} cannot be read"))
}

fn content(zip: &mut ZipArchive<File>, name: &str) -> Result<Vec<u8>> {
    let entry = zip.by_name(name).with_context(|| format!("there is no {name} in it"))?;
    let mut content = Vec::new();
    entry.take(MAX_TEXT).read_to_end(&mut content).with_context(|| format!("{name} is damaged"))?;
    Ok(content)
}
