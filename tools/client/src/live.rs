//! The WebSocket: pushes in order, with a check that none is missing and none comes twice.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// A live connection.
pub struct Live {
    socket: WebSocketStream<TcpStream>,
    cursor: String,
    seen: HashSet<String>,
    pub welcome: Value,
    /// Pushes whose predecessor is not the push before.
    pub gaps: u64,
    /// Events that came twice.
    pub duplicates: u64,
}

/// An event as it was pushed.
#[derive(Clone, Debug)]
pub struct Push {
    pub id: String,
    pub kind: String,
    /// The command at the beginning of the chain.
    pub command: String,
    pub data: Value,
    pub cursor: String,
}

impl Live {
    /// Connects and says hello; comes back when what was missed begins to arrive.
    ///
    /// # Errors
    /// When the edge refuses.
    pub async fn connect(authority: &str, token: &str, cursor: Option<&str>, topics: &[&str]) -> Result<Self> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let (mut socket, _) =
            client_async(format!("ws://{authority}/api/v1/live"), stream).await.context("open the WebSocket")?;
        socket
            .send(Message::text(json!({ "t": "hello", "token": token, "cursor": cursor, "subs": topics }).to_string()))
            .await?;
        let mut live =
            Self { socket, cursor: String::new(), seen: HashSet::new(), welcome: Value::Null, gaps: 0, duplicates: 0 };
        let welcome = live.frame().await?;
        if welcome["t"] != "welcome" {
            bail!("expected welcome, got {welcome}");
        }
        // What is replayed follows on the cursor that was asked for; anything else on the head.
        let begins = cursor.filter(|_| welcome["resume"]["mode"] == "replay").or(welcome["head"].as_str());
        begins.unwrap_or_default().clone_into(&mut live.cursor);
        live.welcome = welcome;
        Ok(live)
    }

    /// The cursor to resume from.
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// Says something.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn say(&mut self, frame: &Value) -> Result<()> {
        Ok(self.socket.send(Message::text(frame.to_string())).await?)
    }

    /// The next event; everything else is answered or passed over.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn next(&mut self) -> Result<Push> {
        loop {
            let frame = self.frame().await?;
            if frame["t"] == "evt" {
                return Ok(self.push(frame));
            }
        }
    }

    /// The next frame. Pings are answered.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn frame(&mut self) -> Result<Value> {
        loop {
            let message = self.socket.next().await.context("the WebSocket ended")??;
            let frame: Value = match message {
                Message::Text(text) => serde_json::from_str(&text)?,
                Message::Close(close) => bail!("closed: {close:?}"),
                _ => continue,
            };
            if frame["t"] == "ping" {
                frame["c"].as_str().unwrap_or_default().clone_into(&mut self.cursor);
                self.say(&json!({ "t": "pong" })).await?;
                continue;
            }
            return Ok(frame);
        }
    }

    fn push(&mut self, mut frame: Value) -> Push {
        let text = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
        let (id, kind, command, cursor, previous) = (text("id"), text("type"), text("cid"), text("c"), text("p"));
        self.gaps += u64::from(previous != self.cursor);
        self.duplicates += u64::from(!self.seen.insert(id.clone()));
        cursor.clone_into(&mut self.cursor);
        Push { id, kind, command, data: frame["data"].take(), cursor }
    }
}
