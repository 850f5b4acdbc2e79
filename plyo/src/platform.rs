//! The platform in one process: which services run, and on what.

use std::{collections::BTreeMap, future::Future, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use ipnet::IpNet;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use plyo_docs::Kinds;
use plyo_edge::{ConnectionLimits, EdgeConfig, Origin};
use plyo_identity::{KeyEncryptionKeys, MailFolder, Providers};
use plyo_nats::{Health, Nats, NatsConfig, RunConfig, metric::describe, streams::StreamConfig};
use plyo_servers::{Durability, nkeys, secrets};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    pages, preflight,
    services::{self, Entry, SERVICES},
};

/// Where the platform's servers are, and how it runs on them.
#[derive(Clone, Debug)]
pub struct Config {
    pub nats_url: String,
    /// Where nats-server answers `/varz`; what it says is held against `durability`.
    pub nats_monitor_url: Option<String>,
    pub durability: Durability,
    /// The directory of the seeds `<user>.seed`; without it nobody signs in.
    pub nkeys: Option<PathBuf>,
    /// The Postgres URL of a service; `{role}` in it stands for the service's own role.
    pub postgres_url: String,
    /// URLs of services that have a Postgres of their own.
    pub postgres_urls: BTreeMap<String, String>,
    pub redis_url: Option<String>,
    /// How many lanes each service is to have; `None` for as many as it has, one at first.
    pub lanes: Option<u8>,
    /// Replicas of each stream: 1, 3 or 5.
    pub replicas: u8,
    /// Memory for rows that the services of a process remember, all lanes together, in MiB.
    pub memory_mib: u64,
    /// Where people reach this platform: what links in mails begin with, and whose domain passkeys are of.
    pub public_url: String,
    /// Which other providers people can log in with.
    pub providers: Providers,
    /// Where mails are written, in a development run.
    pub mail: Option<MailFolder>,
}

impl Config {
    /// Memory for remembered rows unless it is set, in MiB. With 256 a process grew by 436 while a hundred thousand people logged
    /// a workout each.
    pub const MEMORY_MIB: u64 = 96;

    pub const PUBLIC_URL: &str = "http://127.0.0.1:3000";

    /// The URL that a service signs in to Postgres with.
    pub fn dsn(&self, service: &str) -> String {
        let own = self.postgres_urls.get(service).unwrap_or(&self.postgres_url);
        own.replace("{role}", &plyo_migrations::role(service))
    }

    /// A connection as one of the users of `nats/permissions.conf`.
    pub async fn nats(&self, user: &str) -> Result<Nats> {
        let nkey_seed = self.nkeys.as_ref().map(|directory| nkeys::seed(directory, user)).transpose()?;
        let nats = Nats::connect(&NatsConfig { url: self.nats_url.clone(), name: user.to_owned(), nkey_seed }).await?;
        Ok(if self.durability == Durability::Relaxed { nats.relaxed() } else { nats })
    }

    /// What wraps the keys of personal texts, if there is anything.
    ///
    /// # Errors
    /// When the file cannot be read, or has no key in it.
    pub fn key_encryption_keys(&self) -> Result<Option<KeyEncryptionKeys>> {
        let Some(directory) = &self.nkeys else { return Ok(None) };
        let keys = secrets::key_encryption_keys(directory)?.map(|keys| KeyEncryptionKeys::parse(&keys)).transpose();
        keys.with_context(|| format!("read {}", directory.join(secrets::KEY_ENCRYPTION_KEYS).display()))
    }

    /// The streams as they are to be.
    pub fn streams(&self) -> StreamConfig {
        StreamConfig { services: services::names(SERVICES), replicas: self.replicas }
    }

    /// How each of so many services in one process runs.
    fn run_settings(&self, services: usize) -> RunConfig {
        let bytes = usize::try_from(self.memory_mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024);
        RunConfig { lanes: self.lanes, memory: bytes / services.max(1) }
    }
}

/// How the edge is to be served.
#[derive(Clone, Debug, Default)]
pub struct EdgeOptions {
    pub allowed_origins: Vec<Origin>,
    pub trusted_proxies: Vec<IpNet>,
    pub connections: ConnectionLimits,
    pub limits: bool,
    /// How long it takes connections after it was told to stop.
    pub grace: Duration,
}

