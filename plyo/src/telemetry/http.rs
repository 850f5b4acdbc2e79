//! The smallest HTTP client that exports spans. The exporter has a thread of its own, without a runtime; requests run on
//! ours.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use async_trait::async_trait;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response, Uri, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::{net::TcpStream, runtime::Handle, time::timeout};

/// What OpenTelemetry waits for by default.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Http {
    runtime: Handle,
    /// It is said once that spans are lost, not every time.
    is_failing: Arc<AtomicBool>,
}

impl Http {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { runtime, is_failing: Arc::default() }
    }
}

#[async_trait]
impl HttpClient for Http {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let is_failing = Arc::clone(&self.is_failing);
        let sending = self.runtime.spawn(async move {
            let sent = timeout(EXPORT_TIMEOUT, send(request)).await;
            let sent = sent.unwrap_or_else(|_| Err(anyhow!("no response within {} s", EXPORT_TIMEOUT.as_secs())));
            match (&sent, is_failing.swap(sent.is_err(), Ordering::Relaxed)) {
                (Err(error), false) => tracing::warn!(error = format!("{error:#}"), "spans are lost"),
                (Ok(_), true) => tracing::info!("the collector takes spans again"),
                _ => {}
            }
            sent
        });
        Ok(sending.await??)
    }
}

/// One request on a connection of its own: there are few.
async fn send(request: Request<Bytes>) -> Result<Response<Bytes>> {
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().context("a collector has a host")?.clone();
    let address = (authority.host(), authority.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect to the collector {authority}"))?;
    let (mut connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the connection; its error is the request's, too.
    tokio::spawn(async move { driver.await.ok() });
    head.headers.insert(header::HOST, authority.as_str().parse()?);
    head.uri = head.uri.path_and_query().map_or_else(Uri::default, |path| Uri::from(path.clone()));
    let response = connection.send_request(Request::from_parts(head, Full::new(body))).await?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await.map_err(|error| anyhow!(error))?.to_bytes();
    let said = String::from_utf8_lossy(&body);
    ensure!(head.status.is_success(), "the collector {authority} answers {}: {:.200}", head.status, said);
    Ok(Response::from_parts(head, body))
}
