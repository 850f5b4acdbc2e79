//! Asking and answering queries over the NATS Service API.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use async_nats::{HeaderMap, service::ServiceExt as _};
use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use plyo_events::{
    Query, Rejection, Request,
    query::{OutcomeQuery, StoredOutcome},
    rejection::{INVALID_QUERY, UNAVAILABLE},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep_until, timeout, timeout_at},
};
use tracing::{Instrument as _, Span};

use crate::{
    broker::{Nats, wire},
    health::Health,
    lane::store,
    service::{Context, Handler, QueryError},
    sql::database,
    trace,
};

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AskError {
    /// The question was understood and rejected.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// No answer in time.
    #[error("no responders")]
    Unavailable,
    /// The service failed; its log says why.
    #[error("the service failed")]
    Failed,
}

/// Timeout of an answer, for the client and the service.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// An unanswered question is asked again after this time, which then doubles.
const AGAIN: Duration = Duration::from_millis(500);
/// Max concurrent questions of one kind per instance.
const MAX_CONCURRENT: usize = 256;

/// The reply: an answer is JSON for the client, which an edge passes on unchanged.
#[derive(Serialize, Deserialize)]
enum Answered<'a> {
    Ok(#[serde(borrow, with = "json_bytes")] &'a [u8]),
    Rejected(Rejection),
    Failed,
}

/// Asks whichever instance of the service answers first.
///
/// # Errors
/// See [`AskError`].
pub async fn ask<Q: Query>(nats: &Nats, query: &Q) -> Result<Q::Answer, AskError> {
    read(&find_out(nats, Q::SERVICE, Q::NAME, query).await?)
}

/// The same; returns the service's JSON unchanged.
///
/// # Errors
/// See [`AskError`].
pub async fn ask_for_json<Q: Query>(nats: &Nats, query: &Q) -> Result<Bytes, AskError> {
    find_out(nats, Q::SERVICE, Q::NAME, query).await
}

/// Sends a request to whichever instance of the service takes it first.
///
/// # Errors
/// See [`AskError`]. Except after a rejection, the request may have been performed anyway.
pub async fn request<R: Request>(nats: &Nats, request: &R) -> Result<R::Answer, AskError> {
    read(&put(nats, R::SERVICE, R::NAME, request).await?)
}

/// Asks for the outcome of a command; `None` if it is not handled yet, or unknown.
///
/// # Errors
/// See [`AskError`].
pub async fn outcome(nats: &Nats, service: &str, query: &OutcomeQuery) -> Result<Option<StoredOutcome>, AskError> {
    read(&find_out(nats, service, "outcome", query).await?)
}

fn read<A: DeserializeOwned>(answer: &[u8]) -> Result<A, AskError> {
    serde_json::from_slice(answer).map_err(|_| AskError::Failed)
}

/// Asks again while there is no answer: the first instance may be gone, and another one available. The first answer counts.
async fn find_out(nats: &Nats, service: &str, name: &str, question: &impl Serialize) -> Result<Bytes, AskError> {
    let mut asked = FuturesUnordered::new();
    let (mut pause, deadline) = (AGAIN, Instant::now() + ANSWER_TIMEOUT);
    loop {
        asked.push(put(nats, service, name, question));
        let again = sleep_until(deadline.min(Instant::now() + pause));
        pause *= 2;
        tokio::select! {
            Some(answer) = asked.next() => return answer,
            () = again => if Instant::now() >= deadline { return Err(AskError::Unavailable) },
        }
    }
}

async fn put(nats: &Nats, service: &str, name: &str, question: &impl Serialize) -> Result<Bytes, AskError> {
    let body = rmp_serde::to_vec_named(question).map_err(|_| AskError::Failed)?;
    if !nats.connected() {
        return Err(AskError::Unavailable);
    }
    // Without its own timeout: ours also covers waiting for space in the connection's queue.
    let mut request = async_nats::Request::new().payload(body.into()).timeout(None);
    if let Some(traceparent) = trace::current() {
        let mut headers = HeaderMap::new();
        wire::set(&mut headers, wire::TRACEPARENT, traceparent.to_string());
        request = request.headers(headers);
    }
    let asked = nats.client().send_request(format!("q.{service}.{name}"), request);
    let Ok(Ok(answer)) = timeout(ANSWER_TIMEOUT, asked).await else { return Err(AskError::Unavailable) };
    match rmp_serde::from_slice(&answer.payload) {
        Ok(Answered::Ok(json)) => Ok(answer.payload.slice_ref(json)),
        Ok(Answered::Rejected(rejection)) => Err(AskError::Rejected(rejection)),
        Ok(Answered::Failed) | Err(_) => Err(AskError::Failed),
    }
}

