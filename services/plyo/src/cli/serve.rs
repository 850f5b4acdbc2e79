//! `plyo serve`: services on servers that are there, as a cluster runs them.

use anyhow::{Context, Result, ensure};
use axum::{Json, Router, routing::get};
use clap::Args;
use tokio::net::TcpListener;

use super::Servers;
use crate::platform::{self, EdgeSettings, ROLES};

#[derive(Args)]
pub(super) struct Serve {
    /// Which: user, workout, achievement, notification, edge; all if left out
    #[arg(long, env = "PLYO_ONLY", value_delimiter = ',')]
    only: Vec<String>,
    /// Where the edge listens
    #[arg(long, env = "PLYO_LISTEN", default_value = "127.0.0.1:3000")]
    listen: String,
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
        let with = self.servers.surroundings()?;
        let roles: Vec<String> = if self.only.is_empty() { ROLES.map(str::to_owned).to_vec() } else { self.only };
        let unknown: Vec<&String> = roles.iter().filter(|role| !ROLES.contains(&role.as_str())).collect();
        ensure!(unknown.is_empty(), "there is no {unknown:?}; there are {}", ROLES.join(", "));
        ensure!(["on", "off"].contains(&self.limits.as_str()), "limits are on or off");
        platform::metrics_handle();
        platform::check(&with, &roles).await?;
        let edge = EdgeSettings { allowed_origins: self.allowed_origins, limits: self.limits == "on" };
        let listener = match roles.iter().any(|role| role == "edge") {
            true => Some(TcpListener::bind(&self.listen).await.with_context(|| format!("listen on {}", self.listen))?),
            false => None,
        };
        if let ([role], None) = (&roles[..], &listener) {
            tokio::spawn(serve_health(role.clone()));
        }
        platform::run(&with, &roles, edge, listener, shutdown()).await
    }
}

/// A service run alone answers for itself: its place is `/health`, `/ready` and `/metrics` on a port of its own.
async fn serve_health(role: String) -> Result<()> {
    let port = match role.as_str() {
        "user" => 3001,
        "workout" => 3002,
        "notification" => 3004,
        _ => 3005,
    };
    let metrics = || async { platform::metrics_handle().map_or_else(String::new, |handle| handle.render()) };
    let app = Router::new()
        .route("/health", get(|| async { Json(serde_json::json!({ "status": "ok" })) }))
        .route("/metrics", get(metrics));
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .inspect_err(|error| tracing::warn!(port, %error, "no health page"))?;
    Ok(axum::serve(listener, app).await?)
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
