//! Writes the file that somebody asked for.

use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use plyo_events::{
    Command, CommandKind, Event, EventKind, ExportId, Message, UserId,
    export::{BUCKET, EXPORT_ID, ExportFile, ExportProgress, ReportExport},
};
use plyo_nats::{Effect, Lines, Nats, ObjectWriter, Performed, PersonalHistory, personal_timers, remove_file};
use plyo_sealing::{DataKey, add_texts, has_sealed};
use serde_json::json;

use super::{Account, Archive};
use crate::{Credentials, avatar};

/// What exporting takes.
#[derive(Clone)]
pub struct Exporting {
    pub credentials: Credentials,
    pub nats: Nats,
}

/// Does what `export.requested` asks for.
pub(crate) struct WriteExport(pub Option<Exporting>);

/// How soon an attempt that failed is made again, how late after many, and how many there are.
const AGAIN: Duration = Duration::from_millis(500);
const LATEST: Duration = Duration::from_secs(30);
const ATTEMPTS: u32 = 20;
/// How long a file can be fetched. It is counted from its beginning, and its bucket keeps everything for longer.
const FETCHED_FOR: SignedDuration = SignedDuration::from_hours(24);

impl Effect for WriteExport {
    const NAME: &'static str = "export";
    const PERFORMS: &'static [EventKind] = &[EventKind::ExportRequested];
    const REPORTS: &'static [CommandKind] = &[CommandKind::ReportExport];
    const STORES: &'static [&'static str] = &[BUCKET];
    const TELLS: bool = true;

    async fn perform(&self, event: &Message<Event>, attempt: u32) -> Performed {
        let Some(exporting) = &self.0 else { return Performed::RetryAfter(LATEST) };
        let Event::ExportRequested(requested) = &event.body else { return Performed::RetryAfter(LATEST) };
        let export_id = requested.export_id;
        let report = |written| Command::from(ReportExport { export_id, written });
        match exporting.write(event.user(), export_id).await {
            Ok(written) => Performed::Done(report(written)),
            Err(error) => {
                tracing::warn!(export = %export_id, error = format!("{error:#}"), attempt, "an export is not written yet");
                if attempt < ATTEMPTS {
                    Performed::RetryAfter(LATEST.min(AGAIN * attempt))
                } else {
                    Performed::GaveUp(report(None))
                }
            }
        }
    }
}

impl Exporting {
    /// `None` of somebody who was erased, before or meanwhile: no file of theirs stays.
    async fn write(&self, user: UserId, export_id: ExportId) -> Result<Option<ExportFile>> {
        let written = match Account::read(&self.credentials, user).await? {
            Some(account) => Some(self.write_of(&account, export_id).await?),
            None => None,
        };
        // An erasure deletes the account first, and then the file.
        if Account::read(&self.credentials, user).await?.is_none() {
            remove_file(&self.nats, BUCKET, &user.to_string()).await?;
            return Ok(None);
        }
        Ok(written)
    }

    async fn write_of(&self, account: &Account, export_id: ExportId) -> Result<ExportFile> {
        let user = account.user_id;
        // A table holds no nanoseconds.
        let expires_at = Timestamp::from_second((Timestamp::now() + FETCHED_FOR).as_second())?;
        let mut history = PersonalHistory::open(&self.nats, user).await?;
        let mut file = ObjectWriter::new(&self.nats, BUCKET, &user.to_string());
        let avatar = avatar::read(&self.nats, user).await?.map(|file| file.bytes);
        let mut archive = Archive::begin(account, avatar.as_deref(), export_id)?;
        let key = account.data_key.as_deref().map(DataKey::parse).transpose()?;
        let mut progress = Progress::of(&self.nats, user, export_id, history.total());
        while let Some(lines) = history.next().await? {
            let events = lines.events;
            // Meanwhile the broker sends what follows.
            let key = key.clone();
            let (added, compressed) = tokio::task::spawn_blocking(move || {
                archive.add(&with_texts(lines, key.as_ref()))?;
                let compressed = archive.take();
                anyhow::Ok((archive, compressed))
            })
            .await??;
            archive = added;
            file.write(&compressed).await?;
            progress.add(events).await;
        }
        let timers = personal_timers(&self.nats, user).await?;
        let (rest, events) = archive.finish(&timers)?;
        file.write(&rest).await?;
        let bytes = file.finish(json!({ EXPORT_ID: export_id })).await?;
        Ok(ExportFile { events, bytes, expires_at })
    }
}

/// Events with their personal texts beside what is sealed.
fn with_texts(lines: Lines, key: Option<&DataKey>) -> Lines {
    let Some(key) = key.filter(|_| has_sealed(&lines.text)) else { return lines };
    let mut text = Vec::with_capacity(lines.text.len());
    for line in lines.text.split_inclusive(|byte| *byte == b'\n') {
        match has_sealed(line).then(|| add_texts(line, key)).flatten() {
            Some(opened) => {
                text.extend(opened);
                text.push(b'\n');
            }
            None => text.extend_from_slice(line),
        }
    }
    Lines { text, ..lines }
}

/// Tells whoever waits how far it is: at each tenth, and each second of what takes longer. It is no event, since nobody wants to know
/// later how far it once was.
struct Progress<'a> {
    nats: &'a Nats,
    user: UserId,
    now: ExportProgress,
    tenths: u64,
    told: Instant,
}

/// How long nothing is told at most.
const TELLING: Duration = Duration::from_secs(1);

impl<'a> Progress<'a> {
    fn of(nats: &'a Nats, user: UserId, export_id: ExportId, of: u64) -> Self {
        Self { nats, user, now: ExportProgress { export_id, events: 0, of }, tenths: 0, told: Instant::now() }
    }

    async fn add(&mut self, events: u64) {
        self.now.events += events;
        let tenths = 10 * self.now.events / self.now.of.max(1);
        // Its end is told by an event.
        if self.now.events >= self.now.of || (tenths == self.tenths && self.told.elapsed() < TELLING) {
            return;
        }
        (self.tenths, self.told) = (tenths, Instant::now());
        if let Err(error) = plyo_nats::tell(self.nats, "user", self.user, &self.now).await {
            tracing::debug!(error = format!("{error:#}"), "nobody is told how far an export is");
        }
    }
}
