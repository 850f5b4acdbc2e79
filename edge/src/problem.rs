//! What a client is told when something is wrong: RFC 9457 problem details, with a stable `code` for programs.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use plyo_events::{
    Rejection, RejectionCode, RejectionKind, Violation,
    rejection::{self, INVALID_CURSOR, REVISION_CHANGED},
};
use plyo_nats::{AskError, SendError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::caller::NO_TOKEN;

/// A problem, as its body says it (`application/problem+json`).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// `about:blank`: the status says the kind, `code` the reason.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    pub status: u16,
    /// Stable, snake_case: `workout_not_found`.
    pub code: String,
    /// One sentence that says what to do.
    pub detail: String,
    /// Which fields are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// Seconds to wait before it is sent again, as in `Retry-After`: where it was too many requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// `unknown`: the command may or may not have been stored; send it again with the same Idempotency-Key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
}

/// What can be wrong, as the documents list it. Each is a constant where it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub status: StatusCode,
    pub name: &'static str,
    /// One sentence that says what to do.
    pub detail: &'static str,
}

/// The code that a response was given, for who checks it.
#[derive(Clone, Debug)]
pub(crate) struct Told(pub String);

pub(crate) const NOT_FOUND: Code = Code::new(StatusCode::NOT_FOUND, "not_found", "no such resource");
pub(crate) const UNAVAILABLE: Code =
    Code::new(StatusCode::SERVICE_UNAVAILABLE, rejection::UNAVAILABLE.name, "the service does not answer; try again");
pub(crate) const FAILED: Code =
    Code::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "the service failed; its log says why");
/// It is answered by the connection itself, since there is no request yet.
pub(crate) const SLOW_HEAD: Code = Code::new(
    StatusCode::REQUEST_TIMEOUT,
    "slow_head",
    "the head of the request did not arrive within 10 s; send it again",
);
const METHOD_NOT_ALLOWED: Code =
    Code::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this resource does not support that method");
/// The command with this key is being handled: it alone is a conflict that passes.
pub(crate) const IN_FLIGHT: Code =
    Code::new(StatusCode::CONFLICT, "in_flight", "this command is still in progress; try again in a moment");

impl Code {
    pub(crate) const fn new(status: StatusCode, name: &'static str, detail: &'static str) -> Self {
        Self { status, name, detail }
    }

    /// A service's reason to decline.
    pub(crate) fn of(RejectionCode { kind, name, detail }: RejectionCode) -> Self {
        Self { status: status(kind, name), name, detail }
    }

    /// A whole response, after which the connection ends.
    pub(crate) fn as_last_answer(self) -> Vec<u8> {
        let body = serde_json::to_string(&Problem::from(self)).unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {}\r\ncontent-type: application/problem+json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            self.status,
            body.len()
        );
        [head, body].concat().into_bytes()
    }

    /// The same in other words.
    pub(crate) fn because(self, detail: impl Into<String>) -> Problem {
        Problem { detail: detail.into(), ..self.into() }
    }
}

impl From<Code> for Problem {
    fn from(Code { status, name, detail }: Code) -> Self {
        Self::new(status, name, detail)
    }
}

fn status(kind: RejectionKind, code: &str) -> StatusCode {
    match kind {
        // It is of the URL, not of a body.
        _ if code == INVALID_CURSOR.name => StatusCode::BAD_REQUEST,
        // It is of the header If-Match.
        _ if code == REVISION_CHANGED.name => StatusCode::PRECONDITION_FAILED,
        RejectionKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        RejectionKind::NotFound => StatusCode::NOT_FOUND,
        RejectionKind::Conflict => StatusCode::CONFLICT,
        RejectionKind::Forbidden => StatusCode::FORBIDDEN,
        RejectionKind::Unauthorized => StatusCode::UNAUTHORIZED,
        RejectionKind::Gone => StatusCode::GONE,
        RejectionKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        RejectionKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl Problem {
    fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            violations: Vec::new(),
            retry_after: None,
            outcome: None,
        }
    }

    /// As it is told to who sent the body at this place of something else.
    pub(crate) fn within(mut self, place: &str) -> Self {
        self.violations.iter_mut().for_each(|violation| violation.pointer.insert_str(0, place));
        self
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self.status, 429 | 503) || self.code == IN_FLIGHT.name
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let status = status(rejection.kind, &rejection.code);
        Self { violations: rejection.violations, ..Self::new(status, &rejection.code, rejection.detail) }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Rejected(rejection) => rejection.into(),
            AskError::Unavailable => UNAVAILABLE.into(),
            AskError::Failed => FAILED.into(),
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unavailable(_) => UNAVAILABLE.because("the command was not stored; try again"),
            SendError::Unknown => Self {
                outcome: Some("unknown"),
                ..UNAVAILABLE.because(
                    "it is unknown whether the command was stored; send it again with the same Idempotency-Key",
                )
            },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        if self.is_temporary() {
            headers.insert(header::RETRY_AFTER, self.retry_after.unwrap_or(1).into());
        }
        if status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = if self.code == NO_TOKEN.name { "Bearer" } else { "Bearer error=\"invalid_token\"" };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(Told(self.code));
        response
    }
}

pub(crate) async fn no_route() -> Problem {
    NOT_FOUND.into()
}

pub(crate) async fn no_method() -> Problem {
    METHOD_NOT_ALLOWED.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_succeed_later_is_temporary() {
        let problem = |status, code| Problem::new(status, code, "…").is_temporary();
        assert!(problem(StatusCode::CONFLICT, "in_flight"));
        assert!(problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
        assert!(problem(StatusCode::TOO_MANY_REQUESTS, "too_many_requests"));
        assert!(!problem(StatusCode::CONFLICT, "reminder_not_active"), "it stays cancelled");
        assert!(!problem(StatusCode::UNPROCESSABLE_ENTITY, "key_reused"));
    }
}
