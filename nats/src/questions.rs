//! Asking and answering queries over the NATS Service API.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use async_nats::service::ServiceExt as _;
use bytes::Bytes;
use futures_util::StreamExt;
use plyo_events::{
    Query, Reject, RejectKind,
    query::{OutcomeQuery, StoredOutcome},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{Context, Nats, QueryError, database, health::Health, service::Handler, store};

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AskError {
    /// The question was understood and refused.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// Nobody answers, or not in time.
    #[error("nobody answers")]
    Unavailable,
    /// The service failed; its log says why.
    #[error("the service failed")]
    Failed,
}

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Questions of one kind that one instance works on at a time.
const AT_A_TIME: usize = 256;

/// What travels back.
#[derive(Serialize, Deserialize)]
enum Answered {
    Ok(#[serde(with = "bytes_field")] Vec<u8>),
    Rejected(Reject),
    Failed,
}

/// Asks whichever instance of the service answers first.
///
/// # Errors
/// See [`AskError`].
pub async fn ask<Q: Query>(nats: &Nats, query: &Q) -> Result<Q::Answer, AskError> {
    let body = rmp_serde::to_vec_named(query).map_err(|_| AskError::Failed)?;
    let answer = request(nats, format!("q.{}.{}", Q::SERVICE, Q::NAME), body).await?;
    rmp_serde::from_slice(&answer).map_err(|_| AskError::Failed)
}

/// Asks how a command ended; `None` when it is not handled yet, or not known.
///
/// # Errors
/// See [`AskError`].
pub async fn outcome(nats: &Nats, service: &str, query: &OutcomeQuery) -> Result<Option<StoredOutcome>, AskError> {
    let body = rmp_serde::to_vec_named(query).map_err(|_| AskError::Failed)?;
    let answer = request(nats, format!("q.{service}.outcome"), body).await?;
    rmp_serde::from_slice(&answer).map_err(|_| AskError::Failed)
}

async fn request(nats: &Nats, subject: String, body: Vec<u8>) -> Result<Vec<u8>, AskError> {
    if !nats.connected() {
        return Err(AskError::Unavailable);
    }
    let request = nats.client().request(subject, body.into());
    let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE, request).await else { return Err(AskError::Unavailable) };
    match rmp_serde::from_slice(&answer.payload) {
        Ok(Answered::Ok(answer)) => Ok(answer),
        Ok(Answered::Rejected(reject)) => Err(AskError::Reject(reject)),
        Ok(Answered::Failed) | Err(_) => Err(AskError::Failed),
    }
}

/// What every running instance of a service says of itself (`$SRV.STATS`), within a time; empty when nobody runs.
/// Each endpoint's `data` has the state of the lane.
pub async fn ping(nats: &Nats, service: &str, within: Duration) -> Vec<Value> {
    let inbox = nats.client().new_inbox();
    let Ok(mut answers) = nats.client().subscribe(inbox.clone()).await else { return Vec::new() };
    let asked = nats.client().publish_with_reply(format!("$SRV.STATS.{service}"), inbox, Bytes::new()).await;
    if asked.is_err() {
        return Vec::new();
    }
    let mut instances = Vec::new();
    let deadline = tokio::time::Instant::now() + within;
    // The first answer is proof of life; others of a larger deployment come within a moment of it.
    let mut wait_until = deadline;
    while let Ok(Some(answer)) = tokio::time::timeout_at(wait_until, answers.next()).await {
        match serde_json::from_slice::<Value>(&answer.payload) {
            Ok(stats) => instances.push(stats),
            Err(_) => break,
        }
        wait_until = deadline.min(tokio::time::Instant::now() + Duration::from_millis(20));
    }
    instances
}

/// Answers the service's queries, and `outcome`, until the future is dropped.
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
        .description("a service of Plyo")
        .stats_handler(move |_, _| serde_json::to_value(health.lane()).unwrap_or(Value::Null))
        .metadata(HashMap::from([("project".to_owned(), "plyo".to_owned())]))
        .start(name, env!("CARGO_PKG_VERSION"))
        .await
        .map_err(|error| anyhow::anyhow!("start answering: {error}"))?;
    let group = service.group(format!("q.{name}"));
    let mut running = JoinSet::new();
    for (question, handler) in answers.into_iter().chain([("outcome", outcome_handler())]) {
        let endpoint = group.endpoint(question).await.map_err(|error| anyhow::anyhow!("answer {question}: {error}"))?;
        running.spawn(answer_one(name, question, endpoint, handler, context.clone()));
    }
    running.join_next().await;
    anyhow::bail!("the NATS connection ended")
}

async fn answer_one(
    service: &'static str,
    question: &'static str,
    mut endpoint: async_nats::service::endpoint::Endpoint,
    handler: Handler,
    context: Context,
) {
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    while let Some(request) = endpoint.next().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let answering = handler(context.clone(), request.message.payload.to_vec());
        tokio::spawn(async move {
            let answered = match answering.await {
                Ok(answer) => Answered::Ok(answer),
                Err(QueryError::Reject(reject)) => Answered::Rejected(reject),
                Err(QueryError::Failed(error)) if database::is_away(&error) => {
                    tracing::warn!(service, question, error = format!("{error:#}"), "Postgres is away");
                    Answered::Rejected(Reject::new(RejectKind::Unavailable, "unavailable", "try again in a moment"))
                }
                Err(QueryError::Failed(error)) => {
                    tracing::error!(service, question, error = format!("{error:#}"), "query failed");
                    Answered::Failed
                }
            };
            let body = rmp_serde::to_vec_named(&answered).unwrap_or_default();
            // An asker that is gone needs no answer.
            let _ = request.respond(Ok(body.into())).await;
            drop(place);
        });
    }
}

fn outcome_handler() -> Handler {
    Arc::new(|context, body| {
        Box::pin(async move {
            let query: OutcomeQuery = rmp_serde::from_slice(&body)
                .map_err(|_| Reject::invalid("invalid_query", "the body is not the MessagePack of this query"))?;
            let stored = store::outcome_of(&context.pool, query.user.uuid(), query.command.uuid()).await?;
            Ok(rmp_serde::to_vec_named(&stored).context("an outcome is plain data")?)
        })
    })
}

/// MessagePack bytes rather than an array of numbers.
mod bytes_field {
    use serde::{Deserializer, Serializer, de::Visitor};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
