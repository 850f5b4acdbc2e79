//! Why a socket is closed, as `live` lists it.

use std::error::Error;

use tokio_tungstenite::tungstenite;

use crate::{
    caller::{SESSION_REVOKED, TOKEN_EXPIRED},
    problem::{Problem, UNAVAILABLE},
};

/// A close code with its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub code: u16,
    pub reason: &'static str,
}

impl Close {
    pub(super) const GOING_AWAY: Self = Self { code: 4000, reason: "going away" };
    pub(super) const TOKEN_EXPIRED: Self = Self { code: 4401, reason: "the token expired" };
    pub(super) const NO_HELLO: Self = Self { code: 4408, reason: "no hello in time" };
    pub(super) const NO_PONG: Self = Self { code: 4409, reason: "two pings without a pong" };
    pub(super) const FELL_BEHIND: Self = Self { code: 4410, reason: "too far behind" };
    pub(super) const MALFORMED: Self = Self { code: 4500, reason: "malformed frame" };
    pub(super) const INVALID_TOKEN: Self = Self { code: 4501, reason: "invalid token" };
    pub(super) const SESSION_REVOKED: Self = Self { code: 4502, reason: "the session has ended" };
    pub(super) const UNKNOWN_TYPES: Self = Self { code: 4503, reason: "too many frames of unknown types" };
    pub(super) const TOO_LARGE: Self = Self { code: 1009, reason: "the frame exceeds 64 KiB" };

    /// Whether the client should come again.
    pub(super) const fn is_temporary(self) -> bool {
        self.code >= 4000 && self.code < 4500
    }

    /// When to come again, in milliseconds: those whom an edge leaves behind do not all come at once.
    pub(super) fn retry_ms(self) -> u64 {
        let spread = if self == Self::GOING_AWAY { uuid::Uuid::new_v4().as_u64_pair().0 % 2_000 } else { 0 };
        500 + spread
    }

    /// What a token that is refused means.
    pub(super) fn refused(problem: &Problem) -> Self {
        match problem.code.as_str() {
            code if code == TOKEN_EXPIRED.name => Self::TOKEN_EXPIRED,
            code if code == SESSION_REVOKED.name => Self::SESSION_REVOKED,
            code if code == UNAVAILABLE.name => Self::GOING_AWAY,
            _ => Self::INVALID_TOKEN,
        }
    }

    /// What a failed read means: some are the client's doing, any other is a connection that ended.
    pub(super) fn failed(error: &axum::Error) -> Option<Self> {
        match error.source()?.downcast_ref::<tungstenite::Error>()? {
            tungstenite::Error::Capacity(_) => Some(Self::TOO_LARGE),
            tungstenite::Error::Utf8(_) => Some(Self::MALFORMED),
            _ => None,
        }
    }
}
