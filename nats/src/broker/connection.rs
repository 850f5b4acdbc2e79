//! The connection to nats-server.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use async_nats::{
    Auth, AuthError, Client, ConnectOptions, Event, HeaderMap, ReconnectToServer, RequestError, connection::State,
};
use bytes::Bytes;
use nkeys::KeyPair;
use tokio::{sync::watch, time::timeout};

use crate::broker::{
    pub_acks::{PUB_ACK_TIMEOUT, PubAck, PubAcks, PublishError},
    refused::Refused,
    servers::{self, Reach, Round},
};

/// Where nats-server is, and how to sign in.
#[derive(Clone, Debug)]
pub struct NatsConfig {
    /// `nats://127.0.0.1:4222`; for a cluster, every server, separated by commas, since any of them may be lost.
    pub url: String,
    /// Shown to operators in the server's connection list. Replies come to `_INBOX.<name>.>`: a subject token, and the name
    /// of the user if the server has permissions.
    pub name: String,
    /// The seed of the nkey that this service signs in with; `None` on a server without authorization.
    pub nkey_seed: Option<String>,
}

/// One connection, shared by everything in a process that acts as the same NATS user.
#[derive(Clone)]
pub struct Nats {
    config: Arc<NatsConfig>,
    client: Client,
    pub_acks: Arc<PubAcks>,
    disconnects: watch::Receiver<u64>,
    last_error: Arc<LastError>,
    told: Arc<Told>,
    syncs_each_write: bool,
}

/// Whether a server responds.
struct Told {
    client: Client,
    reach: Reach,
    /// Shared by all connections of a service.
    refused: Arc<Refused>,
}

impl Told {
    fn note(&self, subject: &str, ack: &Result<PubAck, PublishError>) {
        self.reach.note(!matches!(ack, Err(PublishError::Unknown | PublishError::NoStream)));
        // A server that is unavailable refuses nothing.
        if ack.is_ok() || self.client.connection_state() == State::Connected {
            self.refused.note(subject, ack);
        }
    }
}

/// The last error of a server, and when it occurred.
type LastError = Mutex<Option<(String, Instant)>>;

/// A server that does not respond is given up after three of these.
const PING: Duration = Duration::from_millis(1_500);
/// Timeout of signing in: a stale address silently drops packets.
const CONNECTING: Duration = Duration::from_secs(2);
/// Older errors are over: an ongoing problem is reported again.
const RECENTLY: Duration = Duration::from_secs(60);

impl Nats {
    /// Connects, and reconnects for ever.
    ///
    /// # Errors
    /// When the first connection fails: a wrong address or refused credentials should be noticed at start.
    pub async fn connect(config: &NatsConfig) -> Result<Self> {
        let round = Round::default();
        let mut options = ConnectOptions::new().max_reconnects(None).reconnect_to_server_callback(move |servers, _| {
            let next = round.next(&servers).map(|server| ReconnectToServer { addr: server.addr.clone(), delay: None });
            std::future::ready(next)
        });
        if let Some(seed) = &config.nkey_seed {
            options = options.nkey(seed.clone());
        }
        Self::connect_with(Arc::new(config.clone()), options, Arc::default(), Arc::default(), true).await
    }

    /// Another connection of the same user, which ends when it is lost. A client that reconnects sends its remaining
    /// messages after losing some; an owner's publishes must not be reordered like that.
    pub(crate) async fn without_reconnecting(&self) -> Result<Self> {
        let seed = self.config.nkey_seed.clone();
        let is_made = Arc::new(AtomicBool::new(false));
        let is_lost = Arc::clone(&is_made);
        let options = ConnectOptions::with_auth_callback(move |nonce| {
            let is_over = is_lost.load(Ordering::Relaxed);
            std::future::ready(if is_over {
                Err(AuthError::new("the connection has ended"))
            } else {
                sign(&seed, &nonce)
            })
        });
        // Each server may be tried once initially; after a loss, the client gives up after as many refusals.
        let options = options.max_reconnects(servers::list(&self.config.url).len());
        let (last_error, refused) = (Arc::clone(&self.last_error), Arc::clone(&self.told.refused));
        let config = Arc::clone(&self.config);
        let ends = Self::connect_with(config, options, last_error, refused, self.syncs_each_write).await?;
        is_made.store(true, Ordering::Relaxed);
        Ok(ends)
    }

