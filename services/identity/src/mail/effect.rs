//! Sending mail. Until there is another way, a mail is a file, where a development run says in which folder.

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, time::Duration};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use plyo_events::{
    Command, CommandKind, Event, EventKind, MailId, Message,
    user::{MailKind, MailRequested, MailResult, ReportMail},
};
use plyo_nats::{Effect, Performed};

use super::{MailCode, MailFolder, letter, store};
use crate::Credentials;

/// Sends what `mail.requested` asks for.
pub(crate) struct SendMail(pub Option<Credentials>);

/// When it is tried again.
const LATER: Duration = Duration::from_secs(5);

impl Effect for SendMail {
    const NAME: &'static str = "mail";
    const PERFORMS: &'static [EventKind] = &[EventKind::MailRequested];
    const REPORTS: &'static [CommandKind] = &[CommandKind::ReportMail];

    async fn perform(&self, event: &Message<Event>, _: u32) -> Performed {
        let Some(credentials) = &self.0 else { return Performed::RetryAfter(LATER) };
        let Event::MailRequested(MailRequested { request_id, kind }) = event.body else {
            return Performed::RetryAfter(LATER);
        };
        let report = |result| Command::from(ReportMail { request_id, result });
        let Some(folder) = &credentials.mail else {
            tracing::warn!(mail = %request_id, "there is no way to send mail here; PLYO_MAIL_DIR writes it to files");
            return Performed::GaveUp(report(MailResult::NoChannel));
        };
        match send(credentials, folder, request_id, kind, event).await {
            Ok(true) => Performed::Done(report(MailResult::Sent)),
            Ok(false) => Performed::GaveUp(report(MailResult::Expired)),
            Err(error) => {
                tracing::warn!(mail = %request_id, error = format!("{error:#}"), "a mail is sent later");
                Performed::RetryAfter(LATER)
            }
        }
    }
}

/// False if nobody waits for it any more. Each attempt has its own code; whichever is used first is the last.
async fn send(
    credentials: &Credentials,
    folder: &MailFolder,
    mail: MailId,
    kind: MailKind,
    event: &Message<Event>,
) -> Result<bool> {
    let pool = &credentials.pool;
    let Some(address) = store::address(pool, mail).await? else { return Ok(false) };
    let code = MailCode::mint();
    if kind.has_code() {
        store::add_code(pool, &code, mail, kind, event.user(), &address).await?;
    }
    let text = letter::write(mail, kind, &address, &code.0, &folder.base_url, Timestamp::now());
    let path = folder.directory.join(format!("{mail}.eml"));
    let (directory, file) = (folder.directory.clone(), path.clone());
    tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&directory).with_context(|| format!("create {}", directory.display()))?;
        let part = file.with_extension("part");
        // It has a secret.
        let mut opened = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        opened.write_all(text.as_bytes())?;
        std::fs::rename(&part, &file).with_context(|| format!("write {}", file.display()))
    })
    .await??;
    store::sent(pool, mail).await?;
    tracing::info!(file = %path.display(), "wrote a mail to a file, since there is no way to send it yet");
    Ok(true)
}
