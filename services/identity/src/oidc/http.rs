//! Requests to providers: over TLS that the system's certificates vouch for, bounded, and never redirected, so that no answer sends
//! us elsewhere.

use std::{io, time::Duration};

use anyhow::{Context, Result};
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use openidconnect::{HttpRequest, HttpResponse};
use tokio::time::timeout;

/// Three of them are made for one answer, which has five seconds.
const TIMEOUT: Duration = Duration::from_millis(1_500);
const MAX_ANSWER_BYTES: usize = 256 * 1024;

type Sender = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

pub(super) struct Http(Sender);

impl Http {
    pub(super) fn new() -> Result<Self> {
        let connector = HttpsConnectorBuilder::new().with_native_roots().context("certificates of this system")?;
        let connector = connector.https_or_http().enable_http1().build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// As the library wants it.
    pub(super) fn sender(&self) -> impl Fn(HttpRequest) -> BoxFuture<'static, io::Result<HttpResponse>> + use<> {
        let sender = self.0.clone();
        move |request| Box::pin(send(sender.clone(), request))
    }
}

async fn send(sender: Sender, request: HttpRequest) -> io::Result<HttpResponse> {
    let sending = async {
        let answer = sender.request(request.map(Full::from)).await.map_err(io::Error::other)?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await.map_err(io::Error::other)?;
        Ok(HttpResponse::from_parts(head, body.to_bytes().to_vec()))
    };
    timeout(TIMEOUT, sending).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
