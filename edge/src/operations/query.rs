//! Operations that are answered from a service's tables.

use axum::{
    extract::{FromRequestParts, Query as UrlQuery, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use plyo_events::{Query, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Ids, Operation, gives, operation};
use crate::{
    EdgeState,
    caller::Caller,
    condition,
    problem::{Code, Problem},
};

const INVALID_LIMIT: Code =
    Code::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_limit", "limit must be a number from 1 to 100");
const INVALID_FILTER: Code =
    Code::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_filter", "unread must be true or false");

/// A question about the caller, with the ids of its path.
pub(super) fn query<I, Q>(path: &'static str, summary: &'static str, make: fn(UserId, I) -> Q) -> Operation
where
    I: DeserializeOwned + Send + 'static,
    Q: Query<Answer: JsonSchema> + Sync,
{
    asks(path, summary, false, move |user, ids, NoParameters| make(user, ids))
}

/// A question about one thing whose answer has its `revision`, which is in the ETag, too.
pub(super) fn revised<I, Q>(path: &'static str, summary: &'static str, make: fn(UserId, I) -> Q) -> Operation
where
    I: DeserializeOwned + Send + 'static,
    Q: Query<Answer: JsonSchema> + Sync,
{
    asks(path, summary, true, move |user, ids, NoParameters| make(user, ids))
}

/// A question with parameters, such as [`Paging`].
pub(super) fn list<I, P, Q>(path: &'static str, summary: &'static str, make: fn(UserId, I, P) -> Q) -> Operation
where
    I: DeserializeOwned + Send + 'static,
    P: Parameters,
    Q: Query<Answer: JsonSchema> + Sync,
{
    asks(path, summary, false, make)
}

fn asks<I, P, Q>(
    path: &'static str,
    summary: &'static str,
    is_revised: bool,
    make: impl Fn(UserId, I, P) -> Q + Clone + Send + Sync + 'static,
) -> Operation
where
    I: DeserializeOwned + Send + 'static,
    P: Parameters,
    Q: Query<Answer: JsonSchema> + Sync,
{
    let serve = async move |State(state): State<EdgeState>,
                            caller: Caller,
                            Ids(ids): Ids<I>,
                            parameters: P,
                            headers: HeaderMap| {
        answer(&state, caller.user, &headers, is_revised, make(caller.user, ids, parameters)).await
    };
    let described = P::describe(operation(Method::GET, path, summary, serve, gives::<Q::Answer>()).with_token());
    has_tag(described.asks::<Q>())
}

/// Adds what the documents say of [`tagged`].
pub(super) fn has_tag(operation: Operation) -> Operation {
    let mut described = operation.parameter(
        "header",
        "If-None-Match",
        "The `ETag` of an answer that is known",
        json!({ "type": "string" }),
    );
    described
        .headers
        .push(("ETag", "Names this answer: weakly, or beginning with its revision, where it has one: `\"7-…\"`"));
    described.also = Some((StatusCode::NOT_MODIFIED, "The answer is the one that is known"));
    described
}

/// Asks and answers as JSON.
async fn answer<Q: Query>(
    state: &EdgeState,
    user: UserId,
    headers: &HeaderMap,
    is_revised: bool,
    query: Q,
) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Revised {
        revision: u32,
    }
    let body = state.sealing.open(user, plyo_nats::ask_for_json(&state.nats, &query).await?).await?;
    let revised: Option<Revised> = if is_revised { serde_json::from_slice(&body).ok() } else { None };
    Ok(tagged(headers, revised.map(|revised| revised.revision), body))
}

/// JSON with an ETag, unless the client knows it.
pub(super) fn tagged(headers: &HeaderMap, revision: Option<u32>, body: Bytes) -> Response {
    let digest = Sha256::digest(&body);
    let digest = u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default());
    let tag = condition::tag(revision, digest);
    if condition::is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "private, no-cache")];
    (headers, [(header::ETAG, tag)], body).into_response()
}

/// What a query string says.
pub(super) trait Parameters: FromRequestParts<EdgeState, Rejection = Problem> + Send + 'static {
    /// Adds what the documents say of it.
    fn describe(operation: Operation) -> Operation;
}

/// Nothing that is looked at.
struct NoParameters;

/// `?limit=` and `?cursor=` of a list.
#[derive(Deserialize)]
pub(super) struct Paging {
    pub cursor: Option<String>,
    #[serde(default = "usual_limit")]
    pub limit: u32,
}

/// `?unread=` and those of [`Paging`].
pub(super) struct NotificationFilter {
    pub paging: Paging,
    pub unread_only: bool,
}

const fn usual_limit() -> u32 {
    20
}

impl Parameters for NoParameters {
    fn describe(operation: Operation) -> Operation {
        operation
    }
}

impl FromRequestParts<EdgeState> for NoParameters {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &EdgeState) -> Result<Self, Problem> {
        Ok(Self)
    }
}

impl Parameters for Paging {
    fn describe(operation: Operation) -> Operation {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": usual_limit() });
        operation.codes(&[INVALID_LIMIT]).parameter("query", "limit", "How many", limit).parameter(
            "query",
            "cursor",
            "`next_cursor` of the previous page",
            json!({ "type": "string" }),
        )
    }
}

impl FromRequestParts<EdgeState> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        let paging = UrlQuery::<Self>::from_request_parts(parts, state).await;
        let paging = paging.ok().filter(|UrlQuery(paging)| (1..=100).contains(&paging.limit));
        paging.map(|UrlQuery(paging)| paging).ok_or_else(|| INVALID_LIMIT.into())
    }
}

impl Parameters for NotificationFilter {
    fn describe(operation: Operation) -> Operation {
        let unread = json!({ "type": "boolean", "default": false });
        Paging::describe(operation).codes(&[INVALID_FILTER]).parameter("query", "unread", "Only unread ones", unread)
    }
}

impl FromRequestParts<EdgeState> for NotificationFilter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Filter {
            #[serde(default)]
            unread: bool,
        }
        let paging = Paging::from_request_parts(parts, state).await?;
        let filter = UrlQuery::<Filter>::from_request_parts(parts, state).await.map_err(|_| INVALID_FILTER)?;
        Ok(Self { paging, unread_only: filter.unread })
    }
}
