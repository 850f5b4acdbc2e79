//! The connection to nats-server, and the PubAcks that come back on it.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use async_nats::{Client, ConnectOptions, Event, HeaderMap, connection::State};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::sync::{oneshot, watch};

/// Where nats-server is and who we are.
#[derive(Clone, Debug)]
pub struct NatsConfig {
    /// `nats://127.0.0.1:4222`
    pub url: String,
    /// Shown to operators in the server's connection list. Answers come to `_INBOX.<name>.>`: a subject token, and where
    /// the server has permissions, the name of the user.
    pub name: String,
    /// The seed of the nkey that this service signs in with; `None` on a server without authorization.
    pub nkey_seed: Option<String>,
}

/// One connection, shared by everything in a process that acts as the same NATS user.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    pub_acks: Arc<PubAcks>,
    disconnects: watch::Receiver<u64>,
    last_error: Arc<Mutex<Option<String>>>,
}

/// How long a PubAck is waited for; after that the outcome of a publish is unknown.
pub(crate) const PUB_ACK_TIMEOUT: Duration = Duration::from_secs(5);

/// What JetStream says to a publish.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PubAck {
    pub seq: u64,
    #[serde(default)]
    pub duplicate: bool,
}

/// Why there is no PubAck.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum PublishError {
    /// JetStream refused it: nothing was stored.
    #[error("refused by JetStream with {code}: {description}")]
    Refused { code: u64, description: String },
    /// No stream takes the subject: nothing was stored.
    #[error("no stream takes it")]
    NoStream,
    /// No answer came: it may or may not have been stored.
    #[error("no PubAck came")]
    Unknown,
}

impl Nats {
    /// Connects, and reconnects for ever.
    ///
    /// # Errors
    /// When the first connection fails: a wrong address or refused credentials should be seen at start.
    pub async fn connect(config: &NatsConfig) -> Result<Self> {
        let (disconnected, disconnects) = watch::channel(0_u64);
        let last_error = Arc::new(Mutex::new(None));
        let error_slot = Arc::clone(&last_error);
        let mut options = ConnectOptions::new()
            .name(&config.name)
            .custom_inbox_prefix(format!("_INBOX.{}", config.name))
            .max_reconnects(None)
            .client_capacity(65_536)
            .reconnect_delay_callback(|attempt| Duration::from_millis((50 * attempt as u64).min(1_000)))
            .event_callback(move |event| {
                note(&event, &disconnected, &error_slot);
                async {}
            });
        if let Some(seed) = &config.nkey_seed {
            options = options.nkey(seed.clone());
        }
        let client =
            options.connect(&config.url).await.with_context(|| format!("connect to NATS at {}", config.url))?;
        let pub_acks = PubAcks::listen(&client).await?;
        Ok(Self { client, pub_acks, disconnects, last_error })
    }

    pub fn connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// The last thing the server complained of: a denied publish looks like a timeout otherwise.
    pub fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts lost connections: whoever must not miss a message starts again when it changes.
    pub(crate) fn disconnects(&self) -> watch::Receiver<u64> {
        let mut disconnects = self.disconnects.clone();
        disconnects.mark_unchanged();
        disconnects
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a message to a stream and gives the wait for its PubAck; what is sent from one task arrives in that order.
    pub(crate) async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<impl Future<Output = Result<PubAck, PublishError>> + Send + use<>, PublishError> {
        let (reply, answer) = self.pub_acks.expect();
        self.client
            .publish_with_reply_and_headers(subject, reply, headers, body)
            .await
            .map_err(|_| PublishError::Unknown)?;
        Ok(answer.wait())
    }

    /// Asks the JetStream API: `api("STREAM.INFO.EVENTS", …)`.
    pub(crate) async fn api(&self, what: &str, request: &serde_json::Value) -> Result<serde_json::Value, ApiError> {
        let body = if request.is_null() { Bytes::new() } else { Bytes::from(request.to_string()) };
        let answer = tokio::time::timeout(PUB_ACK_TIMEOUT, self.client.request(format!("$JS.API.{what}"), body))
            .await
            .map_err(|_| ApiError::unavailable("no answer in time"))?
            .map_err(|error| ApiError::unavailable(&error.to_string()))?;
        let answer: serde_json::Value =
            serde_json::from_slice(&answer.payload).map_err(|error| ApiError::unavailable(&error.to_string()))?;
        match answer.get("error") {
            None => Ok(answer),
            Some(error) => Err(ApiError {
                code: error["err_code"].as_u64().unwrap_or(0),
                description: error["description"].as_str().unwrap_or("unknown error").to_owned(),
            }),
        }
    }
}

/// The JetStream API refused, or did not answer (code 0).
#[derive(Clone, Debug, thiserror::Error)]
#[error("JetStream API: {description} ({code})")]
pub(crate) struct ApiError {
    pub code: u64,
    pub description: String,
}

impl ApiError {
    pub(crate) const STREAM_NOT_FOUND: u64 = 10_059;
    pub(crate) const CONSUMER_NOT_FOUND: u64 = 10_014;
    pub(crate) const MESSAGE_NOT_FOUND: u64 = 10_037;

