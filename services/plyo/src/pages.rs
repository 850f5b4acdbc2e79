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
use plyo_nats::Health;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::platform::render_metrics;

/// The port of a service run alone.
pub const fn port(service: &str) -> u16 {
    match service.as_bytes() {
        b"user" => 3001,
        b"workout" => 3002,
        b"coach" => 3003,
        b"notification" => 3004,
        _ => 3005,
    }
}

/// The state of each service in this process.
pub type Healths = Arc<Vec<(String, Health)>>;

/// Serves the pages as long as the process lives.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, healths: Healths) -> Result<()> {
    let app = Router::new()
        .route("/health", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/ready", get(ready))
        .route("/metrics", get(|| async { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], render_metrics()) }))
        .with_state(healths);
    Ok(axum::serve(listener, app).await?)
}

/// Every lane is held or stood by; otherwise its reason is shown.
async fn ready(State(healths): State<Healths>) -> Response {
    let ready = healths.iter().all(|(_, health)| health.ready());
    let lanes: Map<String, Value> =
        healths.iter().map(|(service, health)| (service.clone(), json!(health.lane()))).collect();
    let (status, word) = if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    (status, Json(json!({ "status": word, "services": lanes }))).into_response()
}
