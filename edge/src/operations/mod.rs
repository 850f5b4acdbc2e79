//! The operations of the API. Each is a row in [`table`]; from it are made its route, its entry in the OpenAPI document,
//! and, where it is a command, how a socket reads it.

mod access_tokens;
mod accounts;
mod admin;
mod auth;
mod avatar;
mod coach;
mod command;
mod credentials;
mod exercises;
mod export;
mod me;
mod oidc;
mod outcome;
mod passkeys;
mod query;
mod sessions;
mod table;

use std::sync::LazyLock;

use axum::{
    Router,
    extract::{FromRequestParts, MatchedPath, Path},
    handler::Handler,
    http::{Method, StatusCode, request::Parts},
    middleware::{from_fn, map_response},
    response::Response,
    routing::{MethodFilter, MethodRouter, on},
};
use jiff::Timestamp;
use plyo_events::{CommandKind, Query, RejectionCode, Request, administration::Role, user::Scope};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    EdgeState, authority, body,
    caller::{self, Caller},
    connection::ClientAddress,
    limits::{self, Policy, Standing, TOO_MANY_REQUESTS, USER},
    problem::{Code, FAILED, NOT_FOUND, Problem, Told, UNAVAILABLE},
    scopes::Scopes,
    submit,
};

pub(crate) use auth::jwks;
pub(crate) use command::SocketCommand;
pub(crate) use table::operations;

/// What can be called, with all that the documents say of it.
pub(crate) struct Operation {
    pub method: Method,
    /// Below `/api/v1`.
    pub path: &'static str,
    pub summary: &'static str,
    pub needs_token: bool,
    /// Of the query string and of headers, as OpenAPI has them.
    pub parameters: Vec<Value>,
    pub body: Option<SchemaOf>,
    /// What a body may be that is no JSON.
    pub media_types: &'static [&'static str],
    pub answer: Answer,
    /// Headers of the answer, with what they say.
    headers: Vec<(&'static str, &'static str)>,
    /// What else it may answer with that is no problem.
    pub also: Option<(StatusCode, &'static str)>,
    /// What a personal access token needs to call it; `None` if only sessions may.
    pub scope: Option<Scope>,
    /// What whoever calls it has to be; `None` if anybody may.
    pub role: Option<Role>,
    /// The command that it becomes, which sockets take as well.
    pub command: Option<SocketCommand>,
    /// The limits that it is counted against.
    pub limits: Vec<&'static Policy>,
    /// Every problem that it may answer with.
    pub codes: Vec<Code>,
    route: MethodRouter<EdgeState>,
}

pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What an operation answers with when all is well.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub schema: Option<SchemaOf>,
    /// What a body is that is no JSON.
    pub media_type: Option<&'static str>,
    /// Where what it made is, below `/api/v1`, with fields of the result in braces.
    pub location: Option<&'static str>,
}

const fn gives<T: JsonSchema>() -> Answer {
    Answer { schema: Some(SchemaGenerator::subschema_for::<T>), ..status(StatusCode::OK) }
}

const fn creates<T: JsonSchema>(location: &'static str) -> Answer {
    Answer { status: StatusCode::CREATED, location: Some(location), ..gives::<T>() }
}

/// A stream of this media type.
const fn streams(media_type: &'static str) -> Answer {
    Answer { media_type: Some(media_type), ..status(StatusCode::OK) }
}

/// Without a body.
const fn status(status: StatusCode) -> Answer {
    Answer { status, schema: None, media_type: None, location: None }
}

/// An operation that its handler knows all about. It says itself what it needs.
fn operation<T: 'static>(
    method: Method,
    path: &'static str,
    summary: &'static str,
    handler: impl Handler<T, EdgeState>,
    answer: Answer,
) -> Operation {
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    let codes = if path.contains('{') { vec![NOT_FOUND] } else { Vec::new() };
    Operation {
        method,
        path,
        summary,
        needs_token: false,
        parameters: Vec::new(),
        body: None,
        media_types: &[],
        answer,
        headers: Vec::new(),
        also: None,
        scope: None,
        role: None,
        command: None,
        limits: Vec::new(),
        codes,
        route: on(filter, handler),
    }
}

