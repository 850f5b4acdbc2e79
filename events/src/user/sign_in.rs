//! Log-ins, right and wrong, as everybody may hear of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Device;
use crate::{RejectionCode, RejectionKind, SessionId};

/// So many log-ins of an address have failed that the next has to wait.
pub const TOO_MANY_FAILURES: RejectionCode = RejectionCode::new(
    RejectionKind::TooMany,
    "too_many_failures",
    "too many log-ins of this address have failed; wait before the next",
);

// Commands.

/// Announce that the credential store opened a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportSignIn {
    pub session_id: SessionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    pub is_new_device: bool,
}

/// Announce that the credential store refused a log-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportFailedSignIn {
    pub failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
}

// Events.

/// Somebody logged in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SignedIn {
    pub session_id: SessionId,
    /// Absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// This account was never logged in on such a device, but on others.
    pub is_new_device: bool,
}

/// Somebody tried to log in with a wrong password or code. Of many in a row, the first eight and then every doubling is told:
/// whoever guesses cannot fill the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SignInFailed {
    /// How many there were since the last that succeeded.
    pub failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
}
