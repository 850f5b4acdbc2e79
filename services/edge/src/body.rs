//! Strict JSON bodies: what is not understood is refused with a pointer to it, and nothing is guessed.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use futures_util::StreamExt;
use plyo_events::{Rejection, Violation, rejection::INVALID_BODY};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::time::timeout;

use crate::problem::{Code, Problem};

/// Most bytes of a body.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// So much of a body that is too large is read and dropped, so that its sender hears why it was refused.
const MAX_DROPPED_BYTES: usize = 8 * 1024 * 1024;
/// How long a body may take to come.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(15);

const UNSUPPORTED_MEDIA_TYPE: Code =
    Code::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "send Content-Type: application/json");
const SLOW_BODY: Code =
    Code::new(StatusCode::REQUEST_TIMEOUT, "slow_body", "the body did not arrive within 15 s; send it again");
const TRUNCATED_BODY: Code = Code::new(StatusCode::BAD_REQUEST, "truncated_body", "the body ended early");
const TOO_LARGE: Code = Code::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body exceeds 256 KiB");
const INVALID_JSON: Code = Code::new(StatusCode::BAD_REQUEST, "invalid_json", "the body is not valid JSON");

/// What can be wrong with any body, besides `invalid_body`.
pub(crate) const CODES: [Code; 5] = [UNSUPPORTED_MEDIA_TYPE, SLOW_BODY, TRUNCATED_BODY, TOO_LARGE, INVALID_JSON];

/// Reads the bytes of a JSON body.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(UNSUPPORTED_MEDIA_TYPE.into());
    }
    timeout(READ_TIMEOUT, gather(body)).await.map_err(|_| SLOW_BODY)?
}

async fn gather(body: Body) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let mut content = Bytes::new();
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| TRUNCATED_BODY)?;
        length += chunk.len();
        if length > MAX_DROPPED_BYTES {
            break;
        }
        if length <= MAX_BYTES {
            // A small body comes as one chunk, which is not copied.
            content = if content.is_empty() { chunk } else { [content, chunk].concat().into() };
        }
    }
    if length <= MAX_BYTES { Ok(content) } else { Err(TOO_LARGE.into()) }
}

/// Reads a value that has exactly the fields of `T`.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    match decode_flawless(bytes) {
        Some(value) => Ok(value),
        None => decode_or_explain(bytes),
    }
}

/// A quick first look, which does not keep track of where it is.
fn decode_flawless<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    if memchr::memmem::find(bytes, NUL).is_some() {
        return None;
    }
    let mut is_known = true;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_ignored::deserialize(&mut json, |_| is_known = false).ok()?;
    json.end().ok()?;
    is_known.then_some(value)
}

fn decode_or_explain<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if let Some(escape) = nul(bytes) {
        return Err(INVALID_BODY.because(format!("text must not contain NUL (byte {escape})")).into());
    }
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let decoded =
        serde_ignored::deserialize(tracked, |path| unknown.push(format!("/{}", path.to_string().replace('.', "/"))));
    match decoded.and_then(|value| json.end().map(|()| value)) {
        Ok(value) if unknown.is_empty() => Ok(value),
        Ok(_) => {
            let violation = |pointer: String| Violation { detail: format!("unknown field `{pointer}`"), pointer };
            Err(Rejection::violations(unknown.into_iter().map(violation).collect()).into())
        }
        Err(error) => Err(refusal(bytes, &pointer(&track.path()), &error)),
    }
}

fn refusal(bytes: &[u8], pointer: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let is_number = text.starts_with("number out of range") || is_named_number(bytes, error);
    if error.classify() == Category::Data || is_number {
        let detail = text.split(" at line ").next().unwrap_or(&text).to_owned();
        return Rejection::violations(vec![Violation { pointer: pointer.to_owned(), detail }]).into();
    }
    INVALID_JSON.because(format!("the body is not valid JSON: {text}"))
}

/// Whether the error is at `NaN` or `Infinity`, which other writers of JSON produce.
fn is_named_number(bytes: &[u8], error: &serde_json::Error) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let rest = line.get(error.column().saturating_sub(2)..).unwrap_or_default();
    [&b"NaN"[..], b"Inf", b"-In"].iter().any(|name| rest.windows(3).take(2).any(|window| window == *name))
}

/// `exercises[0].sets[2].rpe` as a JSON Pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{key}"),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => "/?".to_owned(),
    });
    segments.collect()
}

const NUL: &[u8] = b"\\u0000";

/// Where an escaped NUL is. A backslash that is itself escaped escapes nothing.
fn nul(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(bytes, NUL)
        .find(|index| bytes[..*index].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0)
}

#[cfg(test)]
mod tests {
    use plyo_events::workout::Workout;

    use super::*;

    const RIGHT: &str = r#"{"started_at":"2026-11-24T18:30:00+01:00","exercises":[{"exercise":"plank","sets":[{"duration_s":60,"rpe":7.5}]}]}"#;

    #[test]
    fn what_is_wrong_is_refused_by_its_kind() {
        assert!(decode::<Workout>(RIGHT.as_bytes()).is_ok());
        let cases = [
            (&RIGHT[..RIGHT.len() - 3], 400, ""),
            ("", 400, ""),
            ("{]", 400, ""),
            (&RIGHT.replace("7.5", "7.3"), 422, "/exercises/0/sets/0/rpe"),
            (&RIGHT.replace("7.5", "NaN"), 422, "/exercises/0/sets/0/rpe"),
            (&RIGHT.replace("7.5", "-Infinity"), 422, "/exercises/0/sets/0/rpe"),
            (&RIGHT.replace("7.5", "1e400"), 422, "/exercises/0/sets/0/rpe"),
            (&RIGHT.replace("60", "-60"), 422, "/exercises/0/sets/0/duration_s"),
            (&RIGHT.replace("60", "\"60\""), 422, "/exercises/0/sets/0/duration_s"),
            (&RIGHT.replace("rpe", "rp"), 422, "/exercises/0/sets/0/rp"),
            (&RIGHT.replace("2026", "9999"), 422, "/started_at"),
            (&RIGHT.replace("plank", "pl\\u0000ank"), 422, ""),
            (&format!("{RIGHT}{RIGHT}"), 400, ""),
        ];
        for (body, status, pointer) in cases {
            let problem = decode::<Workout>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.status, status, "{body}: {problem:?}");
            if !pointer.is_empty() {
                assert_eq!(problem.violations[0].pointer, pointer, "{body}");
            }
        }
    }

    #[test]
    fn an_escaped_backslash_before_u0000_is_no_nul() {
        assert_eq!(nul(br#""\\u0000""#), None);
        assert_eq!(nul(br#""\u0000""#), Some(1));
    }
}
