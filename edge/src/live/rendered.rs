//! What many connections get, rendered once for all of them, when the first one asks for it.

use std::{fmt::Write, sync::OnceLock};

use axum::extract::ws::{Message, Utf8Bytes};
use bytes::Bytes;
use jiff::Timestamp;
use plyo_events::Traceparent;
use plyo_nats::{Encoded, Stored};
use serde::Serialize;
use serde_json::Value;
use tracing::Span;
use uuid::Uuid;

use super::{
    frames::{Format, cursor},
    transcode,
};

/// An event as every client gets it but for its cursors and its topic: `"id":…,"type":…,"at":…,"data":…,"cid":…`.
pub(crate) struct Rendered {
    /// As it travelled: `workout.completed.v1`, perhaps one that only newer edges know.
    pub type_name: String,
    /// When it happened.
    pub time: Timestamp,
    id: Uuid,
    correlation: Uuid,
    traceparent: Option<Traceparent>,
    body: Encoded,
    /// The body with its personal texts, if they are to be opened.
    opened: Option<OnceLock<Encoded>>,
    json: OnceLock<Box<str>>,
    /// The same members, without the head of their map.
    message_pack: OnceLock<Box<[u8]>>,
}

/// A frame that is the same for everybody.
pub(super) struct Announcement {
    json: Utf8Bytes,
    message_pack: OnceLock<Bytes>,
}

/// What differs from connection to connection in what it is told of an event.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub epoch: u64,
    pub sequence: u64,
    /// The sequence of what the connection was sent before.
    pub previous: u64,
    pub topic: &'a str,
}

/// A MessagePack map of up to 15 members begins with one byte that says how many.
const SMALL_MAP: u8 = 0x80;
const MEMBERS: u8 = 9;

impl From<Stored> for Rendered {
    fn from(Stored { type_name, message, .. }: Stored) -> Self {
        Self {
            type_name,
            time: message.time,
            id: message.id,
            correlation: message.correlation,
            traceparent: message.traceparent,
            opened: plyo_sealing::has_sealed(message.body.bytes()).then(OnceLock::new),
            body: message.body,
            json: OnceLock::new(),
            message_pack: OnceLock::new(),
        }
    }
}

impl Rendered {
    /// About how many bytes it keeps once it is rendered: a body is half as long again in JSON.
    pub(super) fn size(&self) -> usize {
        self.body.size() * 5 / 2 + 256
    }

    /// Its body in JSON, if personal texts of it are still to be opened.
    pub(crate) fn sealed(&self) -> Option<Bytes> {
        let is_sealed = self.opened.as_ref()?.get().is_none();
        is_sealed.then(|| transcode::json(&self.body).into())
    }

    /// With this body from now on.
    pub(crate) fn open(&self, json: Bytes) {
        if let Some(opened) = &self.opened {
            // Another connection may have opened it meanwhile.
            let _ = opened.set(Encoded::Json(json));
        }
    }

    fn body(&self) -> &Encoded {
        self.opened.as_ref().and_then(OnceLock::get).unwrap_or(&self.body)
    }

    /// The span of a push of it, in the trace that it belongs to.
    pub(super) fn push_span(&self, protocol: &'static str) -> Span {
        let Some(parent) = self.traceparent.filter(|parent| parent.is_sampled()) else { return Span::none() };
        let span = tracing::debug_span!(
            "push",
            otel.name = format!("push {}", self.type_name),
            otel.kind = "producer",
            network.protocol.name = protocol,
            messaging.message.id = %self.id,
            traceparent = %parent,
        );
        plyo_nats::trace::follow(&span, Some(parent));
        span
    }

