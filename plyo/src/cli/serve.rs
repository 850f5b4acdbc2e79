//! `plyo serve`: services against existing servers, as in a cluster.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use plyo_edge::NotReady;
use tokio::net::TcpListener;

use super::{
    Servers,
    clients::Clients,
    settings::{Reporting, Running},
    signals::shutdown,
};
use crate::{
    platform::{self, Config},
    preflight,
    services::{self, SERVICES},
};

#[derive(Args)]
pub(super) struct Serve {
    #[arg(long, help = services::help_of_only(SERVICES), env = "PLYO_ONLY", value_delimiter = ',')]
    only: Vec<String>,
    #[arg(long, help = services::help_of_listen(SERVICES), env = "PLYO_LISTEN")]
    listen: Option<String>,
    #[command(flatten)]
    clients: Clients,
    /// Rate limits of the edge: on or off
    #[arg(long, env = "PLYO_LIMITS", default_value = "on")]
    limits: String,
    /// Seconds to wait for servers that do not respond yet, and for `plyo migrate`
    #[arg(long, env = "PLYO_WAIT", default_value_t = 30)]
    wait: u64,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    pub(super) reporting: Reporting,
    #[command(flatten)]
    servers: Servers,
}

impl Serve {
    /// What its spans are exported in the name of.
    pub(super) fn service_name(&self) -> String {
        match &self.only[..] {
            [role] if !role.is_empty() => format!("plyo-{role}"),
            _ => "plyo".to_owned(),
        }
    }

    pub(super) async fn run(self) -> Result<()> {
        let config = self.running.of(self.servers.of_services()?)?;
        let known = services::roles(SERVICES);
        let all = || known.iter().map(|role| (*role).to_owned()).collect();
        // An empty variable names no role.
        let only: Vec<String> = self.only.into_iter().filter(|role| !role.is_empty()).collect();
        let roles = if only.is_empty() { all() } else { only };
        let unknown: Vec<&String> = roles.iter().filter(|role| !known.contains(&role.as_str())).collect();
        ensure!(unknown.is_empty(), "unknown role {unknown:?}; the roles are {}", known.join(", "));
        ensure!(["on", "off"].contains(&self.limits.as_str()), "limits must be on or off");
        platform::metrics_handle();
        let edge = self.clients.edge(self.limits == "on", self.running.grace())?;
        let listen = self.listen.unwrap_or_else(|| format!("127.0.0.1:{}", services::port(SERVICES, &roles)));
        let listener = TcpListener::bind(&listen).await.with_context(|| format!("listen on {listen}"))?;
        let mut stop = Box::pin(shutdown());
        let patience = Duration::from_secs(self.wait);
        let listener = tokio::select! {
            () = &mut stop => return Ok(()),
            listener = fit_to_start(&config, &roles, patience, listener) => listener?,
        };
        platform::run(&config, SERVICES, &roles, edge, listener, stop).await
    }
}

/// Early connections wait for a moment, and later get a response that says what is missing: to a load balancer, an edge
/// that responds at once is one that works.
async fn fit_to_start(
    config: &Config,
    roles: &[String],
    patience: Duration,
    listener: TcpListener,
) -> Result<TcpListener> {
    if preflight::pass(config, roles, Duration::ZERO, |_| ()).await.is_ok() {
        return Ok(listener);
    }
    let (not_ready, listener) = NotReady::open(listener)?;
    preflight::pass(config, roles, patience, |why| not_ready.says(why)).await?;
    not_ready.close().await?;
    Ok(listener)
}