    fn unavailable(description: &str) -> Self {
        Self { code: 0, description: description.to_owned() }
    }
}

fn note(event: &Event, disconnected: &watch::Sender<u64>, last_error: &Mutex<Option<String>>) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => {
            tracing::warn!("lost the connection to NATS");
            disconnected.send_modify(|count| *count += 1);
        }
        other => {
            tracing::warn!(event = %other, "NATS");
            *last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(other.to_string());
        }
    }
}

/// Whoever waits for a PubAck, by the last token of the reply subject: one subscription for all.
struct PubAcks {
    prefix: String,
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Result<PubAck, PublishError>>>>,
}

/// One wait for a PubAck.
struct Expected {
    token: u64,
    answer: oneshot::Receiver<Result<PubAck, PublishError>>,
    pub_acks: Arc<PubAcks>,
}

impl PubAcks {
    async fn listen(client: &Client) -> Result<Arc<Self>> {
        let prefix = format!("{}.", client.new_inbox());
        let mut answers = client.subscribe(format!("{prefix}*")).await?;
        let pub_acks = Arc::new(Self { prefix, next: AtomicU64::new(0), waiting: Mutex::default() });
        let listener = Arc::downgrade(&pub_acks);
        tokio::spawn(async move {
            while let Some(answer) = answers.next().await {
                let Some(pub_acks) = listener.upgrade() else { return };
                pub_acks.deliver(&answer);
            }
        });
        Ok(pub_acks)
    }

    fn expect(self: &Arc<Self>) -> (String, Expected) {
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(token, sender);
        (format!("{}{token}", self.prefix), Expected { token, answer, pub_acks: Arc::clone(self) })
    }

    fn deliver(&self, answer: &async_nats::Message) {
        let token = answer.subject.as_str().rsplit('.').next().and_then(|token| token.parse().ok());
        let Some(token) = token else { return };
        let sender = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&token);
        if let Some(sender) = sender {
            // A waiter that gave up has dropped its end: nobody is left to tell.
            let _ = sender.send(read_pub_ack(answer));
        }
    }
}

impl Expected {
    async fn wait(mut self) -> Result<PubAck, PublishError> {
        match tokio::time::timeout(PUB_ACK_TIMEOUT, &mut self.answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(PublishError::Unknown),
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.pub_acks.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.token);
    }
}

fn read_pub_ack(answer: &async_nats::Message) -> Result<PubAck, PublishError> {
    #[derive(Deserialize)]
    struct Answer {
        error: Option<Refusal>,
        seq: Option<u64>,
        #[serde(default)]
        duplicate: bool,
    }
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(default)]
        err_code: u64,
        #[serde(default)]
        description: String,
    }
    if answer.status == Some(async_nats::StatusCode::NO_RESPONDERS) {
        return Err(PublishError::NoStream);
    }
    match serde_json::from_slice(&answer.payload) {
        Ok(Answer { error: Some(Refusal { err_code, description }), .. }) => {
            Err(PublishError::Refused { code: err_code, description })
        }
        Ok(Answer { seq: Some(seq), duplicate, .. }) => Ok(PubAck { seq, duplicate }),
        Ok(_) | Err(_) => Err(PublishError::Unknown),
    }
}
