//! The bodies of requests, which are JSON.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use plyo_events::{Rejection, Violation};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::timeout;

use crate::{
    document::{Document, pointer},
    problem::{Code, Problem},
};

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
/// The same of one that is no JSON.
pub(crate) const CODES_OF_BYTES: [Code; 2] = [SLOW_BODY, TRUNCATED_BODY];

/// Reads the bytes of a JSON body.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(UNSUPPORTED_MEDIA_TYPE.into());
    }
    gathered(body, MAX_BYTES).await?.ok_or_else(|| TOO_LARGE.into())
}

/// A body where none is needed: nothing, or an object without fields.
pub(crate) async fn none(body: Body) -> Result<(), Problem> {
    #[derive(Deserialize)]
    struct Nothing {}
    if body.is_end_stream() {
        return Ok(());
    }
    let content = gathered(body, MAX_BYTES).await?.ok_or(TOO_LARGE)?;
    if content.is_empty() { Ok(()) } else { decode(&content).map(|Nothing {}| ()) }
}

/// Reads the bytes of a body, whatever they are. `None` if there are more.
pub(crate) async fn gathered(body: Body, max_bytes: usize) -> Result<Option<Bytes>, Problem> {
    timeout(READ_TIMEOUT, gather(body, max_bytes)).await.map_err(|_| SLOW_BODY)?
}

async fn gather(body: Body, max_bytes: usize) -> Result<Option<Bytes>, Problem> {
    let mut chunks = body.into_data_stream();
    let mut content = Bytes::new();
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| TRUNCATED_BODY)?;
        length += chunk.len();
        if length > MAX_DROPPED_BYTES {
            break;
        }
        if length <= max_bytes {
            // A small body comes as one chunk, which is not copied.
            content = if content.is_empty() { chunk } else { joined(content, &chunk) };
        }
    }
    Ok((length <= max_bytes).then_some(content))
}

fn joined(content: Bytes, chunk: &[u8]) -> Bytes {
    let mut content = BytesMut::from(content);
    content.extend_from_slice(chunk);
    content.freeze()
}

/// Reads a value that has exactly the fields of `T`.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let document = Document::json(bytes).map_err(|error| refusal(bytes, &error))?;
    Ok(document.read()?)
}

/// What is wrong with bytes that are not JSON, or that say a number of JSON which no reader has room for.
fn refusal(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    if !text.starts_with("number out of range") && !is_named_number(bytes, error) {
        return INVALID_JSON.because(format!("the body is not valid JSON: {text}"));
    }
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    // It fails at the same place once more.
    let _ = Document::deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let detail = text.split(" at line ").next().unwrap_or(&text).to_owned();
    Rejection::violations(vec![Violation { pointer: pointer(&track.path()), detail }]).into()
}

/// Whether the error is at `NaN` or `Infinity`, which other writers of JSON produce.
fn is_named_number(bytes: &[u8], error: &serde_json::Error) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let rest = line.get(error.column().saturating_sub(2)..).unwrap_or_default();
    [&b"NaN"[..], b"Inf", b"-In"].iter().any(|name| rest.windows(3).take(2).any(|window| window == *name))
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
            (&RIGHT.replace("plank", "pl\\u0000ank"), 422, "/exercises/0/exercise"),
            (&RIGHT.replace(r#""duration_s":60"#, r#""load":{"kg":100,"lb":220}"#), 422, "/exercises/0/sets/0/load"),
            (&RIGHT.replace(r#""duration_s":60"#, r#""load":100"#), 422, "/exercises/0/sets/0/load"),
            ("5", 422, ""),
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
}
