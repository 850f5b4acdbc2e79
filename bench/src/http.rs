//! HTTP/1.1 as lean as a load generator must be: the request is bytes, of the answer only what is asked for is read.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One keep-alive connection.
pub struct Http {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What closed-loop load came to.
pub struct Latencies {
    pub per_second: f64,
    /// Milliseconds each.
    pub took: Vec<f64>,
}

impl Http {
    pub async fn connect(authority: &str) -> Result<Self> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4_096) })
    }

    /// Sends a request and gives the body of its answer, whose status must be the one that is expected.
    pub async fn exchange(&mut self, request: &[u8], expected: u16) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection ended");
            }
            let Some(head) = find(&self.buffer, b"\r\n\r\n") else { continue };
            let length = content_length(&self.buffer[..head])?;
            if self.buffer.len() < head + 4 + length {
                continue;
            }
            if self.buffer[9..12] != *expected.to_string().as_bytes() {
                bail!("not {expected}: {}", String::from_utf8_lossy(&self.buffer));
            }
            return Ok(&self.buffer[head + 4..]);
        }
    }
}

/// A POST with an access token, an idempotency key and a preference.
pub fn post(path: &str, token: &str, key: &str, prefer: &str, body: &str) -> Vec<u8> {
    command("POST", path, token, key, prefer, body)
}

/// The same with any method.
pub fn command(method: &str, path: &str, token: &str, key: &str, prefer: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: plyo\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n\
         prefer: {prefer}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: plyo\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
}

/// Every connection sends its next request when the last one was answered, for so long; the first fifth is not counted.
pub async fn hammer(
    authority: &str,
    connections: usize,
    lasting: Duration,
    expected: u16,
    request: impl Fn(usize, usize) -> Vec<u8> + Clone + Send + 'static,
) -> Result<Latencies> {
    let counted_from = Instant::now() + lasting / 5;
    let end = counted_from + lasting;
    let mut running = tokio::task::JoinSet::new();
    for connection in 0..connections {
        let mut http = Http::connect(authority).await?;
        let request = request.clone();
        running.spawn(async move {
            let mut took = Vec::new();
            for n in 0.. {
                let started = Instant::now();
                http.exchange(&request(connection, n), expected).await?;
                let ended = Instant::now();
                if ended > end {
                    break;
                }
                if ended >= counted_from {
                    took.push((ended - started).as_secs_f64() * 1_000.0);
                }
            }
            Ok::<_, anyhow::Error>(took)
        });
    }
    let mut took = Vec::new();
    while let Some(connection) = running.join_next().await {
        took.extend(connection??);
    }
    Ok(Latencies { per_second: took.len() as f64 / lasting.as_secs_f64(), took })
}

fn content_length(head: &[u8]) -> Result<usize> {
    let Some(at) = find(head, b"content-length: ") else { return Ok(0) };
    let digits = head[at + 16..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| 10 * length + usize::from(digit - b'0'));
    Some(length).context("a length")
}

pub fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
