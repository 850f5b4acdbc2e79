//! `/health`, `/ready` and `/metrics` of services that run without an edge.

use std::sync::Arc;

use anyhow::Result;
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use plyo_nats::{Health, LaneState, Nats};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::platform::render_metrics;

/// A service of this process: its state, and the connection it works on.
pub struct Running {
    pub service: String,
    pub health: Health,
    pub nats: Nats,
}

impl Running {
    /// Why it does not work, if it does not.
    pub fn not_ready(&self) -> Option<String> {
        let reason = match self.health.lane() {
            LaneState::Owning { .. } | LaneState::StandingBy => {
                let (effect, reason) = self.health.waiting_effects().pop_first()?;
                format!("the effect {effect}: {reason}")
            }
            LaneState::Starting => "starting".to_owned(),
            LaneState::Failed { reason } => reason,
        };
        let denied = self.nats.last_error().map_or_else(String::new, |error| format!(" (NATS: {error})"));
        Some(format!("{}: {reason}{denied}", self.service))
    }
}

impl Running {
    /// What it did before it worked.
    pub fn notes(&self) -> Vec<String> {
        let note = |(number, lane)| match lane {
            LaneState::Owning { caught_up: Some(did) } => Some(format!("{}, lane {number}: {did}", self.service)),
            _ => None,
        };
        self.health.lanes().into_iter().enumerate().filter_map(note).collect()
    }
}

/// Serves the pages as long as the process lives.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, running: Vec<Running>) -> Result<()> {
    let app = Router::new()
        .route("/health", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/ready", get(ready))
        .route("/metrics", get(|| async { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], render_metrics()) }))
        .with_state(Arc::new(running));
    Ok(axum::serve(listener, app).await?)
}

/// Every lane is held or stood by, and no effect waits; otherwise its reason is shown. With it, what nats-server last complained of: a publish
/// that it denies is a timeout to the lane.
async fn ready(State(running): State<Arc<Vec<Running>>>) -> Response {
    let ready = running.iter().all(|one| one.health.ready());
    let of_each = |value: fn(&Running) -> Value| -> Map<String, Value> {
        running.iter().map(|one| (one.service.clone(), value(one))).collect()
    };
    let (lanes, errors) = (of_each(|one| json!(one.health.lane())), of_each(|one| json!(one.nats.last_error())));
    let effects = of_each(|one| json!(one.health.waiting_effects()));
    let (status, word) = if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    (status, Json(json!({ "status": word, "services": lanes, "effects": effects, "nats": errors }))).into_response()
}