/// The longest that a request can take: until its body is there, and until its outcome is.
const FINISHING: Duration = Duration::from_secs(50);

/// Runs these roles of these services until `shutdown` completes. On `listener` is the edge; services without one show how
/// they are there.
///
/// # Errors
/// When one of them cannot go on.
pub async fn run(
    config: &Config,
    services: &[Entry],
    roles: &[String],
    edge: EdgeOptions,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut running = JoinSet::new();
    let mut shown = Vec::new();
    let settings = config.run_settings(roles.iter().filter(|role| *role != "edge").count());
    for name in roles.iter().filter(|role| *role != "edge") {
        let nats = preflight::connected(config, name).await?;
        let (config, name, health) = (config.clone(), name.clone(), Health::default());
        shown.push(pages::Running { service: name.clone(), health: health.clone(), nats: nats.clone() });
        let settings = settings.clone();
        let entry = *services::find(services, &name)?;
        running.spawn(async move {
            let service = entry.open(&config).await?;
            plyo_nats::run(service, nats, &config.dsn(&name), health, settings).await
        });
    }
    let grace = edge.grace;
    let edge = if roles.iter().any(|role| role == "edge") {
        let shown = Arc::new(shown);
        let known = Arc::clone(&shown);
        let made = services::made(services);
        let edge = EdgeConfig {
            allowed_origins: edge.allowed_origins,
            trusted_proxies: edge.trusted_proxies,
            connections: edge.connections,
            redis_url: config.redis_url.clone(),
            limits: edge.limits,
            grace,
            services: services::health_routes(services),
            asyncapi: Arc::new(move || {
                plyo_docs::documents(&Kinds::released(), &made).remove("asyncapi.json").unwrap_or_default()
            }),
            metrics: Arc::new(render_metrics),
            not_ready: Arc::new(move || shown.iter().filter_map(pages::Running::not_ready).collect()),
            notes: Arc::new(move || known.iter().flat_map(pages::Running::notes).collect()),
            ..EdgeConfig::default()
        };
        let nats = preflight::connected(config, "edge").await?;
        let mut stopped = stopped.clone();
        let serving = async move {
            let closing = async move {
                // Without a sender the platform is gone.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            plyo_edge::serve(edge, nats, listener, closing).await
        };
        Some(running.spawn(serving).id())
    } else {
        running.spawn(pages::serve(listener, shown));
        None
    };
    tokio::select! {
        () = shutdown => {
            stop.send_replace(true);
            if let Some(edge) = edge {
                // Requests under way need the services; one that takes longer than any can is left.
                let _ = tokio::time::timeout(grace + FINISHING, ended(&mut running, edge)).await;
            }
            Ok(())
        }
        ended = running.join_next() => match ended {
            Some(ended) => ended.context("a service panicked")?,
            None => bail!("nothing to run: specify at least one of {}", services::roles(services).join(", ")),
        },
    }
}

/// Completes when this task has ended, whatever became of the others.
async fn ended(running: &mut JoinSet<Result<()>>, task: tokio::task::Id) {
    while let Some(ended) = running.join_next_with_id().await {
        if ended.map_or_else(|error| error.id(), |(id, _)| id) == task {
            return;
        }
    }
}

/// The process-wide metrics, in Prometheus' text format.
pub(crate) fn render_metrics() -> String {
    metrics_handle().map_or_else(String::new, PrometheusHandle::render)
}

/// Installs the recorder when it is first asked for; `None` when another one is installed.
pub fn metrics_handle() -> Option<&'static PrometheusHandle> {
    static HANDLE: std::sync::OnceLock<Option<PrometheusHandle>> = std::sync::OnceLock::new();
    let install = || {
        let handle = recorder().ok()?.install_recorder().ok()?;
        [plyo_nats::metric::METRICS, plyo_edge::METRICS].into_iter().for_each(describe);
        Some(handle)
    };
    HANDLE.get_or_init(install).as_ref()
}

/// Histograms in buckets: of seconds, but for the sizes of batches.
fn recorder() -> Result<PrometheusBuilder, BuildError> {
    let seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
    let sizes = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
    let batches = Matcher::Full("plyo_batch_size".to_owned());
    PrometheusBuilder::new().set_buckets(&seconds)?.set_buckets_for_metric(batches, &sizes)
}
