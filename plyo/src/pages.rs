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
                let effect = self.health.waiting_effects().pop_first();
                let waits = effect.map(|(effect, reason)| format!("the effect {effect}: {reason}"));
                waits.or_else(|| self.nats.refused_writes().pop())?
            }
            LaneState::Starting => "starting".to_owned(),
            LaneState::Failed { reason } => reason,
        };
        let denied = self.nats.last_error().map_or_else(String::new, |error| format!(" (NATS: {error})"));
        Some(format!("{}: {reason}{denied}", self.service))
    }
}

impl Running {
    /// What its lanes found when they were taken.
    pub fn notes(&self) -> Vec<String> {
        let of_lane = |lane| if let LaneState::Owning { notes } = lane { notes } else { Vec::new() };
        let lanes = self.health.lanes().into_iter().enumerate();
        lanes
            .flat_map(|(number, lane)| of_lane(lane).into_iter().map(move |note| (number, note)))
            .map(|(number, note)| format!("{}, lane {number}: {note}", self.service))
            .collect()
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
    let missing: Vec<String> = running.iter().filter_map(Running::not_ready).collect();
    let of_each = |value: fn(&Running) -> Value| -> Map<String, Value> {
        running.iter().map(|one| (one.service.clone(), value(one))).collect()
    };
    let (lanes, errors) = (of_each(|one| json!(one.health.lane())), of_each(|one| json!(one.nats.last_error())));
    let effects = of_each(|one| json!(one.health.waiting_effects()));
    let (status, word) =
        if missing.is_empty() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    let refused: Vec<String> = running.iter().flat_map(|one| one.nats.refused_writes()).collect();
    let body = json!({
        "status": word, "missing": missing, "services": lanes, "effects": effects, "nats": errors, "refused_writes": refused
    });
    (status, Json(body)).into_response()
}
