//! `plyo serve`: services on servers that are there, as a cluster runs them.

use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::net::TcpListener;

use super::{Servers, settings::Running};
use crate::{
    platform::{self, EdgeSettings},
    preflight,
    services::{self, SERVICES},
};

#[derive(Args)]
pub(super) struct Serve {
    #[arg(long, help = services::help_of_only(SERVICES), env = "PLYO_ONLY", value_delimiter = ',')]
    only: Vec<String>,
    #[arg(long, help = services::help_of_listen(SERVICES), env = "PLYO_LISTEN")]
    listen: Option<String>,
    /// Browser origins that may use the edge; may be repeated
    #[arg(long, env = "PLYO_ALLOWED_ORIGINS", value_delimiter = ',')]
    allowed_origins: Vec<String>,
    /// Whether the edge limits rates: on or off
    #[arg(long, env = "PLYO_LIMITS", default_value = "on")]
    limits: String,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    servers: Servers,
}

impl Serve {
    pub(super) async fn run(self) -> Result<()> {
        let config = self.running.of(self.servers.of_services()?);
        let known = services::roles(SERVICES);
        let all = || known.iter().map(|role| (*role).to_owned()).collect();
        let roles: Vec<String> = if self.only.is_empty() { all() } else { self.only };
        let unknown: Vec<&String> = roles.iter().filter(|role| !known.contains(&role.as_str())).collect();
        ensure!(unknown.is_empty(), "there is no {unknown:?}; there are {}", known.join(", "));
        ensure!(["on", "off"].contains(&self.limits.as_str()), "limits are on or off");
        platform::metrics_handle();
        preflight::check(&config, &roles).await?;
        let edge = EdgeSettings { allowed_origins: self.allowed_origins, limits: self.limits == "on" };
        let listen = self.listen.unwrap_or_else(|| format!("127.0.0.1:{}", services::port(SERVICES, &roles)));
        let listener = TcpListener::bind(&listen).await.with_context(|| format!("listen on {listen}"))?;
        platform::run(&config, &roles, edge, listener, shutdown()).await
    }
}

/// Completes on Ctrl-C or SIGTERM.
pub(super) async fn shutdown() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
