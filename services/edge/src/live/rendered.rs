//! What many sockets get, rendered once for all of them: as JSON at once, as MessagePack when somebody asks for it.

use std::{fmt::Write, sync::OnceLock};

use axum::extract::ws::{Message, Utf8Bytes};
use bytes::Bytes;
use jiff::Timestamp;
use plyo_events::EventKind;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::frames::{Format, cursor};

/// An event as every client gets it but for its cursors: `"id":…,"type":…,"at":…,"data":…,"cid":…`.
pub(super) struct Rendered {
    pub kind: EventKind,
    /// When it happened.
    pub time: Timestamp,
    json: Box<str>,
    /// The same members, without the head of their map.
    message_pack: OnceLock<Box<[u8]>>,
}

/// A frame that is the same for everybody.
pub(super) struct Announcement {
    json: Utf8Bytes,
    message_pack: OnceLock<Bytes>,
}

/// The members of `evt` that differ from socket to socket.
#[derive(Serialize)]
struct Head<'a> {
    t: &'a str,
    c: &'a str,
    p: &'a str,
    topic: &'a str,
}

/// A MessagePack map of up to 15 members begins with one byte that says how many.
const SMALL_MAP: u8 = 0x80;
const MEMBERS: u8 = 9;

impl Rendered {
    /// `data` is the payload as JSON.
    pub(super) fn new(kind: EventKind, id: Uuid, correlation: Uuid, time: Timestamp, data: &str) -> Self {
        let json = format!(r#""id":"{id}","type":"{kind}","at":"{time}","data":{data},"cid":"{correlation}""#);
        Self { kind, time, json: json.into(), message_pack: OnceLock::new() }
    }

    /// Bytes of its text.
    pub(super) fn size(&self) -> usize {
        self.json.len()
    }

    /// The frame `evt` with the sequence of this event, after that of what the socket was sent before.
    pub(super) fn frame(&self, epoch: u64, sequence: u64, previous: u64, format: Format) -> Message {
        match format {
            Format::Json => {
                let mut text = String::with_capacity(self.json.len() + 112);
                let written = write!(
                    text,
                    r#"{{"t":"evt","c":"{epoch}.{sequence}","p":"{epoch}.{previous}","topic":"me",{}}}"#,
                    self.json
                );
                debug_assert!(written.is_ok(), "a String takes everything");
                Message::Text(text.into())
            }
            Format::MessagePack => {
                let (c, p) = (cursor(epoch, sequence), cursor(epoch, previous));
                let mut bytes = message_pack(&Head { t: "evt", c: &c, p: &p, topic: "me" });
                bytes[0] = SMALL_MAP | MEMBERS;
                bytes.extend_from_slice(self.message_pack());
                Message::Binary(bytes.into())
            }
        }
    }

    /// The data of a server-sent event.
    pub(super) fn data(&self, cursor: &str) -> String {
        format!(r#"{{"c":"{cursor}","topic":"me",{}}}"#, self.json)
    }

    fn message_pack(&self) -> &[u8] {
        self.message_pack.get_or_init(|| {
            let members: Map<String, Value> = serde_json::from_str(&format!("{{{}}}", self.json)).unwrap_or_default();
            message_pack(&members)[1..].into()
        })
    }
}

impl Announcement {
    /// The frame `eph`. `data` is JSON.
    pub(super) fn new(topic: &str, data: &str) -> Self {
        let json = format!(r#"{{"t":"eph","topic":"{topic}","data":{data}}}"#);
        Self { json: json.into(), message_pack: OnceLock::new() }
    }

    pub(super) fn frame(&self, format: Format) -> Message {
        match format {
            Format::Json => Message::Text(self.json.clone()),
            Format::MessagePack => Message::Binary(self.message_pack().clone()),
        }
    }

    fn message_pack(&self) -> &Bytes {
        self.message_pack.get_or_init(|| {
            let value: Value = serde_json::from_str(&self.json).unwrap_or_default();
            message_pack(&value).into()
        })
    }
}

fn message_pack(value: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("maps with text keys can be written to memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &Message) -> Value {
        match message {
            Message::Text(text) => serde_json::from_str(text).unwrap(),
            Message::Binary(bytes) => rmp_serde::from_slice(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_event_says_the_same_in_both_formats() {
        let (id, correlation) = (Uuid::now_v7(), Uuid::now_v7());
        let data = r#"{"kg":37.5,"reps":[5,5],"note":null,"é":-1}"#;
        let event = Rendered::new(EventKind::RecordSet, id, correlation, Timestamp::UNIX_EPOCH, data);
        let json = read(&event.frame(1_790_000_000_000_000, 12, 7, Format::Json));
        let expected = serde_json::json!({
            "t": "evt", "c": "1790000000000000.12", "p": "1790000000000000.7", "topic": "me", "id": id,
            "type": EventKind::RecordSet.to_string(), "at": "1970-01-01T00:00:00Z",
            "data": { "kg": 37.5, "reps": [5, 5], "note": null, "é": -1 }, "cid": correlation,
        });
        assert_eq!(json, expected);
        assert_eq!(read(&event.frame(1_790_000_000_000_000, 12, 7, Format::MessagePack)), expected);
    }

    #[test]
    fn an_announcement_says_the_same_in_both_formats() {
        let announcement = Announcement::new("announcements", r#"{"text":"closed today"}"#);
        let json = read(&announcement.frame(Format::Json));
        assert_eq!(json["data"]["text"], "closed today");
        assert_eq!(read(&announcement.frame(Format::MessagePack)), json);
    }
}
