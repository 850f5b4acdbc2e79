//! The platform in one process: which services run, on what, and how they are checked before they start.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use plyo_edge::EdgeConfig;
use plyo_nats::{Health, Nats, NatsConfig, Service, streams};
use tokio::{net::TcpListener, task::JoinSet};

/// Everything that can run: the services with tables, and the edge.
pub const ROLES: [&str; 5] = ["user", "workout", "achievement", "notification", "edge"];

/// Where the platform's servers are.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub nats_url: String,
    /// The Postgres URL of a service; `{role}` in it stands for the service's own role.
    pub postgres_url: String,
    /// URLs of services that have a Postgres of their own.
    pub postgres_urls: BTreeMap<String, String>,
    pub redis_url: Option<String>,
}

impl Surroundings {
    /// The URL that a service signs in to Postgres with.
    pub fn dsn(&self, service: &str) -> String {
        let own = self.postgres_urls.get(service).unwrap_or(&self.postgres_url);
        own.replace("{role}", &plyo_migrations::role(service))
    }

    pub async fn nats(&self, name: &str) -> Result<Nats> {
        Nats::connect(&NatsConfig { url: self.nats_url.clone(), name: format!("plyo {name}"), nkey_seed: None }).await
    }
}

/// How the edge is to be served.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    pub allowed_origins: Vec<String>,
    pub limits: bool,
}

/// Compares streams and schemas with what this binary has: nothing starts on drift.
///
/// # Errors
/// When something differs; says what, and what to do.
pub async fn check(with: &Surroundings, roles: &[String]) -> Result<()> {
    streams::check(&with.nats("check").await?).await?;
    for service in roles.iter().filter(|role| *role != "edge") {
        plyo_migrations::check(&with.dsn(service), service).await?;
    }
    Ok(())
}

/// Runs these roles until `shutdown` completes. `listener` is the edge's.
///
/// # Errors
/// When one of them cannot go on.
pub async fn run(
    with: &Surroundings,
    roles: &[String],
    edge: EdgeSettings,
    listener: Option<TcpListener>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut running = JoinSet::new();
    for name in roles.iter().filter(|role| *role != "edge") {
        let (with, name) = (with.clone(), name.clone());
        running.spawn(async move {
            let service = service(&name, &with).await?;
            plyo_nats::run(service, with.nats(&name).await?, &with.dsn(&name), Health::default()).await
        });
    }
    if roles.iter().any(|role| role == "edge") {
        let listener = listener.context("an edge needs an address to listen on")?;
        let config = EdgeConfig {
            allowed_origins: edge.allowed_origins,
            redis_url: with.redis_url.clone(),
            limits: edge.limits,
            metrics: Arc::new(render_metrics),
            ..EdgeConfig::default()
        };
        let nats = with.nats("edge").await?;
        let mut stopped = stopped.clone();
        running.spawn(async move {
            let closing = async move {
                // Without a sender the platform is gone.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            plyo_edge::serve(config, nats, listener, closing).await
        });
    }
    tokio::select! {
        () = shutdown => {
            stop.send_replace(true);
            // Requests under way are finished; sockets that do not go are left behind.
            let edge_ends = async { while running.len() >= roles.len() && running.join_next().await.is_some() {} };
            let _ = tokio::time::timeout(Duration::from_secs(3), edge_ends).await;
            Ok(())
        }
        ended = running.join_next() => match ended {
            Some(ended) => ended.context("a service panicked")?,
            None => bail!("nothing to run: name at least one of {}", ROLES.join(", ")),
        },
    }
}

/// The service of that name.
///
/// # Errors
/// When there is none; the user service waits for its credential store.
pub async fn service(name: &str, with: &Surroundings) -> Result<Service> {
    Ok(match name {
        "user" => plyo_user::service(credentials(with).await?),
        "workout" => plyo_workout::service(),
        "achievement" => plyo_achievement::service(),
        "notification" => plyo_notification::service(),
        other => bail!("there is no service `{other}`; there are {}", ROLES.join(", ")),
    })
}

async fn credentials(with: &Surroundings) -> Result<plyo_user::Credentials> {
    let pool = plyo_nats::database::pool(&with.dsn("user"), &["user_credentials"], 8)?;
    loop {
        match plyo_user::Credentials::open(pool.clone()).await {
            Ok(credentials) => return Ok(credentials),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the credential store does not open; trying again")
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The process-wide metrics, in Prometheus' text format.
fn render_metrics() -> String {
    metrics_handle().map_or_else(String::new, PrometheusHandle::render)
}

/// Installs the recorder when it is first asked for; `None` when another one is installed.
pub fn metrics_handle() -> Option<&'static PrometheusHandle> {
    static HANDLE: std::sync::OnceLock<Option<PrometheusHandle>> = std::sync::OnceLock::new();
    let buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
    HANDLE.get_or_init(|| PrometheusBuilder::new().set_buckets(&buckets).ok()?.install_recorder().ok()).as_ref()
}
