//! The frames of a socket, as `live` describes them.

use axum::extract::ws::Message;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::close::Close;
use crate::problem::Problem;

/// The subprotocol of those who speak MessagePack from the start.
pub(super) const MESSAGE_PACK: &str = "plyo.msgpack";
/// Most bytes of a frame, and of a message of several frames.
const MAX_BYTES: usize = 64 * 1024;
/// Nothing that a client says is nested deeper; deeper nesting would cost stack.
const MAX_DEPTH: usize = 64;

/// What a client says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum ClientFrame {
    Hello {
        token: String,
        cursor: Option<String>,
        #[serde(default = "me")]
        subs: Vec<String>,
    },
    Sub {
        n: u64,
        topic: String,
    },
    Unsub {
        n: u64,
        topic: String,
    },
    Cmd {
        n: u64,
        key: Option<String>,
        #[serde(rename = "type")]
        kind: String,
        data: Value,
    },
    Auth {
        n: u64,
        token: String,
    },
    Ack {},
    Pong {},
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What the edge says, but for `evt` and `eph`, which are rendered once for all.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(super) enum ServerFrame<'a> {
    Welcome {
        session: String,
        heartbeat_ms: u64,
        head: String,
        resume: Resume,
    },
    Ready {
        c: String,
        replayed: u64,
    },
    Ping {
        c: String,
    },
    Ok {
        n: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Value>,
    },
    Err {
        n: u64,
        code: &'a str,
        temporary: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<&'a Problem>,
    },
    AuthReq {},
    Bye {
        code: u16,
        reason: &'a str,
        retry_ms: u64,
        resume: bool,
    },
}

/// Where a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Resume {
    pub mode: ResumeMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

impl Resume {
    pub(super) const LIVE: Self = Self { mode: ResumeMode::Live, why: None };
    pub(super) const REPLAY: Self = Self { mode: ResumeMode::Replay, why: None };

    pub(super) const fn reset(why: &'static str) -> Self {
        Self { mode: ResumeMode::Reset, why: Some(why) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResumeMode {
    /// From now on.
    Live,
    /// From the cursor on, without a gap.
    Replay,
    /// From now on; what came before is not known to be complete.
    Reset,
}

/// How a client's frames look, which is how it gets the edge's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    MessagePack,
}

/// How a socket ends: with words, or because the other side is gone.
pub(super) type End = Option<(Close, Format)>;

fn me() -> Vec<String> {
    vec!["me".to_owned()]
}

/// Reads a client's frame.
///
/// # Errors
/// Why the socket is to be closed, when it is too large or no frame at all.
pub(super) fn read(message: &Message) -> Result<(ClientFrame, Format), Close> {
    let bytes = match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
        _ => 0,
    };
    if bytes > MAX_BYTES { Err(Close::TOO_LARGE) } else { decode(message).ok_or(Close::MALFORMED) }
}

fn decode(message: &Message) -> Option<(ClientFrame, Format)> {
    match message {
        Message::Text(text) => Some((serde_json::from_str(text).ok()?, Format::Json)),
        Message::Binary(bytes) => {
            let mut reader = rmp_serde::Deserializer::from_read_ref(&bytes[..]);
            reader.set_max_depth(MAX_DEPTH);
            Some((ClientFrame::deserialize(&mut reader).ok()?, Format::MessagePack))
        }
        _ => None,
    }
}

pub(super) fn write(frame: &ServerFrame<'_>, format: Format) -> Message {
    match format {
        Format::Json => Message::Text(serde_json::to_string(frame).unwrap_or_default().into()),
        Format::MessagePack => Message::Binary(rmp_serde::to_vec_named(frame).unwrap_or_default().into()),
    }
}

pub(super) fn cursor(epoch: u64, sequence: u64) -> String {
    format!("{epoch}.{sequence}")
}

pub(super) fn read_cursor(cursor: &str) -> Option<(u64, u64)> {
    let (epoch, sequence) = cursor.split_once('.')?;
    Some((epoch.parse().ok()?, sequence.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_in_both_formats_and_garbage_is_none() {
        let hello = serde_json::json!({ "t": "hello", "token": "x" });
        for message in
            [Message::Text(hello.to_string().into()), Message::Binary(rmp_serde::to_vec_named(&hello).unwrap().into())]
        {
            let Ok((ClientFrame::Hello { subs, cursor, .. }, _)) = read(&message) else { panic!("{message:?}") };
            assert_eq!((subs, cursor), (vec!["me".to_owned()], None));
        }
        assert!(read(&Message::Text("garbage".into())).is_err());
        assert!(read(&Message::Binary(vec![0xc1, 0xff].into())).is_err());
        assert!(read(&Message::Text("{}".into())).is_err());
        assert!(matches!(read(&Message::Text(r#"{"t":"dance"}"#.into())), Ok((ClientFrame::Unknown, _))));
    }

    #[test]
    fn a_frame_that_is_nested_without_end_is_none() {
        let mut bytes = rmp_serde::to_vec_named(&serde_json::json!({ "t": "cmd", "n": 1, "type": "x" })).unwrap();
        bytes[0] += 1;
        bytes.extend(rmp_serde::to_vec("data").unwrap());
        bytes.extend([0x91].repeat(60_000));
        assert!(read(&Message::Binary(bytes.into())).is_err());
        let text = format!(r#"{{"t":"cmd","n":1,"type":"x","data":{}"#, "[".repeat(60_000));
        assert!(read(&Message::Text(text.into())).is_err());
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        assert_eq!(read_cursor(&cursor(1_790_000_000_000_000, 7)), Some((1_790_000_000_000_000, 7)));
        for forged in ["", "7", "a.b", "1.-1", "1.2.3"] {
            assert_eq!(read_cursor(forged), None, "{forged}");
        }
    }
}
