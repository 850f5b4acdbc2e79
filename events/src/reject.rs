//! How a command or a query is declined.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A command or a query was understood and refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Reject {
    pub kind: RejectKind,
    /// Stable, snake_case, for programs: `workout_not_found`.
    pub code: String,
    /// One sentence for people that says what to do; no personal data.
    pub detail: String,
    /// Which fields are wrong, for `invalid`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
}

/// What kind of refusal it is; the edge maps it to a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectKind {
    /// 422
    Invalid,
    /// 404
    NotFound,
    /// 409
    Conflict,
    /// 403
    Forbidden,
    /// 401
    Unauthorized,
    /// 429
    TooMany,
    /// 503: try again later
    Unavailable,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// JSON Pointer into the body: `/exercises/0/sets/2/rpe`.
    pub pointer: String,
    pub detail: String,
}

impl Reject {
    pub fn new(kind: RejectKind, code: &str, detail: impl Into<String>) -> Self {
        Self { kind, code: code.to_owned(), detail: detail.into(), violations: Vec::new() }
    }

    pub fn not_found(code: &str, detail: impl Into<String>) -> Self {
        Self::new(RejectKind::NotFound, code, detail)
    }

    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(RejectKind::Conflict, code, detail)
    }

    pub fn invalid(code: &str, detail: impl Into<String>) -> Self {
        Self::new(RejectKind::Invalid, code, detail)
    }

    /// The body breaks rules that a type alone cannot hold.
    pub fn violations(violations: Vec<Violation>) -> Self {
        let detail = violations.iter().map(|v| v.detail.as_str()).collect::<Vec<_>>().join("; ");
        Self { violations, ..Self::invalid("invalid_body", detail) }
    }
}