impl Operation {
    /// It is called with an access token, and counts against the limit of its user.
    fn with_token(mut self) -> Self {
        self.needs_token = true;
        self.codes(&caller::CODES).limited_by(&[&USER])
    }

    /// It counts against these limits, and says in its answers what is left of them.
    fn limited_by(mut self, limits: &[&'static Policy]) -> Self {
        self.limits.extend(limits);
        self.headers.extend(limits::HEADERS);
        self.codes(&[TOO_MANY_REQUESTS])
    }

    /// Personal access tokens of this scope may call it, too.
    fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self.command = self.command.map(|command| SocketCommand { scope: Some(scope), ..command });
        self
    }

    /// Only those with this role may call it, who have shown a second factor lately.
    fn for_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self.codes(&authority::CODES)
    }

    fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(SchemaGenerator::subschema_for::<T>);
        self.codes(&body::CODES).rejections(&[plyo_events::rejection::INVALID_BODY])
    }

    /// It takes bytes of one of these media types.
    fn takes_bytes(mut self, media_types: &'static [&'static str]) -> Self {
        self.media_types = media_types;
        self.codes(&body::CODES_OF_BYTES)
    }

    /// It refuses a body that says anything.
    fn takes_nothing(self) -> Self {
        self.codes(&body::CODES).rejections(&[plyo_events::rejection::INVALID_BODY])
    }

    fn parameter(mut self, place: &str, name: &str, description: &str, schema: Value) -> Self {
        self.parameters.push(json!({ "in": place, "name": name, "description": description, "schema": schema }));
        self
    }

    /// A part of the query string without which there is no answer.
    fn required(mut self, name: &str, description: &str, schema: Value) -> Self {
        self = self.parameter("query", name, description, schema);
        if let Some(last) = self.parameters.last_mut() {
            last["required"] = true.into();
        }
        self
    }

    /// It asks a service this.
    fn asks<Q: Query>(self) -> Self {
        self.rejections(Q::REJECTIONS).asks_a_service()
    }

    /// It asks a service to do this.
    fn requests<R: Request>(self) -> Self {
        self.rejections(R::REJECTIONS).asks_a_service()
    }

    fn asks_a_service(self) -> Self {
        self.rejections(&[plyo_events::rejection::INVALID_QUERY]).codes(&[UNAVAILABLE, FAILED])
    }

    /// It sends this command and waits for its outcome.
    fn sends(self, kind: CommandKind) -> Self {
        let description = "`wait=N` (0 to 30 s, default 2) or `respond-async` (RFC 7240)";
        let mut sending = self
            .rejections(kind.rejections())
            .rejections(&[plyo_events::rejection::IDEMPOTENCY_KEY_REUSED, plyo_events::erasure::ERASED])
            .codes(&submit::CODES)
            .asks_a_service()
            .parameter("header", "Prefer", description, json!({ "type": "string" }));
        sending.headers.push(("Preference-Applied", "`respond-async`, where that was preferred (RFC 7240)"));
        sending.headers.push(("traceparent", "The trace of the command (W3C)"));
        sending.also = Some((StatusCode::ACCEPTED, "Stored; Location has the outcome"));
        sending
    }

    fn rejections(self, rejections: &[RejectionCode]) -> Self {
        let codes: Vec<Code> = rejections.iter().map(|code| Code::of(*code)).collect();
        self.codes(&codes)
    }

    fn codes(mut self, codes: &[Code]) -> Self {
        for code in codes {
            if !self.lists(code.status, code.name) {
                self.codes.push(*code);
            }
        }
        self
    }

    fn lists(&self, status: StatusCode, name: &str) -> bool {
        self.codes.iter().any(|code| code.status == status && code.name == name)
    }

    /// Headers of an answer that is no problem, with what they say.
    pub(crate) fn answer_headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let location = self.answer.location.map(|_| ("Location", "Where what was made is"));
        let outcome = self.command.map(|_| ("Location", "Where the outcome is"));
        self.headers.iter().copied().chain(location.or(outcome))
    }

    /// `POST /workouts`
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// The routes of the table.
pub(crate) fn router() -> Router<EdgeState> {
    operations().into_iter().fold(Router::new(), |router, operation| {
        let (path, is_limited) = (operation.path, !operation.limits.is_empty());
        let route = checked(operation);
        router.route(path, if is_limited { route.route_layer(from_fn(limits::told)) } else { route })
    })
}

