//! Operations that become a command, over HTTP and over a socket.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Method},
    response::Response,
};
use jiff::Timestamp;
use plyo_events::{Command, CommandKind, Payload, Rejection};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Answer, Ids, Operation, operation};
use crate::{
    EdgeState, body,
    caller::Caller,
    problem::Problem,
    submit::{Submission, respond, submit},
};

/// How a socket reads a command.
#[derive(Clone, Copy)]
pub(crate) struct SocketCommand {
    pub kind: CommandKind,
    pub decode: fn(&[u8]) -> Result<Command, Problem>,
}

/// The newest payload of a command.
pub(super) trait ClientCommand:
    Payload<CommandKind> + Into<Command> + DeserializeOwned + Send + 'static
{
}

impl<C: Payload<CommandKind> + Into<Command> + DeserializeOwned + Send + 'static> ClientCommand for C {}

/// When to be reminded.
#[derive(Deserialize, JsonSchema)]
pub(super) struct DueAt {
    /// RFC 3339 with an offset or Z; ahead, at most 366 days.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
}

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
        send(&state, caller, &headers, command, answer).await
    };
    becomes::<C>(operation(method, path, summary, serve, answer)).takes::<B>()
}

/// A command of the ids of its path alone; a body is not read.
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
    let serve = async move |State(state): State<EdgeState>, caller: Caller, Ids(ids): Ids<I>, headers: HeaderMap| {
        let command = checked(make(ids))?;
        send(&state, caller, &headers, command, answer).await
    };
    becomes::<C>(operation(method, path, summary, serve, answer))
}

fn becomes<C: ClientCommand>(operation: Operation) -> Operation {
    let description =
        "1 to 255 visible ASCII characters; the same key always gets the same response, for at least 7 days";
    let key = json!({ "type": "string", "maxLength": 255 });
    let mut becoming = operation.with_token().parameter("header", "Idempotency-Key", description, key).sends(C::KIND);
    becoming.command = Some(SocketCommand { kind: C::KIND, decode: decode::<C> });
    becoming
}

fn decode<C: ClientCommand>(data: &[u8]) -> Result<Command, Problem> {
    checked(body::decode::<C>(data)?)
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

async fn send(
    state: &EdgeState,
    caller: Caller,
    headers: &HeaderMap,
    command: Command,
    answer: Answer,
) -> Result<Response, Problem> {
    let submission = Submission::of_request(caller.user, headers, command)?;
    let (id, service, waited) = (submission.id, submission.command.kind().service(), !submission.wait.is_zero());
    let traceparent = submission.traceparent.to_string();
    let created = |result: &Value| place(answer.location?, result);
    let mut response = respond(submit(state, submission).await?, service, id, created, waited);
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
