//! Whether the edge and the services are well, and `/metrics`.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::{EdgeState, operations};

/// `services` are the routes that stand for a service, each with its name.
pub(crate) fn router(services: &[(&'static str, &'static str)]) -> Router<EdgeState> {
    let router = Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/.well-known/jwks.json", get(operations::jwks));
    services.iter().fold(router, |router, &(path, service)| {
        router.route(path, get(move |State(state): State<EdgeState>| async move { of_service(&state, service).await }))
    })
}

/// The process answers.
async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The edge, and what runs beside it, can do its work: otherwise it says what is missing.
async fn ready(State(state): State<EdgeState>) -> Response {
    let mut missing = (state.config.not_ready)();
    if state.hub.is_closing() {
        missing.push("the edge is shutting down".to_owned());
    }
    if !state.nats.connected() {
        missing.push("NATS is unavailable".to_owned());
    }
    missing.extend(state.nats.refused_writes());
    if !state.callers.has_keys() {
        missing.push("the public keys of the user service have not been loaded yet".to_owned());
    }
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if missing.is_empty() { "ready" } else { "not_ready" };
    let (notes, nats) = ((state.config.notes)(), state.nats.last_error());
    (status, Json(json!({ "status": word, "missing": missing, "notes": notes, "nats": nats }))).into_response()
}

async fn metrics(State(state): State<EdgeState>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], (state.config.metrics)()).into_response()
}

/// A service is well when an instance answers and its lane is held or stood by; otherwise the lane's reason is shown.
async fn of_service(state: &EdgeState, service: &str) -> Response {
    let instances = plyo_nats::ping(&state.nats, service, Duration::from_millis(500)).await;
    let lanes: Vec<Value> = instances.iter().map(|instance| instance["endpoints"][0]["data"].clone()).collect();
    let well = lanes.iter().any(|lane| matches!(lane["lane"].as_str(), Some("owning" | "standing_by")));
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if instances.is_empty() {
        "absent"
    } else if well {
        "ok"
    } else {
        "stopped"
    };
    (status, Json(json!({ "service": service, "status": word, "instances": lanes }))).into_response()
}