/// The status of every running instance of a service (`$SRV.STATS`), within a timeout; empty if none is running. Each
/// endpoint's `data` has the state of the lane.
pub async fn ping(nats: &Nats, service: &str, within: Duration) -> Vec<Value> {
    let inbox = nats.client().new_inbox();
    let Ok(mut answers) = nats.client().subscribe(inbox.clone()).await else { return Vec::new() };
    let asked = nats.client().publish_with_reply(format!("$SRV.STATS.{service}"), inbox, Bytes::new()).await;
    if asked.is_err() {
        return Vec::new();
    }
    let mut instances = Vec::new();
    let deadline = Instant::now() + within;
    // The first answer shows that the service is running; others follow within a moment.
    let mut wait_until = deadline;
    while let Ok(Some(answer)) = timeout_at(wait_until, answers.next()).await {
        match serde_json::from_slice::<Value>(&answer.payload) {
            Ok(stats) => instances.push(stats),
            Err(_) => break,
        }
        wait_until = deadline.min(Instant::now() + Duration::from_millis(20));
    }
    instances
}

/// Answers the service's queries and `outcome` until the future is dropped.
pub(crate) async fn answer_all(
    name: &'static str,
    answers: Vec<(&'static str, Handler)>,
    context: Context,
    health: Health,
) -> Result<()> {
    let service = context
        .nats
        .client()
        .service_builder()
        .description("a Plyo service")
        .stats_handler(move |_, _| shown(&health))
        .metadata(HashMap::from([("project".to_owned(), "plyo".to_owned())]))
        .start(name, env!("CARGO_PKG_VERSION"))
        .await
        .map_err(|error| anyhow::anyhow!("start the query endpoints: {error}"))?;
    let group = service.group(format!("q.{name}"));
    let mut running = JoinSet::new();
    for (question, handler) in answers.into_iter().chain([("outcome", outcome_handler())]) {
        let endpoint =
            group.endpoint(question).await.map_err(|error| anyhow::anyhow!("add the endpoint {question}: {error}"))?;
        running.spawn(answer_one(name, question, endpoint, handler, context.clone()));
    }
    running.join_next().await;
    anyhow::bail!("the NATS connection ended")
}

/// The state of the service, with any waiting effects.
fn shown(health: &Health) -> Value {
    let mut shown = serde_json::to_value(health.lane()).unwrap_or(Value::Null);
    let waiting = health.waiting_effects();
    if !waiting.is_empty() {
        shown["effects"] = json!(waiting);
    }
    shown
}

async fn answer_one(
    service: &'static str,
    question: &'static str,
    mut endpoint: async_nats::service::endpoint::Endpoint,
    handler: Handler,
    context: Context,
) {
    let places = Arc::new(Semaphore::new(MAX_CONCURRENT));
    while let Some(request) = endpoint.next().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let answering = handler(context.clone(), request.message.payload.clone());
        let span = span(service, question, request.message.headers.as_ref());
        let answer_it = async move {
            // A later answer is too late for the client, and on a dead connection a query would never end.
            let answer = timeout(ANSWER_TIMEOUT, answering).await;
            let answered = match &answer {
                Ok(Ok(json)) => Answered::Ok(json),
                Ok(Err(QueryError::Rejected(rejection))) => Answered::Rejected(rejection.clone()),
                Ok(Err(QueryError::Failed(error))) if database::is_unavailable(error) => {
                    tracing::warn!(service, question, error = format!("{error:#}"), "Postgres is unavailable");
                    Answered::Rejected(UNAVAILABLE.into())
                }
                Ok(Err(QueryError::Failed(error))) => {
                    tracing::error!(service, question, error = format!("{error:#}"), "query failed");
                    Answered::Failed
                }
                Err(_) => {
                    tracing::warn!(service, question, "no response within {} s", ANSWER_TIMEOUT.as_secs());
                    Answered::Rejected(UNAVAILABLE.into())
                }
            };
            let body = rmp_serde::to_vec_named(&answered).unwrap_or_default();
            // A client that is gone needs no answer.
            let _ = request.respond(Ok(body.into())).await;
            drop(place);
        };
        tokio::spawn(answer_it.instrument(span));
    }
}

/// The span of an answer, in the trace of who asked.
fn span(service: &'static str, question: &'static str, headers: Option<&HeaderMap>) -> Span {
    let parent = headers.and_then(wire::traceparent);
    let span = tracing::debug_span!(
        "query",
        otel.name = format!("{service}/{question}"),
        otel.kind = "server",
        rpc.system.name = "nats",
        rpc.method = format!("{service}/{question}"),
        traceparent = parent.map(tracing::field::display),
    );
    trace::follow(&span, parent);
    span
}

fn outcome_handler() -> Handler {
    Arc::new(|context, body| {
        Box::pin(async move {
            let query: OutcomeQuery = rmp_serde::from_slice(&body).map_err(|_| INVALID_QUERY)?;
            let stored = store::outcome_of(&context.pool, query.user.uuid(), query.command.uuid()).await?;
            Ok(serde_json::to_vec(&stored).context("an outcome is plain data")?)
        })
    })
}

/// MessagePack bytes rather than an array of numbers.
mod json_bytes {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de [u8], D::Error> {
        <&[u8]>::deserialize(deserializer)
    }
}
