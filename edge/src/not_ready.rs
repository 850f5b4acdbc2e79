//! Who comes before an edge can serve is told why, instead of being refused a connection.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::problem::UNAVAILABLE;

/// Answers on a listener until it is closed; another one on the same address goes on from there.
pub struct NotReady {
    missing: Arc<Mutex<String>>,
    close: oneshot::Sender<()>,
    answering: JoinHandle<std::io::Result<()>>,
}

impl NotReady {
    /// Begins to answer; gives the listener for what comes after.
    ///
    /// # Errors
    /// When the listener cannot be shared.
    pub fn open(listener: TcpListener) -> Result<(Self, TcpListener)> {
        let listener = listener.into_std()?;
        let after = TcpListener::from_std(listener.try_clone()?)?;
        let listener = TcpListener::from_std(listener)?;
        let missing = Arc::new(Mutex::new("it starts".to_owned()));
        let app = Router::new()
            .route("/health", get(|| async { last(Json(json!({ "status": "ok" }))) }))
            .route("/ready", get(not_ready))
            .fallback(|| async { last(UNAVAILABLE.because("the platform is starting; try again")) })
            .with_state(Arc::clone(&missing));
        let (close, closed) = oneshot::channel::<()>();
        let closed = async {
            // Once it is dropped nobody waits for an answer.
            let _ = closed.await;
        };
        let answering = tokio::spawn(axum::serve(listener, app).with_graceful_shutdown(closed).into_future());
        Ok((Self { missing, close, answering }, after))
    }

    /// What `/ready` says is missing.
    pub fn says(&self, missing: String) {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = missing;
    }

    /// Completes when everybody was answered whom it let in.
    ///
    /// # Errors
    /// When the listener failed.
    pub async fn close(self) -> Result<()> {
        // It may have failed by itself.
        let _ = self.close.send(());
        Ok(self.answering.await??)
    }
}

async fn not_ready(State(missing): State<Arc<Mutex<String>>>) -> Response {
    let missing = missing.lock().unwrap_or_else(PoisonError::into_inner).clone();
    last((StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "not_ready", "missing": [missing] }))))
}

/// The next request is for whoever comes after.
fn last(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