    /// The frame `evt`.
    pub(super) fn frame(&self, place: Place<'_>, format: Format) -> Message {
        let Place { epoch, sequence, previous, topic } = place;
        match format {
            Format::Json => {
                let json = self.json();
                let mut text = String::with_capacity(json.len() + topic.len() + 112);
                let written = write!(
                    text,
                    r#"{{"t":"evt","c":"{epoch}.{sequence}","p":"{epoch}.{previous}","topic":"{topic}",{json}}}"#
                );
                debug_assert!(written.is_ok(), "a String takes everything");
                Message::Text(text.into())
            }
            Format::MessagePack => {
                #[derive(Serialize)]
                struct Head<'a> {
                    t: &'a str,
                    c: &'a str,
                    p: &'a str,
                    topic: &'a str,
                }
                let (c, p) = (cursor(epoch, sequence), cursor(epoch, previous));
                let mut bytes = message_pack(&Head { t: "evt", c: &c, p: &p, topic });
                bytes[0] = SMALL_MAP | MEMBERS;
                bytes.extend_from_slice(self.message_pack());
                Message::Binary(bytes.into())
            }
        }
    }

    /// The data of a server-sent event.
    pub(super) fn data(&self, cursor: &str, topic: &str) -> String {
        format!(r#"{{"c":"{cursor}","topic":"{topic}",{}}}"#, self.json())
    }

    fn json(&self) -> &str {
        self.json.get_or_init(|| {
            let Self { id, type_name, time, correlation, .. } = self;
            let data = transcode::json(self.body());
            format!(r#""id":"{id}","type":"{type_name}","at":"{time}","data":{data},"cid":"{correlation}""#).into()
        })
    }

    /// The body goes in as it is: a client of MessagePack costs no JSON.
    fn message_pack(&self) -> &[u8] {
        self.message_pack.get_or_init(|| {
            #[derive(Serialize)]
            struct Head<'a> {
                id: String,
                #[serde(rename = "type")]
                type_name: &'a str,
                at: String,
            }
            let head = Head { id: self.id.to_string(), type_name: &self.type_name, at: self.time.to_string() };
            let mut bytes = message_pack(&head);
            bytes.remove(0);
            bytes.extend(message_pack(&"data"));
            bytes.extend(transcode::message_pack(self.body()));
            bytes.extend(message_pack(&("cid", self.correlation.to_string()))[1..].iter());
            bytes.into()
        })
    }

    /// Whether it was rendered for anybody.
    #[cfg(test)]
    pub(super) fn is_rendered(&self) -> bool {
        self.json.get().is_some() || self.message_pack.get().is_some()
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
    use plyo_events::{Message as Enveloped, UserId};

    use super::*;

    fn read(message: &Message) -> Value {
        match message {
            Message::Text(text) => serde_json::from_str(text).unwrap(),
            Message::Binary(bytes) => rmp_serde::from_slice(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_event_says_the_same_in_both_formats_whatever_its_type() {
        let (id, correlation) = (Uuid::now_v7(), Uuid::now_v7());
        let data = serde_json::json!({ "kg": 37.5, "reps": [5, 5], "note": null, "é": -1 });
        let place = Place { epoch: 1_790_000_000_000_000, sequence: 12, previous: 7, topic: "me" };
        let packed = rmp_serde::to_vec_named(&data).unwrap();
        for body in [Encoded::MessagePack(packed.into()), Encoded::Json(data.to_string().into())] {
            let message = Enveloped::first(id, UserId::mint(), Timestamp::UNIX_EPOCH, body);
            let message = Enveloped { correlation, ..message };
            let event = Rendered::from(Stored { sequence: 12, type_name: "yoga.flowed.v7".to_owned(), message });
            assert!(!event.is_rendered());
            let expected = serde_json::json!({
                "t": "evt", "c": "1790000000000000.12", "p": "1790000000000000.7", "topic": "me", "id": id,
                "type": "yoga.flowed.v7", "at": "1970-01-01T00:00:00Z", "data": data, "cid": correlation,
            });
            assert_eq!(read(&event.frame(place, Format::MessagePack)), expected);
            assert!(event.json.get().is_none(), "MessagePack needs no JSON");
            assert_eq!(read(&event.frame(place, Format::Json)), expected);
        }
    }

    #[test]
    fn an_announcement_says_the_same_in_both_formats() {
        let announcement = Announcement::new("announcements", r#"{"text":"closed today"}"#);
        let json = read(&announcement.frame(Format::Json));
        assert_eq!(json["data"]["text"], "closed today");
        assert_eq!(read(&announcement.frame(Format::MessagePack)), json);
    }
}
