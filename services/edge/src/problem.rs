//! What a client is told when something is wrong: RFC 9457 problem details, with a stable `code` for programs.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use plyo_events::{Reject, RejectKind, Violation};
use plyo_nats::{AskError, SendError};
use schemars::JsonSchema;
use serde::Serialize;

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
    /// `unknown`: the command may or may not have been stored; send it again with the same Idempotency-Key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            violations: Vec::new(),
            outcome: None,
            retry_after_s: None,
        }
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    pub(crate) fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(crate) fn invalid(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    pub(crate) fn unauthorized(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_after(1)
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self.status, 429 | 503) || self.code == "in_flight"
    }
}

impl From<Reject> for Problem {
    fn from(reject: Reject) -> Self {
        let status = match reject.kind {
            _ if reject.code == "invalid_cursor" => StatusCode::BAD_REQUEST,
            RejectKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            RejectKind::NotFound => StatusCode::NOT_FOUND,
            RejectKind::Conflict => StatusCode::CONFLICT,
            RejectKind::Forbidden => StatusCode::FORBIDDEN,
            RejectKind::Unauthorized => StatusCode::UNAUTHORIZED,
            RejectKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            RejectKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let retry_after_s = matches!(reject.kind, RejectKind::TooMany | RejectKind::Unavailable).then_some(1);
        Self { violations: reject.violations, retry_after_s, ..Self::new(status, &reject.code, reject.detail) }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Reject(reject) => reject.into(),
            AskError::Unavailable => Self::unavailable("the service does not answer; try again"),
            AskError::Failed => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "the service failed; it has logged why")
            }
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unavailable(_) => Self::unavailable("the command was not stored; try again"),
            SendError::Unknown => Self {
                outcome: Some("unknown"),
                ..Self::unavailable(
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
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = if self.code == "no_token" { "Bearer" } else { "Bearer error=\"invalid_token\"" };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

pub(crate) async fn no_route() -> Problem {
    Problem::not_found()
}

pub(crate) async fn no_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this resource does not take that method")
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
