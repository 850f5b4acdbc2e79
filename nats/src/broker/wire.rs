//! The envelope as NATS headers: CloudEvents 1.0, NATS binding, binary mode.

use anyhow::Context;
use async_nats::{HeaderMap, HeaderName, header::IntoHeaderValue};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use plyo_events::{
    Aggregate, Command, CommandKind, DecodeError, Event, EventKind, Id, Message, Subject, Traceparent, Versioned,
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    attributes::{attribute, parsed, required, set_text},
    content::{CONTENT_TYPE, DATA_CONTENT_TYPE, Encoded, Encoding, MESSAGE_PACK},
};

pub(crate) const CE_ID: &str = "ce-id";
pub(crate) const CE_TYPE: &str = "ce-type";
pub(crate) const CE_TIME: &str = "ce-time";
/// Whom or what the message is about, as the last token of its subject says too. Plyo does not write it.
const CE_SUBJECT: &str = "ce-subject";
pub(crate) const CORRELATION: &str = "ce-correlationid";
pub(crate) const CAUSATION: &str = "ce-causationid";
pub(crate) const TRACEPARENT: &str = "traceparent";
/// Where the outcome of a command is sent, if anybody waits for it: `out.<edge>`.
pub(crate) const REPLY: &str = "plyo-reply";
/// The command of the loop that brought an event from another instance.
pub(crate) const IMPORTED: &str = "plyo-imported";
/// The sender's hash of a command's body.
pub(crate) const FINGERPRINT: &str = "plyo-fingerprint";
/// A replayed dead letter: an earlier outcome `dead` is ignored.
pub(crate) const REPLAY: &str = "plyo-replay";

/// Why a message cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("header `{0}` is missing or malformed")]
    Header(&'static str),
    #[error("the subject `{0}` does not end in a user or an aggregate")]
    Subject(String),
    #[error("`{name}` must be about a {expected}, not {found}")]
    About { name: &'static str, expected: &'static str, found: Subject },
    #[error("its subject says that it is about {found}, and `ce-subject` that it is about somebody else")]
    OfAnother { found: Subject },
    #[error("its type is `{name}`, which does not belong on its subject, `{subject}`")]
    OfAnotherType { subject: String, name: String },
    #[error("`ce-datacontenttype` and `content-type` contradict each other")]
    ContentTypes,
    #[error("what it imports cannot be: {0}")]
    Import(String),
    #[error("it is in structured mode, which is not read here: send its attributes as headers")]
    Structured,
}

/// The headers of a command.
pub(crate) fn command_headers(command: &Message<Command>, fingerprint: &str, reply: Option<&str>) -> HeaderMap {
    let mut headers = headers(command, command.body.kind().to_string(), command.body.kind().service());
    if let Some(reply) = reply {
        set(&mut headers, REPLY, reply);
    }
    set(&mut headers, FINGERPRINT, fingerprint);
    set(&mut headers, "Nats-Msg-Id", command.id.to_string());
    headers
}

/// The headers of an event, or of the timer that fires as one.
pub(crate) fn event_headers(event: &Message<Event>) -> HeaderMap {
    headers(event, event.body.kind().to_string(), event.body.kind().service())
}

fn headers<T>(message: &Message<T>, type_name: String, service: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, "ce-specversion", "1.0");
    set(&mut headers, CE_ID, message.id.to_string());
    set_text(&mut headers, CE_TYPE, type_name);
    set_text(&mut headers, "ce-source", format!("plyo/{service}"));
    set(&mut headers, CE_TIME, message.time.to_string());
    // Tools that do not know CloudEvents look at the other one.
    set(&mut headers, DATA_CONTENT_TYPE, MESSAGE_PACK);
    set(&mut headers, CONTENT_TYPE, MESSAGE_PACK);
    // Omitted headers are inferred when reading: whom it is about from the subject, the cause from the message itself, and
    // the start of the chain from the cause.
    if message.causation != message.id {
        set(&mut headers, CAUSATION, message.causation.to_string());
    }
    if message.correlation != message.causation {
        set(&mut headers, CORRELATION, message.correlation.to_string());
    }
    if let Some(traceparent) = message.traceparent {
        set(&mut headers, TRACEPARENT, traceparent.to_string());
    }
    headers
}

/// A static name is neither checked nor copied; each message has a dozen of them.
pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: impl IntoHeaderValue) {
    headers.insert(HeaderName::from_static(name), value);
}