/// Where there are debug assertions, so in every test, an operation that answers with what it does not list panics.
fn checked(operation: Operation) -> MethodRouter<EdgeState> {
    if !cfg!(debug_assertions) {
        return operation.route;
    }
    let (name, codes) = (operation.name(), operation.codes);
    operation.route.route_layer(map_response(move |response: Response| {
        assert_listed(&name, &codes, &response);
        std::future::ready(response)
    }))
}

fn assert_listed(name: &str, codes: &[Code], response: &Response) {
    if let Some(Told(told)) = response.extensions().get::<Told>() {
        let is_listed = codes.iter().any(|code| code.name == *told && code.status == response.status());
        assert!(is_listed, "{name} answers {} `{told}`, which is not in its row", response.status());
    }
}

/// What a request needs to know of a row before its handler does.
struct Entry {
    method: Method,
    path: &'static str,
    scope: Option<Scope>,
    role: Option<Role>,
}

/// The rows as requests look them up: made once, since a row has its route in it.
fn entries() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| operations().into_iter().map(Entry::of).collect());
    &ENTRIES
}

/// Whether a path has a representation.
fn is_there_to_get(path: &str) -> bool {
    entries().iter().any(|entry| entry.method == Method::GET && entry.path == path)
}

/// How a socket reads this command; `None` when it is none of those that clients send.
pub(crate) fn socket_command(kind: CommandKind) -> Option<SocketCommand> {
    static COMMANDS: LazyLock<Vec<SocketCommand>> =
        LazyLock::new(|| operations().into_iter().filter_map(|operation| operation.command).collect());
    COMMANDS.iter().find(|command| command.kind == kind).copied()
}

impl Entry {
    fn of(Operation { method, path, scope, role, .. }: Operation) -> Self {
        Self { method, path, scope, role }
    }

    /// By the path of its route.
    fn find(method: &Method, path: &str) -> Option<&'static Self> {
        let path = path.strip_prefix("/api/v1")?;
        // A HEAD is answered as a GET.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        entries().iter().find(|entry| entry.method == method && entry.path == path)
    }
}

impl FromRequestParts<EdgeState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        let now = Timestamp::now();
        let Ok(standing) = Standing::from_request_parts(parts, state).await;
        if !state.callers.is_known(caller::token_of(&parts.headers)?, now) {
            // Whoever guesses has the user service asked each time.
            let ClientAddress(address) = ClientAddress::from_request_parts(parts, state).await?;
            state.limits.address(address, &standing)?;
        }
        let caller = state.callers.authenticate(&state.nats, caller::token_of(&parts.headers)?, now).await?;
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
        let entry = Entry::find(&parts.method, path);
        if caller.scopes != Scopes::Session {
            caller.scopes.check(entry.and_then(|entry| entry.scope))?;
        }
        state.limits.user(caller.user, &standing)?;
        if let Some(role) = entry.and_then(|entry| entry.role) {
            authority::check(&state.nats, &caller, role).await?;
        }
        Ok(caller)
    }
}

/// The ids of a path. A malformed one names nothing.
struct Ids<I>(I);

impl<I: DeserializeOwned + Send> FromRequestParts<EdgeState> for Ids<I> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        let ids = Path::<I>::from_request_parts(parts, state).await;
        ids.map(|Path(ids)| Self(ids)).map_err(|_| NOT_FOUND.into())
    }
}

#[cfg(test)]
mod tests;
