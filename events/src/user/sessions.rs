//! Where somebody is logged in, and how that ends.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TRY_AGAIN;
use crate::{CommandKind, Query, RejectionCode, Request, SessionId, UserId};

/// What somebody logs in on, coarsely: `Firefox on Linux`. 1 to 40 letters, digits and spaces. The edge makes it of a few known
/// words, so that nothing of a person is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Device(String);
schema!(Device, "Device", {
    "type": "string", "pattern": "^[A-Za-z0-9 ]{1,40}$", "examples": ["Firefox on Linux"],
    "description": "What somebody logs in on, coarsely, made of a few known words."
});

impl Device {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for Device {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == ' ';
        if (1..=40).contains(&text.len()) && text.chars().all(valid) {
            Ok(Self(text))
        } else {
            Err("a device must be 1 to 40 letters, digits and spaces")
        }
    }
}
impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.0
    }
}

/// There is none, or it is somebody else's.
pub const SESSION_NOT_FOUND: RejectionCode = RejectionCode::not_found("session_not_found", "there is no such session");

/// The sessions of a user that last, the one that was used last first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListSessions {
    pub user: UserId,
    /// The one that asks.
    pub current: SessionId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionView {
    pub session_id: SessionId,
    /// What was logged in on: `Firefox on Linux`. Absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// When its tokens were last renewed: within ten minutes of its last request.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub last_used_at: Timestamp,
    /// It is the one that asks.
    pub is_current: bool,
}

impl Query for ListSessions {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "sessions";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN];
    type Answer = Vec<SessionView>;
}

/// End sessions of a user. One that has ended already stays ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndSessions {
    pub user: UserId,
    pub which: WhichSessions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhichSessions {
    One(SessionId),
    AllBut(SessionId),
    All,
}

/// How many sessions this ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionsEnded {
    pub ended: u64,
}

impl Request for EndSessions {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "end_sessions";
    const REJECTIONS: &'static [RejectionCode] = &[SESSION_NOT_FOUND, TRY_AGAIN];
    type Answer = SessionsEnded;
    const SENDS: &'static [CommandKind] = &[CommandKind::RevokeSession];
}
