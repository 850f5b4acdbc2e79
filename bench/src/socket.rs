//! A WebSocket client (RFC 6455) as lean as five thousand of them must be.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::http::find;

pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Of the buffer, this much was given.
    taken: usize,
}

const TEXT: u8 = 0x81;

impl Socket {
    /// Connects and says hello with these subscriptions; the first frame that comes is `welcome`.
    pub async fn connect(authority: &str, token: &str, cursor: Option<&str>, topics: &[&str]) -> Result<Self> {
        let mut stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let upgrade = "GET /api/v1/live HTTP/1.1\r\nhost: plyo\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(upgrade.as_bytes()).await?;
        let mut socket = Self { stream, buffer: Vec::new(), taken: 0 };
        let end = loop {
            socket.read().await?;
            if let Some(end) = find(&socket.buffer, b"\r\n\r\n") {
                break end + 4;
            }
        };
        ensure!(socket.buffer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&socket.buffer));
        socket.taken = end;
        let hello = json!({ "t": "hello", "token": token, "cursor": cursor, "subs": topics });
        socket.say(&hello.to_string()).await?;
        Ok(socket)
    }

    /// Says something. A client masks what it says; with a key of zeros that costs nothing.
    pub async fn say(&mut self, text: &str) -> Result<()> {
        let mut frame = vec![TEXT];
        match u16::try_from(text.len())? {
            length @ ..126 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        Ok(self.stream.write_all(&frame).await?)
    }

    /// The next frame; `ping` is answered on the way.
    pub async fn next(&mut self) -> Result<&str> {
        loop {
            if let Some((start, end)) = self.frame()? {
                self.taken = end;
                if self.buffer[start..end].starts_with(br#"{"t":"ping""#) {
                    self.say(r#"{"t":"pong"}"#).await?;
                    continue;
                }
                return Ok(std::str::from_utf8(&self.buffer[start..end])?);
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            if self.buffer.is_empty() {
                // An idle client of thousands holds no memory for what may come.
                self.buffer.shrink_to(256);
            }
            self.read().await?;
        }
    }

    /// The next frame of this type.
    pub async fn next_of(&mut self, kind: &str) -> Result<&str> {
        let head = format!(r#"{{"t":"{kind}""#);
        let waiting = async {
            while !self.next().await?.starts_with(&head) {}
            Ok::<_, anyhow::Error>(())
        };
        timeout(Duration::from_secs(20), waiting).await.with_context(|| format!("no {kind} in 20 s"))??;
        let frame = &self.buffer[..self.taken];
        let start = frame.windows(head.len()).rposition(|window| window == head.as_bytes()).context("a frame")?;
        Ok(std::str::from_utf8(&frame[start..])?)
    }

    /// Where the next frame's payload lies in the buffer, if all of it is there.
    fn frame(&self) -> Result<Option<(usize, usize)>> {
        let frame = &self.buffer[self.taken..];
        let &[kind, short, ref rest @ ..] = frame else { return Ok(None) };
        let (head, length) = match (short, rest) {
            (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
            (126.., _) if rest.len() < 8 => return Ok(None),
            (127, _) => (10, usize::try_from(u64::from_be_bytes(rest[..8].try_into()?))?),
            (short, _) => (2, usize::from(short)),
        };
        if frame.len() < head + length {
            return Ok(None);
        }
        if kind != TEXT {
            bail!("a frame of kind {kind:#x}: {}", String::from_utf8_lossy(&frame[head..head + length]));
        }
        Ok(Some((self.taken + head, self.taken + head + length)))
    }

    async fn read(&mut self) -> Result<()> {
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the WebSocket ended");
        Ok(())
    }
}

/// The text of a field of a frame, which is looked for and not parsed: `field(frame, "c")`.
pub fn field<'a>(frame: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = frame.split_once(&format!(r#""{name}":""#))?;
    rest.split('"').next()
}