    async fn connect_with(
        config: Arc<NatsConfig>,
        options: ConnectOptions,
        last_error: Arc<LastError>,
        refused: Arc<Refused>,
        syncs_each_write: bool,
    ) -> Result<Self> {
        let (disconnected, disconnects) = watch::channel(0_u64);
        let error_slot = Arc::clone(&last_error);
        let options = options
            .name(&config.name)
            .custom_inbox_prefix(format!("_INBOX.{}", config.name))
            .client_capacity(65_536)
            .connection_timeout(CONNECTING)
            .ping_interval(PING)
            .reconnect_delay_callback(|attempt| Duration::from_millis((50 * attempt as u64).min(1_000)))
            .event_callback(move |event| {
                note(&event, &disconnected, &error_slot);
                async {}
            });
        let (client, pub_acks) = connect(&config, options, disconnects.clone()).await?;
        let is_one_of_several = servers::list(&config.url).len() > 1;
        let reach = Reach::new(is_one_of_several.then(|| client.clone()));
        let told = Arc::new(Told { client: client.clone(), reach, refused });
        Ok(Self { config, client, pub_acks, disconnects, last_error, told, syncs_each_write })
    }

    /// The same, to a server with a `sync_interval` other than `always`, for which many plain publishes are cheaper than an
    /// atomic batch.
    #[must_use]
    pub fn relaxed(self) -> Self {
        Self { syncs_each_write: false, ..self }
    }

    pub(crate) const fn syncs_each_write(&self) -> bool {
        self.syncs_each_write
    }

