//! People who were erased. Their tombstone in `EVENTS` is the truth of it; the command of the loop that follows it is what
//! brings each lane to it, since most lanes do not read the events of accounts. From then on a lane handles nothing about them,
//! whatever is still under way, and its tables have nothing of them.

use plyo_events::{EventKind, Outcome, Rejection, Subject, erasure::ERASED};
use rustc_hash::FxHashSet;
use serde_json::Value;
use sqlx::Connection;
use uuid::Uuid;

use super::{
    owner::Owner,
    store::{self, HandledCommand},
};
use crate::{
    broker::{
        Nats,
        attributes::required,
        streams, subject,
        wire::{self, WireError},
    },
    failure::Failure,
    reactor::Reactor,
    sql::{
        database::{in_time, statement},
        tables,
    },
};

/// The type of the loop's command, which is in no catalogue: it is no service's.
pub(crate) const ERASE: &str = "loop.erase.v1";

/// The loop's command: delete whatever there is about a subject.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Erase {
    pub id: Uuid,
    pub subject: Subject,
}

impl Erase {
    /// `None` for any other command.
    pub(super) fn read(subject: &str, headers: &async_nats::HeaderMap) -> Result<Option<Self>, WireError> {
        if wire::text(headers, wire::CE_TYPE) != Some(ERASE) {
            return Ok(None);
        }
        Ok(Some(Self { id: required(headers, wire::CE_ID)?, subject: wire::about(subject, headers)? }))
    }

    pub(super) fn handled(self) -> HandledCommand {
        HandledCommand::by_id(self.id, self.subject, Outcome::Done { result: Value::Null })
    }
}

/// How a command about somebody who was erased ends.
pub(super) fn declined() -> Outcome {
    Outcome::Rejected { rejection: Rejection::from(ERASED) }
}

/// Learns who was erased: by its own tables, and by tombstones that they lack, as tables do that were restored from a backup
/// which is older than these.
pub(crate) async fn catch_up<R: Reactor>(owner: &mut Owner) -> Result<(), Failure> {
    let mut erased = store::erased(&mut owner.session.connection).await?;
    let tombstones = tombstones(&owner.nats).await?;
    let covers = |subject: &Subject| owner.lane.covers(subject::partition_of(&subject.to_string()));
    let missing = tombstones.into_iter().filter(|subject| !erased.contains(&subject.uuid()) && covers(subject));
    let missing: Vec<Uuid> = missing.map(Subject::uuid).collect();
    if !missing.is_empty() {
        tracing::info!(service = R::NAME, lane = owner.lane.index, people = missing.len(), "erases again");
        let mut transaction = statement("begin", owner.session.connection.begin()).await?;
        erase::<R>(&mut transaction, &missing).await?;
        statement("commit", transaction.commit()).await?;
        erased.extend(missing);
    }
    owner.erased = erased;
    Ok(())
}

/// Deletes what the tables of a service and of its loop have about these.
pub(crate) async fn erase<R: Reactor>(db: &mut sqlx::PgConnection, subjects: &[Uuid]) -> Result<(), Failure> {
    in_time("erase rows", tables::erase::<R::State>(db, subjects, R::KEEPS)).await?;
    store::erase(db, subjects).await
}

/// Everybody who has a tombstone.
pub(crate) async fn tombstones(nats: &Nats) -> Result<FxHashSet<Subject>, Failure> {
    let filter = format!("evt.*.{}.{}.*", EventKind::UserErased.service(), EventKind::UserErased.fact());
    let subjects = streams::subjects(nats, "EVENTS", &filter).await.map_err(Failure::Unavailable)?;
    Ok(subjects.iter().filter_map(|(subject, _)| about(subject)).collect())
}

/// Whom the tombstone on this subject is of.
pub(crate) fn about(subject: &str) -> Option<Subject> {
    subject.rsplit('.').next()?.parse().ok()
}

/// Whether this is the subject of a tombstone in `EVENTS`.
pub(crate) fn is_tombstone(subject: &str) -> bool {
    let mut tokens = subject.split('.').skip(2);
    tokens.next() == Some(EventKind::UserErased.service())
        && tokens.next().is_some_and(|fact| fact == EventKind::UserErased.fact())
}

/// Whether an event in `EVENTS` stays there when whom it is about is erased.
pub(crate) fn outlives(subject: &str) -> bool {
    let mut tokens = subject.split('.').skip(2);
    let (Some(service), Some(fact)) = (tokens.next(), tokens.next()) else { return true };
    EventKind::ALL.iter().any(|kind| kind.outlives_erasure() && kind.service() == service && kind.fact() == fact)
}
