//! The resources, one file each.

mod achievements;
mod auth;
mod commands;
mod notifications;
mod reminders;
mod workouts;

use axum::{
    Json, Router,
    body::Body,
    extract::{FromRequestParts, Query as UrlQuery, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use plyo_events::{Command, Query};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    EdgeState, body,
    caller::Caller,
    problem::Problem,
    submit::{Submission, respond, submit},
};

pub(crate) use auth::{Credentials, RefreshToken, SignUp, jwks};
pub(crate) use reminders::DueAt;
pub(crate) use workouts::valid;

pub(crate) fn router() -> Router<EdgeState> {
    Router::new()
        .merge(auth::router())
        .merge(workouts::router())
        .merge(reminders::router())
        .merge(achievements::router())
        .merge(notifications::router())
        .merge(commands::router())
}

impl FromRequestParts<EdgeState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        let caller = state.callers.of(&parts.headers)?;
        state.limits.user(caller.user)?;
        Ok(caller)
    }
}

/// `?limit=` and `?cursor=` of a list.
#[derive(Deserialize)]
pub(crate) struct Paging {
    cursor: Option<String>,
    #[serde(default = "usual_limit")]
    limit: u32,
}

const fn usual_limit() -> u32 {
    20
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let wrong = || Problem::invalid("invalid_limit", "limit is a number from 1 to 100");
        let UrlQuery(paging) = UrlQuery::<Self>::from_request_parts(parts, state).await.map_err(|_| wrong())?;
        if (1..=100).contains(&paging.limit) { Ok(paging) } else { Err(wrong()) }
    }
}

/// A path segment that is an id; a malformed one names nothing.
pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Asks and answers as JSON, with an ETag.
pub(crate) async fn answer<Q: Query>(state: &EdgeState, headers: &HeaderMap, query: Q) -> Result<Response, Problem> {
    let body = plyo_nats::ask_for_json(&state.nats, &query).await?;
    let digest = Sha256::digest(&body);
    let tag = format!("\"{:016x}\"", u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default()));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|known| known.trim() == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "private, no-cache")];
    Ok((headers, [(header::ETAG, tag)], body).into_response())
}

/// A request that is to become a command.
pub(crate) struct CommandRequest {
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
}

impl CommandRequest {
    /// Reads a request with a JSON body.
    pub(crate) async fn read(state: &EdgeState, request: Request) -> Result<Self, Problem> {
        let (caller, headers, body) = Self::parts(state, request)?;
        let body = body::read(&headers, body).await?;
        Ok(Self { caller, headers, body })
    }

    /// A request that needs no body; one that it has is not read.
    pub(crate) fn without_body(state: &EdgeState, request: Request) -> Result<Self, Problem> {
        let (caller, headers, _) = Self::parts(state, request)?;
        Ok(Self { caller, headers, body: Bytes::new() })
    }

    fn parts(state: &EdgeState, request: Request) -> Result<(Caller, HeaderMap, Body), Problem> {
        let (parts, body) = request.into_parts();
        let caller = state.callers.of(&parts.headers)?;
        state.limits.user(caller.user)?;
        Ok((caller, parts.headers, body))
    }

    pub(crate) fn decode<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        body::decode(&self.body)
    }

    /// Sends the command; `route` names the operation with the ids of its path, `created` gives the place of what it makes.
    pub(crate) async fn send(
        self,
        state: &EdgeState,
        route: &str,
        command: impl Into<Command>,
        created: impl FnOnce(&Value) -> Option<String>,
    ) -> Result<Response, Problem> {
        let submission = Submission::new(self.caller.user, route, &self.headers, &self.body, command.into())?;
        let (id, service, waited) = (submission.id, submission.command.kind().service(), !submission.wait.is_zero());
        let traceparent = submission.traceparent.to_string();
        let mut response = respond(submit(state, submission).await?, service, id, created, waited);
        if let Ok(traceparent) = traceparent.parse() {
            response.headers_mut().insert("traceparent", traceparent);
        }
        Ok(response)
    }
}

/// Nothing is made that has a place of its own.
pub(crate) const fn nowhere(_: &Value) -> Option<String> {
    None
}

pub(crate) fn json(value: &impl Serialize) -> Response {
    Json(value).into_response()
}
