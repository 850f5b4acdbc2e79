//! Operations that become a command, over HTTP and over a socket.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use jiff::Timestamp;
use plyo_events::{Command, CommandKind, Payload, Rejection, user::Scope};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Answer, Ids, Operation, is_there_to_get, operation};
use crate::{
    EdgeState, body,
    caller::Caller,
    condition::{self, Asked},
    document::Document,
    problem::{Code, Problem},
    submit::{Submission, respond, submit},
};

/// How a socket reads a command.
#[derive(Clone, Copy)]
pub(crate) struct SocketCommand {
    pub kind: CommandKind,
    /// What a personal access token needs to send it.
    pub scope: Option<Scope>,
    pub decode: fn(&Document<'_>) -> Result<Command, Problem>,
}

pub(super) const NO_REVISIONS: Code = Code::new(
    StatusCode::PRECONDITION_FAILED,
    "no_revisions",
    "this has no revisions that could be compared; leave out If-Match",
);

/// The newest payload of a command.
pub(super) trait ClientCommand:
    Payload<CommandKind> + Into<Command> + DeserializeOwned + Send + 'static
{
}

impl<C: Payload<CommandKind> + Into<Command> + DeserializeOwned + Send + 'static> ClientCommand for C {}

/// A command of the ids of its path and a JSON body.
pub(super) fn command<I, B, C>(
    method: Method,
    path: &'static str,
    summary: &'static str,
    make: fn(I, B) -> C,
    answer: Answer,
) -> Operation
where
    I: DeserializeOwned + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
    C: ClientCommand,
{
    let serve = async move |State(state): State<EdgeState>,
                            caller: Caller,
                            Ids(ids): Ids<I>,
                            headers: HeaderMap,
                            content: Body| {
        let content = body::read(&headers, content).await?;
        let command = checked(make(ids, body::decode(&content)?))?;
        send(&state, caller, &headers, path, command, answer).await
    };
    becomes::<C>(operation(method, path, summary, serve, answer)).takes::<B>()
}

/// A command of the ids of its path alone.
pub(super) fn bare_command<I, C>(
    method: Method,
    path: &'static str,
    summary: &'static str,
    make: fn(I) -> C,
    answer: Answer,
) -> Operation
where
    I: DeserializeOwned + Send + 'static,
    C: ClientCommand,
{
    let serve = async move |State(state): State<EdgeState>,
                            caller: Caller,
                            Ids(ids): Ids<I>,
                            headers: HeaderMap,
                            content: Body| {
        body::none(content).await?;
        let command = checked(make(ids))?;
        send(&state, caller, &headers, path, command, answer).await
    };
    becomes::<C>(operation(method, path, summary, serve, answer)).takes_nothing()
}

fn becomes<C: ClientCommand>(operation: Operation) -> Operation {
    let mut becoming = becomes_of(operation, C::KIND);
    becoming.command = Some(SocketCommand { kind: C::KIND, scope: None, decode: decode::<C> });
    becoming
}

/// What the documents say of an operation that a caller has done by this command.
pub(super) fn becomes_of(operation: Operation, kind: CommandKind) -> Operation {
    let description =
        "1 to 255 visible ASCII characters; the same key always gets the same response, for at least 7 days";
    let key = json!({ "type": "string", "maxLength": 255 });
    let becoming = operation.with_token().parameter("header", "Idempotency-Key", description, key).sends(kind);
    if kind.has_revisions() {
        let description = "Done only if it has the revision of this ETag, or this revision: `\"7\"`; otherwise 412";
        becoming.parameter("header", "If-Match", description, json!({ "type": "string" }))
    } else {
        becoming.codes(&[NO_REVISIONS])
    }
}

fn decode<C: ClientCommand>(data: &Document<'_>) -> Result<Command, Problem> {
    checked(data.read::<C>()?).map_err(|problem| problem.within(C::KIND.body_at()))
}

/// What can be refused here needs no way through the stream; the service checks it again.
fn checked(command: impl Into<Command>) -> Result<Command, Problem> {
    let command = command.into();
    let workout = match &command {
        Command::LogWorkout(log) => &log.workout,
        Command::CorrectWorkout(correct) => &correct.workout,
        _ => return Ok(command),
    };
    let violations = workout.violations(Timestamp::now());
    if violations.is_empty() { Ok(command) } else { Err(Rejection::violations(violations).into()) }
}

/// What `If-Match` asks for is decided where the revision is. What has none is changed only where any state is good enough and
/// there is one (RFC 9110, 13.1.1): a change is never made on a condition that nobody has seen to hold.
fn only_at_revision(mut command: Command, headers: &HeaderMap, path: &str) -> Result<Command, Problem> {
    let is_possible = match condition::asked(headers) {
        Some(Asked::Revisions(revisions)) => command.only_at(revisions),
        Some(Asked::Any) => command.kind().has_revisions() || is_there_to_get(path),
        None => true,
    };
    if is_possible { Ok(command) } else { Err(NO_REVISIONS.into()) }
}

/// Sends a caller's command and answers with its outcome.
pub(super) async fn send(
    state: &EdgeState,
    caller: Caller,
    headers: &HeaderMap,
    path: &str,
    command: Command,
    answer: Answer,
) -> Result<Response, Problem> {
    let command = only_at_revision(command, headers, path)?;
    let submission = Submission::of_request(state, caller.user, headers, command).await?;
    let (id, outcome_at, waited) = (submission.id, submission.outcome_at(), !submission.wait.is_zero());
    let traceparent = submission.traceparent.to_string();
    let created = |result: &Value| place(answer.location?, result);
    let mut response = respond(submit(state, submission).await?, outcome_at, id, created, waited);
    if let Ok(traceparent) = traceparent.parse() {
        response.headers_mut().insert("traceparent", traceparent);
    }
    Ok(response)
}

/// `/api/v1/workouts/<id>` of `/workouts/{workout_id}`, with the fields of the result.
fn place(template: &str, result: &Value) -> Option<String> {
    let mut place = "/api/v1".to_owned();
    for segment in template.split('/').skip(1) {
        let field = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        place.push('/');
        place.push_str(field.map_or(Some(segment), |field| result[field].as_str())?);
    }
    Some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_has_its_place() {
        let result = json!({ "workout_id": "7", "revision": 1 });
        assert_eq!(place("/workouts/{workout_id}", &result).as_deref(), Some("/api/v1/workouts/7"));
        assert_eq!(place("/auth/me", &result).as_deref(), Some("/api/v1/auth/me"));
        assert_eq!(place("/workouts/{revision}", &result), None);
    }
}
