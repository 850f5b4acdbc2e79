//! How the body of a message is written, by its media type.

use async_nats::HeaderMap;
use bytes::Bytes;
use plyo_events::Body;

use super::{attributes::attribute, wire::WireError};

/// The attribute of the body's media type.
pub(crate) const DATA_CONTENT_TYPE: &str = "ce-datacontenttype";
/// The same for those who do not know CloudEvents.
pub(crate) const CONTENT_TYPE: &str = "content-type";
pub(crate) const MESSAGE_PACK: &str = "application/msgpack";

/// The body of an event as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoded {
    MessagePack(Bytes),
    Json(Bytes),
}

impl Encoded {
    /// As it travelled.
    pub fn bytes(&self) -> &Bytes {
        let (Self::MessagePack(bytes) | Self::Json(bytes)) = self;
        bytes
    }

    /// For who decodes it.
    pub fn body(&self) -> Body<'_> {
        match self {
            Self::MessagePack(bytes) => Body::MessagePack(bytes),
            Self::Json(text) => Body::Json(text),
        }
    }

    /// Adds it to a text as compact JSON, untyped; false if it cannot be read, and then with a part of it.
    pub fn write_json(&self, text: &mut Vec<u8>) -> bool {
        let mut write = serde_json::Serializer::new(text);
        match self {
            Self::MessagePack(bytes) => {
                let mut read = rmp_serde::Deserializer::from_read_ref(&bytes[..]);
                read.set_max_depth(MAX_DEPTH);
                serde_transcode::transcode(&mut read, &mut write).is_ok()
            }
            Self::Json(json) => {
                let mut read = serde_json::Deserializer::from_slice(json);
                // What follows the value would become part of what follows the text.
                serde_transcode::transcode(&mut read, &mut write).is_ok() && read.end().is_ok()
            }
        }
    }

    /// How many bytes it has.
    pub fn size(&self) -> usize {
        match self {
            Self::MessagePack(bytes) | Self::Json(bytes) => bytes.len(),
        }
    }
}

/// Nothing that is nested deeper is passed on; deeper nesting would cost stack.
const MAX_DEPTH: usize = 128;

/// A way to write a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    MessagePack,
    Json,
}

impl Encoding {
    /// Of a message, by either header; `usual` where neither says one that is known here.
    ///
    /// # Errors
    /// When they contradict each other, or the message is in structured mode.
    pub(crate) fn of(headers: &HeaderMap, usual: Self) -> Result<Self, WireError> {
        let (data, content) = (attribute(headers, DATA_CONTENT_TYPE)?, attribute(headers, CONTENT_TYPE)?);
        let (data, content) = (data.as_deref().map(media_type), content.as_deref().map(media_type));
        if [data, content].contains(&Some(MediaType::CloudEvent)) {
            return Err(WireError::Structured);
        }
        let known = |media_type| match media_type {
            Some(MediaType::Known(encoding)) => Some(encoding),
            _ => None,
        };
        match (known(data), known(content)) {
            (Some(data), Some(content)) if data != content => Err(WireError::ContentTypes),
            (data, content) => Ok(data.or(content).unwrap_or(usual)),
        }
    }

    pub(crate) const fn body(self, bytes: &[u8]) -> Body<'_> {
        match self {
            Self::MessagePack => Body::MessagePack(bytes),
            Self::Json => Body::Json(bytes),
        }
    }

    pub(crate) const fn encoded(self, bytes: Bytes) -> Encoded {
        match self {
            Self::MessagePack => Encoded::MessagePack(bytes),
            Self::Json => Encoded::Json(bytes),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MediaType {
    Known(Encoding),
    /// A whole event with its attributes is the body.
    CloudEvent,
    Other,
}

/// Its type and subtype in any case, without parameters (RFC 9110, 8.3.1), or its suffix (RFC 6838, 4.2.8).
fn media_type(text: &str) -> MediaType {
    if text == MESSAGE_PACK {
        return MediaType::Known(Encoding::MessagePack);
    }
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence.starts_with("application/cloudevents") {
        return MediaType::CloudEvent;
    }
    let (_, subtype) = essence.split_once('/').unwrap_or_default();
    match subtype.rsplit('+').next().unwrap_or_default() {
        "msgpack" | "x-msgpack" | "vnd.msgpack" => MediaType::Known(Encoding::MessagePack),
        "json" => MediaType::Known(Encoding::Json),
        _ => MediaType::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&'static str, &str)]) -> Result<Encoding, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, *value);
        }
        Encoding::of(&headers, Encoding::Json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_media_type_is_known_in_any_spelling_and_by_either_header() {
        for (encoding, spellings) in [
            (
                Encoding::MessagePack,
                &[
                    "application/msgpack",
                    "Application/MsgPack",
                    "application/msgpack; v=5",
                    "application/msgpack;q=1",
                    " application/x-msgpack ",
                    "application/vnd.msgpack",
                    "application/vnd.watch+msgpack",
                ][..],
            ),
            (
                Encoding::Json,
                &[
                    "application/json",
                    "APPLICATION/JSON",
                    "application/json; charset=utf-8",
                    "text/json",
                    "application/vnd.watch+json",
                    "text/plain",
                    "json",
                    "",
                ][..],
            ),
        ] {
            for &spelling in spellings {
                for name in [DATA_CONTENT_TYPE, CONTENT_TYPE, "Content-Type", "CE-DataContentType"] {
                    assert_eq!(of(&[(name, spelling)]), Ok(encoding), "{name}: {spelling}");
                }
            }
        }
        assert_eq!(of(&[]), Ok(Encoding::Json));
    }

    #[test]
    fn two_headers_that_contradict_each_other_are_refused() {
        let say = |data, content| of(&[(DATA_CONTENT_TYPE, data), (CONTENT_TYPE, content)]);
        assert_eq!(say(MESSAGE_PACK, "Application/MsgPack"), Ok(Encoding::MessagePack));
        assert_eq!(say(MESSAGE_PACK, "application/octet-stream"), Ok(Encoding::MessagePack));
        for (data, content) in [(MESSAGE_PACK, "application/json"), ("application/json", MESSAGE_PACK)] {
            assert!(say(data, content).unwrap_err().contains("contradict"));
        }
    }

    #[test]
    fn a_whole_event_as_the_body_is_refused_by_its_name() {
        for structured in ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=utf-8"] {
            assert!(of(&[("Content-Type", structured)]).unwrap_err().contains("structured mode"));
        }
    }
}
