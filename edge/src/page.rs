//! The documents, and a page to read it and to try it: Swagger UI, which is in the binary and needs no other host.

use axum::{
    Json, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{EdgeState, openapi};

/// As `scripts/api-page.sh` fetches them.
const SCRIPT: &[u8] = include_bytes!("../assets/swagger-ui-bundle.js.gz");
const STYLE: &[u8] = include_bytes!("../assets/swagger-ui.css.gz");
const START: &str = include_str!("../assets/start.js");
const PAGE: &str = include_str!("../assets/page.html");

/// Nothing is loaded from anywhere else, and no script is in the page itself. Swagger UI sets styles on its elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn router() -> Router<EdgeState> {
    Router::new()
        .route("/api/openapi.json", get(async || Json(openapi::document())))
        .route("/api/asyncapi.json", get(async |State(state): State<EdgeState>| Json((state.config.asyncapi)())))
        .route("/docs", get(page))
        .route("/docs/start.js", get(async || ([(header::CONTENT_TYPE, "text/javascript")], START)))
        .route("/docs/swagger-ui.js", get(async || packed("text/javascript", SCRIPT)))
        .route("/docs/swagger-ui.css", get(async || packed("text/css", STYLE)))
}

async fn page() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, PAGE).into_response()
}

/// Every browser unpacks it.
fn packed(content_type: &'static str, bytes: &'static [u8]) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_ENCODING, "gzip"),
        (header::CACHE_CONTROL, "max-age=3600"),
    ];
    (headers, bytes).into_response()
}
