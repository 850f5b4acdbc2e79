//! The edge: HTTP, WebSocket and SSE in front of the stream. It owns no tables: a request becomes a command or a
//! question, an event becomes a push.

mod authority;
pub mod avatar;
mod body;
mod caller;
mod condition;
mod connection;
mod device;
mod document;
mod health;
#[cfg(feature = "inside")]
pub mod inside;
mod key;
mod limits;
mod listener;
pub mod live;
mod metric;
mod not_ready;
mod openapi;
mod operations;
mod origin;
mod page;
mod prefer;
mod problem;
mod scopes;
mod sealing;
mod submit;
mod trace;

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Result;
use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
pub use connection::ConnectionLimits;
use ipnet::IpNet;
pub use live::LiveTimes;
pub use metric::METRICS;
pub use not_ready::NotReady;
pub use openapi::document as openapi;
pub use origin::Origin;
use plyo_events::{Subject, UserId};
use plyo_nats::{CommandPublisher, Nats, Outcomes};
use tokio::{net::TcpListener, time::Instant};
use tower::layer::layer_fn;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{
    caller::Callers,
    connection::{Bounded, Bounds, OfConnection, Peer},
    limits::Limits,
    listener::Closing,
    live::Hub,
    sealing::Sealing,
};

/// How an edge is set up.
pub struct EdgeConfig {
    /// Browser origins that may use it; others get no CORS headers and no WebSocket. Programs send no origin.
    pub allowed_origins: Vec<Origin>,
    /// Proxies that say in `X-Forwarded-For` for whom they ask; of anybody else it is not believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How many connections it has at most.
    pub connections: ConnectionLimits,
    /// Where limits of log-in and sign-up are shared between edges; without it each edge counts for itself.
    pub redis_url: Option<String>,
    /// Whether there are rate limits at all.
    pub limits: bool,
    /// The routes that say whether a service is well, `/api/v1/workouts/health`, each with the name of its service.
    pub services: Vec<(&'static str, &'static str)>,
    /// Gives the AsyncAPI document: what travels between services and over sockets.
    pub asyncapi: Arc<dyn Fn() -> serde_json::Value + Send + Sync>,
    /// Renders `/metrics`.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// What else of this process is not ready, and why: the lanes of the services that run beside the edge.
    pub not_ready: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// What else an operator is told by `/ready`.
    pub notes: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// How long connections are still taken after `/ready` has said that it stops: whoever shares out requests has to notice.
    pub grace: Duration,
    /// How many recent events a client can resume from.
    pub ring_events: usize,
    /// How long live connections are waited for.
    pub live: LiveTimes,
    /// Whether a user may follow what is about something else than themselves.
    pub may_follow: Arc<dyn Fn(UserId, Subject) -> bool + Send + Sync>,
}

impl Default for EdgeConfig {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            connections: ConnectionLimits::default(),
            redis_url: None,
            limits: true,
            services: Vec::new(),
            asyncapi: Arc::new(|| serde_json::Value::Null),
            metrics: Arc::new(String::new),
            not_ready: Arc::new(Vec::new),
            notes: Arc::new(Vec::new),
            grace: Duration::ZERO,
            ring_events: 65_536,
            live: LiveTimes::default(),
            may_follow: Arc::new(|_, _| false),
        }
    }
}

/// How long who connects to an edge that starts waits for the keys of the user service, rather than hear that no token can be
/// verified yet.
const KEYS_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection that was just made has for its first request, where there is a grace at all.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// What every request works with.
#[derive(Clone)]
pub(crate) struct EdgeState(Arc<Edge>);

pub(crate) struct Edge {
    pub nats: Nats,
    pub commands: CommandPublisher,
    pub outcomes: Outcomes,
    pub in_flight: submit::InFlight,
    pub callers: Arc<Callers>,
    pub limits: Limits,
    pub sealing: Sealing,
    pub hub: Arc<Hub>,
    pub config: EdgeConfig,
}

impl std::ops::Deref for EdgeState {
    type Target = Edge;
    fn deref(&self) -> &Edge {
        &self.0
    }
}

/// Serves until `shutdown` completes, and then in good order to an end: `/ready` says no, connections are taken for the
/// grace, in which sockets are told one after another to reconnect; then requests under way are finished.
///
/// # Errors
/// When NATS does not answer at start or the listener fails.
pub async fn serve(
    config: EdgeConfig,
    nats: Nats,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let edge_id = uuid::Uuid::new_v4().simple().to_string();
    let callers = Arc::new(Callers::default());
    let hub = Hub::start(&nats, Arc::clone(&callers), config.ring_events).await?;
    let (grace, write_timeout) = (config.grace, config.live.write);
    let bounds = Bounds::new(config.connections, config.trusted_proxies.clone());
    let state = EdgeState(Arc::new(Edge {
        commands: CommandPublisher::new(&nats, &edge_id),
        outcomes: Outcomes::subscribe(&nats, &edge_id).await?,
        in_flight: submit::InFlight::default(),
        limits: Limits::new(config.limits, config.redis_url.as_deref()).await,
        sealing: Sealing::new(&nats),
        callers: Arc::clone(&callers),
        hub: Arc::clone(&hub),
        nats: nats.clone(),
        config,
    }));
    let _keys = AbortOnDrop(tokio::spawn(caller::follow_keys(nats, Arc::clone(&callers))).abort_handle());
    let deadline = Instant::now() + KEYS_TIMEOUT;
    while !callers.has_keys() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Together, since a layer is a box to each request.
    let app = router(state).layer((layer_fn(OfConnection), layer_fn(trace::WithSpan), closes_connections(&hub)));
    let told = Arc::clone(&hub);
    let closing = async move {
        shutdown.await;
        hub.close(grace);
        tokio::time::sleep(grace).await;
    };
    tracing::info!(address = %listener.local_addr()?, "the edge is listening");
    let (listener, closed) = Closing::new(listener, closing)?;
    let closed = async move {
        // Without a listener there is nothing to close.
        let _ = closed.await;
        // From here on a connection without a request is ended, and who came last has not sent theirs.
        tokio::time::sleep(grace.min(FIRST_REQUEST)).await;
    };
    let listener = Bounded { listener, bounds, write_timeout };
    axum::serve(listener, app.into_make_service_with_connect_info::<Peer>()).with_graceful_shutdown(closed).await?;
    // axum forgets a connection that became a socket; whoever ends this process now would cut its `bye` off.
    told.all_closed().await;
    Ok(())
}

/// An edge that stops keeps no connection: the next request on it might come in the moment in which it is closed.
fn closes_connections(
    hub: &Arc<Hub>,
) -> SetResponseHeaderLayer<impl Fn(&Response) -> Option<HeaderValue> + Clone + use<>> {
    let hub = Arc::clone(hub);
    let close = move |response: &Response| {
        let is_http = response.status() != StatusCode::SWITCHING_PROTOCOLS;
        (is_http && hub.is_closing()).then(|| HeaderValue::from_static("close"))
    };
    SetResponseHeaderLayer::if_not_present(header::CONNECTION, close)
}

fn router(state: EdgeState) -> Router {
    let cors = origin::cors(&state.config.allowed_origins);
    Router::new()
        .nest("/api/v1", operations::router())
        .merge(health::router(&state.config.services))
        .merge(page::router())
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(cors)
        .with_state(state)
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
