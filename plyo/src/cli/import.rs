//! `plyo import-account`: brings somebody here who comes from another instance.

use std::{
    collections::{BTreeMap, HashSet},
    io::Read,
    mem,
    path::PathBuf,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use plyo_events::{
    CommandId, UserId,
    avatar::{self, SetAvatar},
    export,
};
use plyo_identity::export::{AccountFile, FileEvent, FileTimer};
use plyo_nats::{Nats, PersonalHistory, file_digest, import};
use serde::Deserialize;
use tokio::{sync::mpsc, task::spawn_blocking};
use uuid::Uuid;

use super::Servers;

#[derive(Args)]
pub(super) struct ImportAccount {
    /// The zip archive that the person got from the other instance
    file: PathBuf,
    /// The e-mail address of the account here; by default, the one in the file
    #[arg(long)]
    email: Option<String>,
    /// Read a password for the account from stdin; without one, a mail to its address lets somebody set one
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    servers: Servers,
}

/// Events that a service takes over at a time, and bytes of them: a message has at most 1 MiB.
const EVENTS: usize = 100;
const BYTES: usize = 384 * 1024;
/// What the broker fires. Nobody folds it, and nobody but the broker states it.
const CLOCK: &str = "clock";
/// Its events come last: until then nobody can log in.
const USER: &str = "user";

/// Events of one service, in order, under an id that a second run gives them, too.
struct Chunk {
    service: &'static str,
    id: CommandId,
    ids: Vec<Uuid>,
    events: Vec<String>,
}

impl ImportAccount {
    pub(super) async fn run(self) -> Result<()> {
        // All of it is read before anything of it is believed.
        let path = self.file.clone();
        let (mut file, timers, ids) = spawn_blocking(move || read(AccountFile::open(&path)?)).await??;
        let user = file.manifest.user_id;
        let avatar = match file.avatar.take() {
            Some(sent) => Some(plyo_edge::avatar::square(sent).await.context("the picture in the file")?),
            None => None,
        };
        let nats = self.servers.of_operator()?.nats("operator").await?;
        let there = there(&nats, user).await?;
        let others = there.difference(&ids).count();
        ensure!(
            others == 0,
            "there is somebody of the id {user} here, with {others} events that are not in the file: nothing was imported"
        );
        let account = export::ImportAccount {
            user,
            email: self.email.unwrap_or_else(|| file.account.email.clone()),
            password: if self.password_stdin { Some(password()?) } else { None },
            handle: file.account.handle.clone(),
            texts: file.account.texts.clone(),
            data_key: file.account.data_key.clone(),
        };
        let opened = plyo_nats::request(&nats, &account).await.context("open the account")?;
        // One that was set here since is newer.
        if let Some(webp) = avatar
            && file_digest(&nats, avatar::BUCKET, &user.to_string()).await?.is_none()
        {
            let kept = plyo_nats::request(&nats, &SetAvatar { user, webp: webp.into() }).await;
            kept.context("keep the picture in the file")?;
        }
        let mut imported = 0;
        for is_user in [false, true] {
            let (chunks, mut receive) = mpsc::channel(4);
            let reading = spawn_blocking(move || {
                let wanted = |service: &str| service != CLOCK && (service == USER) == is_user;
                chunk(&mut file, wanted, |chunk| chunks.blocking_send(chunk).context("the import has ended"))?;
                anyhow::Ok(file)
            });
            while let Some(Chunk { service, id, ids, events }) = receive.recv().await {
                if ids.iter().all(|id| there.contains(id)) {
                    continue;
                }
                let sent = import::send(&nats, service, user, id, &events).await;
                sent.context("what was imported stays; run this again to go on")?;
                imported += events.len();
            }
            file = reading.await??;
        }
        // Had one been moved, or fired, there would be an event of it here.
        for FileTimer { key, event } in &timers {
            import::set_timer(&nats, *key, event).await?;
        }
        println!("imported {imported} of {} events of {user}", file.manifest.events);
        if !opened.has_handle {
            println!("somebody else has the handle here; another can be chosen");
        }
        if !self.password_stdin {
            println!("nobody can log in until a password is set by a mail: POST /api/v1/auth/password/forgotten");
        }
        Ok(())
    }
}

/// Reads a file to its end; gives its timers, and the ids of its events.
fn read(mut file: AccountFile) -> Result<(AccountFile, Vec<FileTimer>, HashSet<Uuid>)> {
    let mut ids = HashSet::new();
    file.events(|_, FileEvent { event, .. }| {
        let is_new = ids.insert(event.id);
        // A timer fires at least once.
        ensure!(is_new || event.body.kind().service() == CLOCK, "event {} is there twice", event.id);
        Ok(())
    })?;
    let timers = file.timers()?;
    Ok((file, timers, ids))
}

/// The ids of the events that there are of somebody.
async fn there(nats: &Nats, user: UserId) -> Result<HashSet<Uuid>> {
    #[derive(Deserialize)]
    struct Named {
        id: Uuid,
    }
    let (mut history, mut ids) = (PersonalHistory::open(nats, user).await?, HashSet::new());
    while let Some(lines) = history.next().await? {
        for line in lines.text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            ids.insert(serde_json::from_slice::<Named>(line)?.id);
        }
    }
    Ok(ids)
}

/// Sorts events of a file by service.
fn chunk(file: &mut AccountFile, wanted: impl Fn(&str) -> bool, send: impl Fn(Chunk) -> Result<()>) -> Result<()> {
    let mut pending: BTreeMap<&'static str, (Vec<Uuid>, Vec<String>)> = BTreeMap::new();
    file.events(|_, FileEvent { json, event }| {
        let service = event.body.kind().service();
        if !wanted(service) {
            return Ok(());
        }
        let (ids, events) = pending.entry(service).or_default();
        let bytes: usize = events.iter().map(String::len).sum();
        if events.len() == EVENTS || (!events.is_empty() && bytes + json.len() > BYTES) {
            send(Chunk::new(service, mem::take(ids), mem::take(events)))?;
        }
        ids.push(event.id);
        events.push(json);
        Ok(())
    })?;
    pending.into_iter().try_for_each(|(service, (ids, events))| send(Chunk::new(service, ids, events)))
}

impl Chunk {
    /// It has at least one.
    fn new(service: &'static str, ids: Vec<Uuid>, events: Vec<String>) -> Self {
        let (first, last) = (ids.first().copied().unwrap_or_default(), ids.last().copied().unwrap_or_default());
        let id = CommandId::derive(first, &format!("import/{service}/{last}/{}", ids.len()));
        Self { service, id, ids, events }
    }
}

fn password() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("read stdin")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