    pub fn connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// The server's recent error: otherwise a denied publish looks like a timeout.
    pub fn last_error(&self) -> Option<String> {
        let last = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(_, at)| at.elapsed() < RECENTLY).map(|(error, _)| error.clone())
    }

    /// The streams that currently accept no writes, with what to do, one line each.
    pub fn refused_writes(&self) -> Vec<String> {
        self.told.refused.told()
    }

    /// Counts lost connections: a reader that must not miss a message restarts when it changes.
    pub(crate) fn disconnects(&self) -> watch::Receiver<u64> {
        let mut disconnects = self.disconnects.clone();
        disconnects.mark_unchanged();
        disconnects
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a message to a stream and returns the wait for its PubAck, which starts now; messages sent from one task
    /// arrive in order.
    pub(crate) async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<impl Future<Output = Result<PubAck, PublishError>> + Send + use<>, PublishError> {
        self.publish_within(PUB_ACK_TIMEOUT, subject, headers, body).await
    }

    /// The same with a shorter timeout.
    pub(crate) async fn publish_within(
        &self,
        patience: Duration,
        subject: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<impl Future<Output = Result<PubAck, PublishError>> + Send + use<>, PublishError> {
        let (reply, answer) = self.pub_acks.awaited(patience);
        // Cheap to clone.
        let subject = async_nats::Subject::from(subject);
        self.client
            .publish_with_reply_and_headers(subject.clone(), reply, headers, body)
            .await
            .map_err(|_| PublishError::Unknown)?;
        let told = Arc::clone(&self.told);
        Ok(async move {
            let ack = answer.wait().await;
            told.note(&subject, &ack);
            ack
        })
    }

    /// Asks the JetStream API: `api("STREAM.INFO.EVENTS", …)`.
    pub(crate) async fn api(&self, what: &str, request: &serde_json::Value) -> Result<serde_json::Value, ApiError> {
        self.api_within(PUB_ACK_TIMEOUT, what, request).await
    }

    /// The same with a longer timeout: servers first elect a leader for a replicated stream.
    pub(crate) async fn api_within(
        &self,
        patience: Duration,
        what: &str,
        request: &serde_json::Value,
    ) -> Result<serde_json::Value, ApiError> {
        let body = if request.is_null() { Bytes::new() } else { Bytes::from(request.to_string()) };
        let request = async_nats::Request::new().payload(body).timeout(Some(patience));
        let answer = timeout(patience, self.client.send_request(format!("$JS.API.{what}"), request)).await;
        let answer = answer.map_err(|_| ApiError::unavailable("timed out")).and_then(read_answer);
        let is_cut_off = |error: &ApiError| [0, ApiError::NO_LEADER].contains(&error.code);
        self.told.reach.note(!answer.as_ref().is_err_and(is_cut_off));
        answer
    }
}

/// The JetStream API returned an error, or did not respond (code 0).
#[derive(Clone, Debug, thiserror::Error)]
#[error("JetStream API: {description} ({code})")]
pub(crate) struct ApiError {
    pub code: u64,
    pub description: String,
}

impl ApiError {
    /// The cluster has no leader, or this server cannot reach it.
    const NO_LEADER: u64 = 10_008;
    pub(crate) const STREAM_NOT_FOUND: u64 = 10_059;
    pub(crate) const CONSUMER_NOT_FOUND: u64 = 10_014;
    pub(crate) const MESSAGE_NOT_FOUND: u64 = 10_037;
    /// It is already gone.
    pub(crate) const MESSAGE_NOT_DELETED: u64 = 10_057;

    fn unavailable(description: &str) -> Self {
        Self { code: 0, description: description.to_owned() }
    }
}

/// The connection and the receiver of its PubAcks. An unresolvable name takes no longer than a silent server.
async fn connect(
    config: &NatsConfig,
    options: ConnectOptions,
    disconnects: watch::Receiver<u64>,
) -> Result<(Client, Arc<PubAcks>)> {
    let servers = servers::list(&config.url);
    let patience = CONNECTING * (servers.len() as u32 + 1);
    let place = format!("connect to NATS at {}", servers::without_secrets(&config.url));
    let connecting = async {
        let client = options.connect(servers).await?;
        let pub_acks = PubAcks::listen(&client, disconnects).await?;
        Ok::<_, anyhow::Error>((client, pub_acks))
    };
    match timeout(patience, connecting).await {
        Ok(connected) => connected.context(place),
        Err(_) => Err(anyhow!("no response within {} s", patience.as_secs()).context(place)),
    }
}

fn read_answer(answer: Result<async_nats::Message, RequestError>) -> Result<serde_json::Value, ApiError> {
    let answer = answer.map_err(|error| ApiError::unavailable(&error.to_string()))?;
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

/// Signs in by nkey, as [`ConnectOptions::nkey`] does.
fn sign(seed: &Option<String>, nonce: &[u8]) -> Result<Auth, AuthError> {
    let mut auth = Auth::new();
    if let Some(seed) = seed {
        // The error of the parser may quote the seed.
        let pair = KeyPair::from_seed(seed).map_err(|_| AuthError::new("invalid nkey seed"))?;
        auth.signature = Some(pair.sign(nonce).map_err(AuthError::new)?);
        auth.nkey = Some(pair.public_key());
    }
    Ok(auth)
}

fn note(event: &Event, disconnected: &watch::Sender<u64>, last_error: &LastError) {
    let note = |error| *last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    match event {
        Event::Connected => {
            tracing::info!("connected to NATS");
            note(None);
        }
        Event::Disconnected => {
            tracing::warn!("lost the connection to NATS");
            disconnected.send_modify(|count| *count += 1);
        }
        Event::Closed => {}
        other => {
            tracing::warn!(event = %other, "NATS");
            note(Some((other.to_string(), Instant::now())));
        }
    }
}
