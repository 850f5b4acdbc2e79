//! How a command or a query is declined.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A command or query was understood and rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Rejection {
    pub kind: RejectionKind,
    /// Stable, snake_case, for programs: `workout_not_found`.
    pub code: String,
    /// One sentence for people, saying what to do; no personal data.
    pub detail: String,
    /// The invalid fields, for `invalid`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
}

/// The kind of rejection; the edge maps it to a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectionKind {
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
    /// 410
    Gone,
    /// 429
    TooMany,
    /// 503: try again later
    Unavailable,
}

/// An invalid field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// JSON Pointer into the body: `/exercises/0/sets/2/rpe`.
    pub pointer: String,
    pub detail: String,
}

/// A reason for which something can be declined. Each is a constant beside the messages that it is about, and is listed with
/// them ([`CommandKind::rejections`](crate::CommandKind::rejections), [`Query::REJECTIONS`](crate::Query::REJECTIONS)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectionCode {
    pub kind: RejectionKind,
    /// Stable, snake_case, for programs.
    pub name: &'static str,
    /// One sentence for people that says what to do.
    pub detail: &'static str,
}

/// The body breaks rules that a type alone cannot hold; `violations` says which.
pub const INVALID_BODY: RejectionCode = RejectionCode::invalid("invalid_body", "fields of the body are wrong");
/// A service got a command that it does not take.
pub const UNKNOWN_COMMAND: RejectionCode = RejectionCode::invalid("unknown_command", "there is no such command");
/// A service got bytes that are not the query.
pub const INVALID_QUERY: RejectionCode =
    RejectionCode::invalid("invalid_query", "the body is not valid MessagePack for this query");
/// A list was asked to go on from where it never ended.
pub const INVALID_CURSOR: RejectionCode = RejectionCode::invalid("invalid_cursor", "unknown cursor; start without one");
/// The same key came with another body.
pub const IDEMPOTENCY_KEY_REUSED: RejectionCode =
    RejectionCode::invalid("idempotency_key_reused", "this Idempotency-Key was used with another body; use a new key");
/// It was to be done for another revision.
pub const REVISION_CHANGED: RejectionCode =
    RejectionCode::conflict("revision_changed", "it has another revision by now; load it again");
/// A service, or what it stands on, does not do its part now.
pub const UNAVAILABLE: RejectionCode =
    RejectionCode::new(RejectionKind::Unavailable, "unavailable", "try again in a moment");

/// Whether something has one of the revisions that a change was asked for; without any, it has.
///
/// # Errors
/// `revision_changed`.
pub fn check_revision(revision: u32, asked: Option<&[u32]>) -> Result<(), Rejection> {
    if asked.is_none_or(|asked| asked.contains(&revision)) { Ok(()) } else { Err(REVISION_CHANGED.into()) }
}

impl RejectionCode {
    pub const fn new(kind: RejectionKind, name: &'static str, detail: &'static str) -> Self {
        Self { kind, name, detail }
    }

    pub const fn not_found(name: &'static str, detail: &'static str) -> Self {
        Self::new(RejectionKind::NotFound, name, detail)
    }

    pub const fn conflict(name: &'static str, detail: &'static str) -> Self {
        Self::new(RejectionKind::Conflict, name, detail)
    }

    pub const fn invalid(name: &'static str, detail: &'static str) -> Self {
        Self::new(RejectionKind::Invalid, name, detail)
    }

    /// Declined for this reason, in other words.
    pub fn because(self, detail: impl Into<String>) -> Rejection {
        Rejection { detail: detail.into(), ..self.into() }
    }
}

impl From<RejectionCode> for Rejection {
    fn from(RejectionCode { kind, name, detail }: RejectionCode) -> Self {
        Self { kind, code: name.to_owned(), detail: detail.to_owned(), violations: Vec::new() }
    }
}

impl Rejection {
    /// The body violates rules that types alone cannot express.
    pub fn violations(violations: Vec<Violation>) -> Self {
        let detail = violations.iter().map(|v| v.detail.as_str()).collect::<Vec<_>>().join("; ");
        Self { violations, ..INVALID_BODY.because(detail) }
    }

    /// Whether it is for one of these reasons.
    pub fn is_one_of(&self, codes: &[RejectionCode]) -> bool {
        codes.iter().any(|code| code.name == self.code && code.kind == self.kind)
    }
}
