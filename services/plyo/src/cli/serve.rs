//! `plyo serve`: services on servers that are there, as a cluster runs them.

use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::net::TcpListener;

use super::Servers;
use crate::{
    pages,
    platform::{self, EdgeSettings, ROLES},
    preflight,
};

#[derive(Args)]
pub(super) struct Serve {
    /// Which: user, workout, achievement, notification, edge; all if left out
    #[arg(long, env = "PLYO_ONLY", value_delimiter = ',')]
    only: Vec<String>,
    /// Where the edge listens, or, without it, /health, /ready and /metrics [default: 127.0.0.1 and port 3000 for the edge,
    /// 3001 user, 3002 workout, 3003 coach, 3004 notification, 3005 others]
    #[arg(long, env = "PLYO_LISTEN")]
    listen: Option<String>,
    /// Browser origins that may use the edge; may be repeated
    #[arg(long, env = "PLYO_ALLOWED_ORIGINS", value_delimiter = ',')]
    allowed_origins: Vec<String>,
    /// Whether the edge limits rates: on or off
    #[arg(long, env = "PLYO_LIMITS", default_value = "on")]
    limits: String,
    #[command(flatten)]
    servers: Servers,
}

impl Serve {
    pub(super) async fn run(self) -> Result<()> {
        let with = self.servers.of_services()?;
        let roles: Vec<String> = if self.only.is_empty() { ROLES.map(str::to_owned).to_vec() } else { self.only };
        let unknown: Vec<&String> = roles.iter().filter(|role| !ROLES.contains(&role.as_str())).collect();
        ensure!(unknown.is_empty(), "there is no {unknown:?}; there are {}", ROLES.join(", "));
        ensure!(["on", "off"].contains(&self.limits.as_str()), "limits are on or off");
        platform::metrics_handle();
        preflight::check(&with, &roles).await?;
        let edge = EdgeSettings { allowed_origins: self.allowed_origins, limits: self.limits == "on" };
        let port = if roles.iter().any(|role| role == "edge") { 3000 } else { pages::port(&roles[0]) };
        let listen = self.listen.unwrap_or_else(|| format!("127.0.0.1:{port}"));
        let listener = TcpListener::bind(&listen).await.with_context(|| format!("listen on {listen}"))?;
        platform::run(&with, &roles, edge, listener, shutdown()).await
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
