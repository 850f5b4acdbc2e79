//! The end of an account, once it is final. Two effects, since the second may begin only when no service says anything about
//! the person any more: the history then remembers how many events it will lack.

use std::time::Duration;

use plyo_events::{
    Command, CommandKind, Event, EventId, EventKind, Message, UserId, avatar,
    erasure::{ReportMessagesErased, ReportTablesErased},
    export,
};
use plyo_nats::{Effect, Nats, Performed, Service, erase, remove_file};

use crate::{credentials::Credentials, store};

/// What erasing takes.
#[derive(Clone)]
pub struct Erasing {
    pub credentials: Credentials,
    pub nats: Nats,
    /// Every service there is.
    pub services: Vec<&'static str>,
}

/// How soon an attempt that failed is made again, and how late after many.
const AGAIN: Duration = Duration::from_millis(250);
const LATEST: Duration = Duration::from_secs(30);

/// The service with the effects of an erasure. Without what they take they only describe themselves.
pub(crate) fn erase(service: Service, erasing: Option<Erasing>) -> Service {
    service.effect(EraseTables(erasing.clone())).effect(EraseMessages(erasing))
}

/// Ends the sessions, deletes the credentials, the file of an export and the picture, then has every service delete its rows.
struct EraseTables(Option<Erasing>);

impl Effect for EraseTables {
    const NAME: &'static str = "erase-tables";
    const PERFORMS: &'static [EventKind] = &[EventKind::UserErased];
    const REPORTS: &'static [CommandKind] = &[CommandKind::ReportTablesErased];
    const ERASES: bool = true;

    async fn perform(&self, event: &Message<Event>, attempt: u32) -> Performed {
        let Some(erasing) = &self.0 else { return Performed::RetryAfter(LATEST) };
        match erasing.tables(event.user(), EventId::new(event.id)).await {
            Ok(events) => Performed::Done(ReportTablesErased { events }.into()),
            Err(error) => again(&error, attempt),
        }
    }
}

/// Removes the messages about the person from every stream.
struct EraseMessages(Option<Erasing>);

impl Effect for EraseMessages {
    const NAME: &'static str = "erase-messages";
    const PERFORMS: &'static [EventKind] = &[EventKind::ErasurePrepared];
    const REPORTS: &'static [CommandKind] = &[CommandKind::ReportMessagesErased];
    const ERASES: bool = true;

    async fn perform(&self, event: &Message<Event>, attempt: u32) -> Performed {
        let Some(Erasing { nats, services, .. }) = &self.0 else { return Performed::RetryAfter(LATEST) };
        match erase::messages(nats, services, event.user(), CommandKind::ReportTablesErased).await {
            Ok(()) => Performed::Done(Command::from(ReportMessagesErased {})),
            Err(error) => again(&error, attempt),
        }
    }
}

impl Erasing {
    async fn tables(&self, user: UserId, tombstone: EventId) -> anyhow::Result<u64> {
        store::erase(&self.credentials.pool, user).await?;
        for bucket in [export::BUCKET, avatar::BUCKET] {
            remove_file(&self.nats, bucket, &user.to_string()).await?;
        }
        let others: Vec<&str> = self.services.iter().copied().filter(|service| *service != "user").collect();
        erase::tables(&self.nats, &others, user, tombstone).await?;
        erase::count(&self.nats, user).await
    }
}

fn again(error: &anyhow::Error, attempt: u32) -> Performed {
    tracing::warn!(error = format!("{error:#}"), attempt, "an erasure is not complete; it goes on");
    Performed::RetryAfter(LATEST.min(AGAIN * attempt))
}
