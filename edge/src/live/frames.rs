//! The frames of a socket, as `live` describes them.

use axum::extract::ws::Message;
use plyo_events::Rejection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::close::Close;
use crate::{document::Document, problem::Problem};

/// The subprotocol of those who speak MessagePack from the start.
pub(super) const MESSAGE_PACK: &str = "plyo.msgpack";
/// Most bytes of a frame, and of a message of several frames.
const MAX_BYTES: usize = 64 * 1024;

/// What a client says. It is read as `{"sub": {"n": 1, "topic": "me"}}`: as it is sent, with `t` among the rest, serde would
/// keep it aside first, and not say where something is wrong.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(tag = "t")]
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
        /// [`Heard::data`]
        #[schemars(with = "Value")]
        data: (),
    },
    Auth {
        n: u64,
        token: String,
    },
    Ack {
        /// Not kept.
        #[serde(rename = "c")]
        _cursor: Option<String>,
    },
    Pong {},
}

/// What `t` may say.
const KINDS: [&str; 7] = ["hello", "sub", "unsub", "cmd", "auth", "ack", "pong"];

/// A frame that was read.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    pub frame: ClientFrame,
    /// What a command says. Its own reader says what is wrong with it, as over HTTP.
    pub data: Document<'a>,
    pub format: Format,
}

/// Why a frame was not read.
#[derive(Debug)]
pub(super) enum Unheard {
    /// The socket is to be closed.
    Close(Close),
    /// It is a frame of a kind that this edge does not know.
    Unknown,
    /// It is a frame with a number, which the answer repeats, and something wrong in it.
    Wrong { n: u64, rejection: Rejection },
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
pub(super) fn read(message: &Message) -> Result<Heard<'_>, Unheard> {
    const MALFORMED: Unheard = Unheard::Close(Close::MALFORMED);
    let bytes = match message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(bytes) => bytes,
        _ => return Err(MALFORMED),
    };
    if bytes.len() > MAX_BYTES {
        return Err(Unheard::Close(Close::TOO_LARGE));
    }
    let (document, format) = match message {
        Message::Text(_) => (Document::json(bytes).ok(), Format::Json),
        _ => (Document::message_pack(bytes), Format::MessagePack),
    };
    let Some(Document::Object(mut fields)) = document else { return Err(MALFORMED) };
    let Some(Document::Text(kind)) = fields.remove("t") else { return Err(MALFORMED) };
    if !KINDS.contains(&&*kind) {
        return Err(Unheard::Unknown);
    }
    let number = match fields.get("n") {
        Some(Document::Unsigned(n)) => Some(*n),
        _ => None,
    };
    let data = if kind == "cmd" { fields.get_mut("data").map(std::mem::take) } else { None }.unwrap_or_default();
    let named = Document::Object([(kind.clone(), Document::Object(fields))].into());
    match named.read() {
        Ok(frame) => Ok(Heard { frame, data, format }),
        Err(rejection) => {
            Err(number.map_or(MALFORMED, |n| Unheard::Wrong { n, rejection: without_kind(rejection, &kind) }))
        }
    }
}

/// Pointers into the frame as it was sent: `/cmd/key` is its `/key`.
fn without_kind(mut rejection: Rejection, kind: &str) -> Rejection {
    for violation in &mut rejection.violations {
        let rest = violation.pointer.strip_prefix('/').and_then(|pointer| pointer.strip_prefix(kind));
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            violation.pointer = rest.to_owned();
        }
    }
    rejection
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
            let Ok(Heard { frame: ClientFrame::Hello { subs, cursor, .. }, .. }) = read(&message) else {
                panic!("{message:?}")
            };
            assert_eq!((subs, cursor), (vec!["me".to_owned()], None));
        }
        assert!(read(&Message::Text("garbage".into())).is_err());
        assert!(read(&Message::Binary(vec![0xc1, 0xff].into())).is_err());
        assert!(read(&Message::Text("{}".into())).is_err());
        assert!(matches!(read(&Message::Text(r#"{"t":"dance"}"#.into())), Err(Unheard::Unknown)));
    }

    #[test]
    fn every_kind_of_frame_is_known() {
        let schema = schemars::schema_for!(ClientFrame);
        let frames = schema.as_value()["oneOf"].as_array().unwrap();
        let kinds: Vec<_> = frames.iter().filter_map(|frame| frame["properties"]["t"]["const"].as_str()).collect();
        assert_eq!(kinds, KINDS);
    }

    #[test]
    fn a_frame_is_used_up_or_refused() {
        let both = |text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            [Message::Text(text.into()), Message::Binary(rmp_serde::to_vec_named(&value).unwrap().into())]
        };
        for (text, n, pointer) in [
            (r#"{"t":"cmd","n":7,"type":"x","data":{},"kez":"monday"}"#, 7, "/kez"),
            (r#"{"t":"cmd","n":7,"type":"x"}"#, 7, ""),
            (r#"{"t":"cmd","n":7,"type":5,"data":{}}"#, 7, "/type"),
            (r#"{"t":"sub","n":7,"topic":["me"]}"#, 7, "/topic"),
            (r#"{"t":"sub","n":7,"topic":"me","cmd":1}"#, 7, "/cmd"),
        ] {
            for message in both(text) {
                let Err(Unheard::Wrong { n: told, rejection }) = read(&message) else { panic!("{text}") };
                assert_eq!((told, rejection.violations[0].pointer.as_str()), (n, pointer), "{text}");
            }
        }
        for text in [r#"["sub",7,"me"]"#, r#"{"t":"pong","x":1}"#, r#"{"t":"hello","token":"x","sub":["me"]}"#] {
            for message in both(text) {
                assert!(matches!(read(&message), Err(Unheard::Close(Close::MALFORMED))), "{text}");
            }
        }
        let [text, packed] = both(r#"{"t":"sub","n":7,"topic":"me"}"#);
        assert!(read(&text).is_ok() && read(&packed).is_ok());
        let twice = Message::Binary([packed.clone().into_data(), packed.into_data()].concat().into());
        assert!(matches!(read(&twice), Err(Unheard::Close(Close::MALFORMED))), "the second frame would be dropped");
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
