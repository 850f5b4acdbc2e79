//! A client of the public API: HTTP/1.1 and WebSocket, nothing else.

mod live;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
pub use live::{Live, Push};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long an answer may take: longer than a request can ask to wait.
const TIMEOUT: Duration = Duration::from_secs(60);

/// One keep-alive connection to an edge.
pub struct Client {
    authority: String,
    connection: Option<http1::SendRequest<Full<Bytes>>>,
    token: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: hyper::HeaderMap,
    /// `Null` when there is no JSON body.
    pub body: Value,
    /// As it came.
    pub bytes: Bytes,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// Anything else, with what the edge says.
    pub fn success(self) -> Result<Value> {
        if (200..300).contains(&self.status) { Ok(self.body) } else { bail!("{}: {}", self.status, self.body) }
    }
}

impl Client {
    /// A client of what listens at `url`, `http://host:port`.
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn new(url: &str) -> Result<Self> {
        let url = url::Url::parse(url).context("the URL")?;
        anyhow::ensure!(url.scheme() == "http", "the URL must begin with http://");
        let authority =
            format!("{}:{}", url.host_str().context("the URL has no host")?, url.port_or_known_default().unwrap_or(80));
        Ok(Self { authority, connection: None, token: None })
    }

    pub fn authority(&self) -> &str {
        &self.authority
    }

    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub fn set_token(&mut self, token: &str) {
        self.token = Some(token.to_owned());
    }

    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, &[], None).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        self.send("POST", path, &[], Some(body.to_string())).await
    }

    /// Sends a command until its fate is known: whatever goes wrong on the way, the same key has the same answer.
    ///
    /// # Errors
    /// When that takes longer than a minute.
    pub async fn command(&mut self, method: &str, path: &str, key: &str, body: Option<&Value>) -> Result<Answer> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            let headers = [("idempotency-key", key), ("prefer", "wait=10")];
            let answer = self.send(method, path, &headers, body.map(Value::to_string)).await;
            match answer {
                Ok(answer) if !matches!(answer.status, 202 | 409 | 429 | 503) => return Ok(answer),
                // A refusal by the domain is an answer; a command that is under way is asked for again.
                Ok(answer) if answer.status == 409 && answer.body["code"] != "in_flight" => return Ok(answer),
                result if tokio::time::Instant::now() > deadline => return result,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Sends one request; what changes something is waited for, up to 30 s, unless `headers` prefer otherwise.
    ///
    /// # Errors
    /// When the connection fails; the next request makes a new one.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Answer> {
        self.send_bytes(method, path, headers, body.map(Bytes::from)).await
    }

    /// The same with a body of any kind, JSON unless `headers` say otherwise.
    ///
    /// # Errors
    /// When the connection fails; the next request makes a new one.
    pub async fn send_bytes(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Bytes>,
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.authority);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let is_given = |wanted: &str| headers.iter().any(|(name, _)| *name == wanted);
        if body.is_some() && !is_given("content-type") {
            request = request.header("content-type", "application/json");
        }
        if method != "GET" && !is_given("prefer") {
            request = request.header("prefer", "wait=30");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.unwrap_or_default()))?;
        let answer = timeout(TIMEOUT, self.exchange(request)).await;
        let answer =
            answer.unwrap_or_else(|_| bail!("{} did not respond within {} s", self.authority, TIMEOUT.as_secs()));
        if answer.is_err() {
            self.connection = None;
        }
        answer
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let usable = self.connection.take().filter(|connection| !connection.is_closed());
        let mut connection = match usable {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        self.connection = Some(connection);
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            bytes: body,
        })
    }

    async fn connect(&self) -> Result<http1::SendRequest<Full<Bytes>>> {
        let stream = timeout(CONNECTING, TcpStream::connect(&self.authority)).await;
        let stream = stream.with_context(|| format!("{} did not respond", self.authority))?;
        let stream = stream.with_context(|| format!("nothing is listening at {}", self.authority))?;
        stream.set_nodelay(true)?;
        let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the connection; its error is the request's, too.
        tokio::spawn(async move { driver.await.ok() });
        Ok(connection)
    }
}
