//! The frames of a socket, as `live` describes them.

use axum::extract::ws::{Message, Utf8Bytes};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::problem::Problem;

/// What a client says.
#[derive(Debug, Deserialize)]
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
    Unknown,
}

/// What the edge says, but for `evt` and `eph`, which are rendered once for all.
#[derive(Debug, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Resume {
    pub mode: ResumeMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResumeMode {
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

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub code: u16,
    pub reason: &'static str,
}

impl Close {
    pub(super) const GOING_AWAY: Self = Self { code: 4000, reason: "the edge goes away" };
    pub(super) const TOKEN_EXPIRED: Self = Self { code: 4401, reason: "the token expired" };
    pub(super) const NO_HELLO: Self = Self { code: 4408, reason: "no hello within 5 seconds" };
    pub(super) const NO_PONG: Self = Self { code: 4409, reason: "no pong to two pings" };
    pub(super) const FELL_BEHIND: Self = Self { code: 4410, reason: "fell behind the recent events" };
    pub(super) const MALFORMED: Self = Self { code: 4500, reason: "a frame that is no frame" };
    pub(super) const INVALID_TOKEN: Self = Self { code: 4501, reason: "the token is not valid" };
    pub(super) const SESSION_REVOKED: Self = Self { code: 4502, reason: "the session was ended" };
    pub(super) const UNKNOWN_TYPES: Self = Self { code: 4503, reason: "too many frames of unknown types" };
    pub(super) const TOO_LARGE: Self = Self { code: 1009, reason: "a frame of more than 64 KiB" };

    /// Whether the client should come again.
    pub(super) const fn is_temporary(self) -> bool {
        self.code >= 4000 && self.code < 4500
    }
}

fn me() -> Vec<String> {
    vec!["me".to_owned()]
}

/// Reads a client's frame; `None` when it is no frame at all. A control frame of the protocol says nothing.
pub(super) fn read(message: &Message) -> Option<(ClientFrame, Format)> {
    match message {
        Message::Text(text) => Some((serde_json::from_str(text).ok()?, Format::Json)),
        Message::Binary(bytes) => Some((rmp_serde::from_slice(bytes).ok()?, Format::MessagePack)),
        _ => None,
    }
}

pub(super) fn write(frame: &ServerFrame<'_>, format: Format) -> Message {
    match format {
        Format::Json => Message::Text(serde_json::to_string(frame).unwrap_or_default().into()),
        Format::MessagePack => Message::Binary(rmp_serde::to_vec_named(frame).unwrap_or_default().into()),
    }
}

/// A frame that is rendered as JSON text already.
pub(super) fn write_rendered(text: Utf8Bytes, format: Format) -> Message {
    match format {
        Format::Json => Message::Text(text),
        Format::MessagePack => {
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            Message::Binary(rmp_serde::to_vec_named(&value).unwrap_or_default().into())
        }
    }
}

pub(crate) fn cursor(epoch: u64, sequence: u64) -> String {
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
            let Some((ClientFrame::Hello { subs, cursor, .. }, _)) = read(&message) else { panic!("{message:?}") };
            assert_eq!((subs, cursor), (vec!["me".to_owned()], None));
        }
        assert!(read(&Message::Text("garbage".into())).is_none());
        assert!(read(&Message::Text("{}".into())).is_none());
        assert!(matches!(read(&Message::Text(r#"{"t":"dance"}"#.into())), Some((ClientFrame::Unknown, _))));
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        assert_eq!(read_cursor(&cursor(1_790_000_000_000_000, 7)), Some((1_790_000_000_000_000, 7)));
        for forged in ["", "7", "a.b", "1.-1", "1.2.3"] {
            assert_eq!(read_cursor(forged), None, "{forged}");
        }
    }
}
