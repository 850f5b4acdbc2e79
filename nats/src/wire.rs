//! The envelope as NATS headers: CloudEvents 1.0, NATS binding, binary mode.

use std::{fmt::Write, str::FromStr};

use async_nats::{HeaderMap, HeaderName, header::IntoHeaderValue};
use plyo_events::{Command, CommandKind, DecodeError, Event, EventKind, Id, Message, UserId};
use uuid::Uuid;

pub(crate) const CE_ID: &str = "ce-id";
pub(crate) const CE_TYPE: &str = "ce-type";
pub(crate) const CE_SUBJECT: &str = "ce-subject";
pub(crate) const CE_TIME: &str = "ce-time";
pub(crate) const CONTENT_TYPE: &str = "content-type";
pub(crate) const CORRELATION: &str = "ce-correlationid";
pub(crate) const CAUSATION: &str = "ce-causationid";
pub(crate) const TRACEPARENT: &str = "traceparent";
/// Where the outcome of a command is answered: `out.<edge>`.
pub(crate) const REPLY: &str = "plyo-reply";
/// What the body of a command was, as its sender hashed it.
pub(crate) const FINGERPRINT: &str = "plyo-fingerprint";
/// A dead letter comes again: an earlier outcome `dead` does not count.
pub(crate) const REPLAY: &str = "plyo-replay";

/// A message that cannot be used here.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("header `{0}` is missing or malformed")]
    Header(&'static str),
}

/// The headers of a command.
pub(crate) fn command_headers(command: &Message<Command>, fingerprint: &str, reply: &str) -> HeaderMap {
    let mut headers = headers(command, command.body.kind().to_string(), command.body.kind().service());
    set(&mut headers, REPLY, reply);
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
    set(&mut headers, CE_TYPE, type_name);
    set(&mut headers, "ce-source", format!("plyo/{service}"));
    set(&mut headers, CE_SUBJECT, message.user.to_string());
    set(&mut headers, CE_TIME, message.time.to_string());
    set(&mut headers, CONTENT_TYPE, "application/msgpack");
    set(&mut headers, CORRELATION, message.correlation.to_string());
    set(&mut headers, CAUSATION, message.causation.to_string());
    if let Some(traceparent) = message.traceparent.as_deref().filter(|text| is_traceparent(text)) {
        set(&mut headers, TRACEPARENT, traceparent);
    }
    headers
}

/// A name that is static is neither checked nor copied, with a dozen of them in each message.
pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: impl IntoHeaderValue) {
    headers.insert(HeaderName::from_static(name), value);
}

/// The kind of a command from its headers alone.
pub(crate) fn command_kind(headers: &HeaderMap) -> Result<CommandKind, WireError> {
    Ok(CommandKind::parse(text(headers, CE_TYPE).ok_or(WireError::Header(CE_TYPE))?)?)
}

/// The kind of an event from its headers, or, for what a job outside Plyo scheduled without a type, from its subject.
pub(crate) fn event_kind(subject: &str, headers: &HeaderMap) -> Result<EventKind, WireError> {
    if let Some(type_name) = text(headers, CE_TYPE) {
        return Ok(EventKind::parse(type_name)?);
    }
    let mut tokens = subject.split('.').skip(2);
    match (tokens.next(), tokens.next()) {
        (Some("clock"), Some(fact)) => Ok(EventKind::parse(&format!("clock.{fact}.v1"))?),
        _ => Err(WireError::Header(CE_TYPE)),
    }
}

pub(crate) fn command(kind: CommandKind, headers: &HeaderMap, body: &[u8]) -> Result<Message<Command>, WireError> {
    let id = required(headers, CE_ID)?;
    envelope(headers, id, required(headers, CE_SUBJECT)?, required(headers, CE_TIME)?, kind.decode(body)?)
}

/// `sequence` is the event's place in `EVENTS`: what a job outside Plyo scheduled may have no id of its own.
pub(crate) fn event(
    kind: EventKind,
    subject: &str,
    headers: &HeaderMap,
    body: &[u8],
    sequence: u64,
) -> Result<Message<Event>, WireError> {
    let payload = match text(headers, CONTENT_TYPE) {
        Some("application/msgpack") => kind.decode(body)?,
        _ => kind.decode_json(body)?,
    };
    if kind.service() != "clock" {
        return envelope(
            headers,
            required(headers, CE_ID)?,
            required(headers, CE_SUBJECT)?,
            required(headers, CE_TIME)?,
            payload,
        );
    }
    let user: UserId =
        subject.rsplit('.').next().and_then(|user| user.parse().ok()).ok_or(WireError::Header(CE_SUBJECT))?;
    // A recurring schedule fires with the same `ce-id` each time; its next firing tells one from another.
    let id = match (parsed::<Uuid>(headers, CE_ID), text(headers, "Nats-Schedule-Next")) {
        (Some(id), None | Some("purge")) => id,
        (Some(id), Some(next)) => Id::<Event>::derive(id, next).uuid(),
        (None, _) => Id::<Event>::derive(Uuid::NAMESPACE_OID, &format!("{subject}/{sequence}")).uuid(),
    };
    let time = parsed(headers, CE_TIME).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    envelope(headers, id, user, time, payload)
}

fn envelope<T>(
    headers: &HeaderMap,
    id: Uuid,
    user: UserId,
    time: jiff::Timestamp,
    body: T,
) -> Result<Message<T>, WireError> {
    Ok(Message {
        id,
        user,
        time,
        correlation: parsed(headers, CORRELATION).unwrap_or(id),
        causation: parsed(headers, CAUSATION).unwrap_or(id),
        traceparent: text(headers, TRACEPARENT).filter(|text| is_traceparent(text)).map(str::to_owned),
        body,
    })
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(HeaderName::from_static(name)).map(async_nats::HeaderValue::as_str)
}

fn parsed<T: FromStr>(headers: &HeaderMap, name: &'static str) -> Option<T> {
    text(headers, name)?.parse().ok()
}

fn required<T: FromStr>(headers: &HeaderMap, name: &'static str) -> Result<T, WireError> {
    parsed(headers, name).ok_or(WireError::Header(name))
}

/// `00-<32 hex>-<16 hex>-<2 hex>` (W3C Trace Context); anything else is dropped rather than passed on.
fn is_traceparent(text: &str) -> bool {
    let is_dash = |place: usize| matches!(place, 2 | 35 | 52);
    text.len() == 55
        && text
            .bytes()
            .enumerate()
            .all(|(place, byte)| if is_dash(place) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// The same trace with a span of our own.
pub(crate) fn child_span(traceparent: Option<&str>, span: Uuid) -> Option<String> {
    let parts: Vec<&str> = traceparent?.split('-').collect();
    let [version, trace, _, flags] = parts[..] else { return None };
    let mut child = format!("{version}-{trace}-");
    for byte in &span.as_bytes()[8..] {
        write!(child, "{byte:02x}").ok()?;
    }
    Some(format!("{child}-{flags}"))
}
