//! From a request to a stored command to its outcome.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use plyo_events::{
    Aggregate, Command, CommandId, Message, Outcome, Rejection, Subject, Traceparent, UserId, administration::STAFF,
    query::OutcomeQuery, rejection::IDEMPOTENCY_KEY_REUSED,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Edge,
    key::{INVALID_IDEMPOTENCY_KEY, Identity},
    prefer::{self, DEFAULT_WAIT},
    problem::{Code, IN_FLIGHT, Problem},
    trace,
};

/// A command with what makes it the same when it comes again.
pub(crate) struct Submission {
    /// Whom or what it is about.
    pub subject: Subject,
    pub id: CommandId,
    pub fingerprint: String,
    pub command: Command,
    /// The command, encoded.
    pub body: Vec<u8>,
    pub traceparent: Traceparent,
    pub wait: Duration,
}

/// What became of it so far.
pub(crate) enum Submitted {
    Done(Value),
    /// It is stored; its outcome did not come in time.
    Pending,
}

/// How a command is answered that is stored and whose outcome did not come in time.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Pending {
    status: PendingStatus,
    command_id: CommandId,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PendingStatus {
    Pending,
}

impl Pending {
    pub(crate) const fn new(command_id: CommandId) -> Self {
        Self { status: PendingStatus::Pending, command_id }
    }
}

/// The fingerprints of commands that this edge is sending, with how many send each.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashMap<CommandId, (String, usize)>>);

/// What can be wrong with a command that any client sends, besides what its service declines it for.
pub(crate) const CODES: [Code; 3] = [INVALID_IDEMPOTENCY_KEY, IN_FLIGHT, DEAD_LETTER];

pub(crate) const DEAD_LETTER: Code = Code::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "dead_letter",
    "the command could not be processed; it is kept, and an operator can retry it",
);

impl Submission {
    /// The same key makes the same command of it, whichever way it comes.
    pub(crate) async fn new(edge: &Edge, user: UserId, key: Option<&[u8]>, command: Command) -> Result<Self, Problem> {
        Self::sealed(edge, user, key, command, trace::traceparent(&HeaderMap::new()), DEFAULT_WAIT).await
    }

    /// As the headers of a request have it.
    pub(crate) async fn of_request(
        edge: &Edge,
        user: UserId,
        headers: &HeaderMap,
        command: Command,
    ) -> Result<Self, Problem> {
        let mut keys = headers.get_all("idempotency-key").iter().map(HeaderValue::as_bytes);
        let key = keys.next();
        if keys.next().is_some() {
            return Err(INVALID_IDEMPOTENCY_KEY.because("there are two Idempotency-Key headers; send one"));
        }
        Self::sealed(edge, user, key, command, trace::traceparent(headers), prefer::wait(headers)).await
    }

    async fn sealed(
        edge: &Edge,
        user: UserId,
        key: Option<&[u8]>,
        mut command: Command,
        traceparent: Traceparent,
        wait: Duration,
    ) -> Result<Self, Problem> {
        edge.sealing.seal(user, &mut command).await?;
        let Identity { id, fingerprint, body } = Identity::of(user, key, &command)?;
        Ok(Self { subject: about(user, &command), id, fingerprint, command, body, traceparent, wait })
    }

    /// Where its outcome is, for whoever sent it.
    pub(crate) fn outcome_at(&self) -> String {
        let (service, id) = (self.command.kind().service(), self.id);
        if self.subject == STAFF {
            return format!("/api/v1/admin/commands/{id}");
        }
        format!("/api/v1/commands/{service}/{id}")
    }
}

/// What is not about the staff is about whoever sends it.
fn about(user: UserId, command: &Command) -> Subject {
    if command.kind().about() == Some(Aggregate::Staff) { STAFF } else { user.into() }
}

/// Stores a command and waits for its outcome.
pub(crate) async fn submit(edge: &Edge, submission: Submission) -> Result<Submitted, Problem> {
    let Submission { subject, id, fingerprint, command, body, traceparent, wait } = submission;
    let service = command.kind().service();
    let _in_flight = edge.in_flight.enter(id, &fingerprint)?;
    let expected = edge.outcomes.awaited(id);
    let mut message = Message::first(id.uuid(), subject, Timestamp::now(), command);
    tracing::debug!(command = %id, %traceparent, "command");
    message.traceparent = Some(traceparent);
    let published = edge.commands.send_encoded(&message, body, &fingerprint).await?;
    if published.duplicate {
        let query = OutcomeQuery { user: UserId::new(subject.uuid()), command: id };
        return match plyo_nats::outcome(&edge.nats, service, &query).await? {
            Some(stored) if stored.is_of(&fingerprint) => settle(stored.outcome),
            Some(_) => Err(Rejection::from(IDEMPOTENCY_KEY_REUSED).into()),
            None => Err(IN_FLIGHT.into()),
        };
    }
    if wait.is_zero() {
        return Ok(Submitted::Pending);
    }
    expected.outcome(wait).await.map_or(Ok(Submitted::Pending), settle)
}

/// Answers a request for a command: `created` gives the place of what it made.
pub(crate) fn respond(
    submitted: Submitted,
    outcome_at: String,
    id: CommandId,
    created: impl FnOnce(&Value) -> Option<String>,
    waited: bool,
) -> Response {
    let mut response = match submitted {
        Submitted::Done(result) => match created(&result) {
            Some(location) => (StatusCode::CREATED, [(header::LOCATION, location)], Json(result)).into_response(),
            None => Json(if result.is_null() { Value::Object(serde_json::Map::new()) } else { result }).into_response(),
        },
        Submitted::Pending => {
            (StatusCode::ACCEPTED, [(header::LOCATION, outcome_at)], Json(Pending::new(id))).into_response()
        }
    };
    if !waited {
        response.headers_mut().insert("preference-applied", HeaderValue::from_static("respond-async"));
    }
    response
}

pub(crate) fn settle(outcome: Outcome) -> Result<Submitted, Problem> {
    match outcome {
        Outcome::Done { result } => Ok(Submitted::Done(result)),
        Outcome::Rejected { rejection } => Err(rejection.into()),
        Outcome::Dead { .. } => Err(DEAD_LETTER.into()),
    }
}

impl InFlight {
    /// The same key with another body, while the first is under way, is refused.
    fn enter(&self, id: CommandId, fingerprint: &str) -> Result<Passage<'_>, Problem> {
        let mut commands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (there, count) = commands.entry(id).or_insert_with(|| (fingerprint.to_owned(), 0));
        if there != fingerprint {
            return Err(Rejection::from(IDEMPOTENCY_KEY_REUSED).into());
        }
        *count += 1;
        Ok(Passage { id, commands: &self.0 })
    }
}

struct Passage<'a> {
    id: CommandId,
    commands: &'a Mutex<HashMap<CommandId, (String, usize)>>,
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = commands.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                commands.remove(&self.id);
            }
        }
    }
}