/// The kind of an event and its published version, from its headers; or from its subject, if a job outside Plyo scheduled
/// it without a type.
pub(crate) fn event_kind(subject: &str, headers: &HeaderMap) -> Result<Versioned<EventKind>, WireError> {
    if let Some(type_name) = attribute(headers, CE_TYPE)? {
        let kind = EventKind::parse(&type_name)?;
        check_type(subject, kind.kind.name(), Some(kind.kind.service()))?;
        return Ok(kind);
    }
    let mut tokens = subject.split('.').skip(2);
    match (tokens.next(), tokens.next()) {
        (Some("clock"), Some(fact)) => Ok(EventKind::parse(&format!("clock.{fact}.v1"))?),
        _ => Err(WireError::Header(CE_TYPE)),
    }
}

/// Whom or what a message is about: the last token of its subject, which `ce-subject` must not contradict. Permissions,
/// partitions and erasure go by the subject.
pub(crate) fn about(subject: &str, headers: &HeaderMap) -> Result<Subject, WireError> {
    let token = subject.rsplit('.').next().unwrap_or_default();
    let found: Subject = token.parse().map_err(|_| WireError::Subject(subject.to_owned()))?;
    match attribute(headers, CE_SUBJECT)? {
        Some(said) if said.parse() != Ok(found) => Err(WireError::OfAnother { found }),
        _ => Ok(found),
    }
}

/// Whose history an unreadable message belongs to: its subject decides, and `ce-subject` where that names nobody.
pub(crate) fn owner(subject: &str, headers: &HeaderMap) -> Option<Subject> {
    let token = subject.rsplit('.').next().unwrap_or_default();
    token.parse().ok().or_else(|| parsed(headers, CE_SUBJECT))
}

pub(crate) fn command(nats_subject: &str, headers: &HeaderMap, body: &[u8]) -> Result<Message<Command>, WireError> {
    let type_name = attribute(headers, CE_TYPE)?.ok_or(WireError::Header(CE_TYPE))?;
    let Versioned { kind, version } = CommandKind::parse(&type_name)?;
    check_type(nats_subject, kind.name(), Some(kind.service()))?;
    let about = about(nats_subject, headers)?;
    check_about(about, kind.name(), kind.about())?;
    let body = Encoding::of(headers, Encoding::MessagePack)?.body(body);
    let (id, time) = (required(headers, CE_ID)?, required(headers, CE_TIME)?);
    Ok(envelope(headers, id, about, time, kind.decode(version, body)?))
}

/// Where a message is in its stream, and when it was stored there: an event scheduled by a job outside Plyo may have neither
/// an id nor a time of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredAt {
    pub sequence: u64,
    pub time: jiff::Timestamp,
}

/// `at` is where the event is in `EVENTS`.
pub(crate) fn event(
    Versioned { kind, version }: Versioned<EventKind>,
    nats_subject: &str,
    headers: &HeaderMap,
    body: &[u8],
    at: StoredAt,
) -> Result<Message<Event>, WireError> {
    let about = about(nats_subject, headers)?;
    check_about(about, kind.name(), kind.about())?;
    let payload = kind.decode(version, Encoding::of(headers, Encoding::Json)?.body(body))?;
    if kind.service() != "clock" {
        return Ok(envelope(headers, required(headers, CE_ID)?, about, required(headers, CE_TIME)?, payload));
    }
    Ok(unsigned(nats_subject, headers, about, payload, at))
}

/// An event with its type as published, even if the type is unknown or the body cannot be decoded. The type is lower-case
/// letters, digits, `_` and `.`, or `unknown`.
///
/// # Errors
/// When its subject is invalid, or its headers contradict it.
pub(crate) fn encoded_event(
    nats_subject: &str,
    headers: &HeaderMap,
    body: &[u8],
    at: StoredAt,
) -> Result<(String, Message<Encoded>), WireError> {
    let about = about(nats_subject, headers)?;
    // A received message keeps its whole read buffer alive.
    let body = Encoding::of(headers, Encoding::Json)?.encoded(Bytes::copy_from_slice(body));
    let type_name = match attribute(headers, CE_TYPE)? {
        Some(type_name) if is_type_name(&type_name) => {
            let name = type_name.rsplit_once(".v").map_or(&*type_name, |(name, _)| name);
            check_type(nats_subject, name, None)?;
            type_name.into_owned()
        }
        Some(_) => "unknown".to_owned(),
        None => event_kind(nats_subject, headers).map_or_else(|_| "unknown".to_owned(), |kind| kind.to_string()),
    };
    Ok((type_name, unsigned(nats_subject, headers, about, body, at)))
}

/// Where an event comes from, by its headers: its type may be unknown.
pub(crate) struct Origin {
    pub id: Uuid,
    /// Its cause, if it names one.
    pub cause: Option<Uuid>,
}

/// Reads where an event comes from; `from_clock` when a timer fired it. One from another instance was caused here by what brought it.
pub(crate) fn origin(
    nats_subject: &str,
    headers: &HeaderMap,
    sequence: u64,
    from_clock: bool,
) -> Result<Origin, WireError> {
    about(nats_subject, headers)?;
    let cause = match imported_by(headers) {
        Some(command) => Some(command),
        None => {
            attribute(headers, CAUSATION)?.map(|id| id.parse().map_err(|_| WireError::Header(CAUSATION))).transpose()?
        }
    };
    if from_clock {
        return Ok(Origin { id: event_id(nats_subject, headers, sequence), cause });
    }
    required::<jiff::Timestamp>(headers, CE_TIME)?;
    Ok(Origin { id: required(headers, CE_ID)?, cause })
}

/// The envelope of a message that may come from outside Plyo, without an id or time of its own.
fn unsigned<T>(nats_subject: &str, headers: &HeaderMap, about: Subject, body: T, at: StoredAt) -> Message<T> {
    let id = event_id(nats_subject, headers, at.sequence);
    // What fires says for when it was set; a job outside that does not say so means now.
    let time = parsed(headers, CE_TIME).unwrap_or(at.time);
    envelope(headers, id, about, time, body)
}

/// The id of an event, whoever wrote it, by which effects refer to it.
pub(crate) fn event_id(nats_subject: &str, headers: &HeaderMap, sequence: u64) -> Uuid {
    // A recurring schedule fires with the same `ce-id` each time; the next firing distinguishes them.
    match (parsed::<Uuid>(headers, CE_ID), text(headers, "Nats-Schedule-Next")) {
        (Some(id), None | Some("purge")) => id,
        (Some(id), Some(next)) => Id::<Event>::derive(id, next).uuid(),
        (None, _) => Id::<Event>::derive(Uuid::NAMESPACE_OID, &format!("{nats_subject}/{sequence}")).uuid(),
    }
}

/// The command that brought an event from another instance, where it was reacted to; `None` if it comes from here.
pub(crate) fn imported_by(headers: &HeaderMap) -> Option<Uuid> {
    parsed(headers, IMPORTED)
}

fn is_type_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
    (1..=100).contains(&text.len()) && text.bytes().all(fits)
}

/// A message is where its type belongs: permissions are by subject. `owner` is the service of the type, where it is known.
fn check_type(nats_subject: &str, name: &str, owner: Option<&str>) -> Result<(), WireError> {
    let mut tokens = nats_subject.split('.').skip(2);
    let (service, token) = (tokens.next().unwrap_or_default(), tokens.next().unwrap_or_default());
    let is_named = match name.split_once('.') {
        Some((prefix, rest)) if prefix == service => rest == token,
        // `evt.workout.reminder_set` for `reminder.set`.
        _ => name.len() == token.len() && name.bytes().map(|b| if b == b'.' { b'_' } else { b }).eq(token.bytes()),
    };
    if is_named && owner.is_none_or(|owner| owner == service) {
        return Ok(());
    }
    Err(WireError::OfAnotherType { subject: nats_subject.to_owned(), name: name.to_owned() })
}

pub(crate) fn check_about(found: Subject, name: &'static str, expected: Option<Aggregate>) -> Result<(), WireError> {
    if found.aggregate() == expected {
        return Ok(());
    }
    Err(WireError::About { name, expected: expected.map_or("person", Aggregate::name), found })
}

fn envelope<T>(headers: &HeaderMap, id: Uuid, subject: Subject, time: jiff::Timestamp, body: T) -> Message<T> {
    let causation = parsed(headers, CAUSATION).unwrap_or(id);
    Message {
        id,
        subject,
        time,
        correlation: parsed(headers, CORRELATION).unwrap_or(causation),
        causation,
        traceparent: traceparent(headers),
        body,
    }
}

/// The span that a message comes from. What is no `traceparent` is dropped rather than passed on.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<Traceparent> {
    parsed(headers, TRACEPARENT)
}

/// The headers of a message from `STREAM.MSG.GET`: `NATS/1.0` and one line each.
pub(crate) fn stored_headers(message: &Value) -> anyhow::Result<HeaderMap> {
    let raw = BASE64_STANDARD.decode(message["hdrs"].as_str().unwrap_or_default()).context("headers")?;
    let mut headers = HeaderMap::new();
    for line in String::from_utf8_lossy(&raw).split("\r\n").skip(1) {
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name, value.trim_start());
        }
    }
    Ok(headers)
}

/// The body of a message from `STREAM.MSG.GET`.
pub(crate) fn stored_body(message: &Value) -> anyhow::Result<Vec<u8>> {
    BASE64_STANDARD.decode(message["data"].as_str().unwrap_or_default()).context("body")
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(HeaderName::from_static(name)).map(async_nats::HeaderValue::as_str)
}

#[cfg(test)]
mod tests;
