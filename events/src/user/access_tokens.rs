//! Personal access tokens: for scripts of a person, with only the rights that these need.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TRY_AGAIN;
use crate::{CommandKind, Query, RejectionCode, RejectionKind, Request, SessionId, UserId, rejection::INVALID_BODY};

/// What a token may do. Each operation of the API needs one of these at most; those that need none are for sessions alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Scope {
    #[serde(rename = "profile:read")]
    ProfileRead,
    #[serde(rename = "profile:write")]
    ProfileWrite,
    #[serde(rename = "workouts:read")]
    WorkoutsRead,
    #[serde(rename = "workouts:write")]
    WorkoutsWrite,
    #[serde(rename = "records:read")]
    RecordsRead,
    #[serde(rename = "body:read")]
    BodyRead,
    #[serde(rename = "body:write")]
    BodyWrite,
    #[serde(rename = "reminders:read")]
    RemindersRead,
    #[serde(rename = "reminders:write")]
    RemindersWrite,
    #[serde(rename = "exercises:read")]
    ExercisesRead,
    #[serde(rename = "exercises:write")]
    ExercisesWrite,
    #[serde(rename = "achievements:read")]
    AchievementsRead,
    #[serde(rename = "notifications:read")]
    NotificationsRead,
    #[serde(rename = "notifications:write")]
    NotificationsWrite,
    #[serde(rename = "coach:read")]
    CoachRead,
    #[serde(rename = "coach:write")]
    CoachWrite,
    #[serde(rename = "events:read")]
    EventsRead,
    #[serde(rename = "commands:read")]
    CommandsRead,
}

impl Scope {
    pub const ALL: [Self; 18] = [
        Self::ProfileRead,
        Self::ProfileWrite,
        Self::WorkoutsRead,
        Self::WorkoutsWrite,
        Self::RecordsRead,
        Self::BodyRead,
        Self::BodyWrite,
        Self::RemindersRead,
        Self::RemindersWrite,
        Self::ExercisesRead,
        Self::ExercisesWrite,
        Self::AchievementsRead,
        Self::NotificationsRead,
        Self::NotificationsWrite,
        Self::CoachRead,
        Self::CoachWrite,
        Self::EventsRead,
        Self::CommandsRead,
    ];

    /// `workouts:read`
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProfileRead => "profile:read",
            Self::ProfileWrite => "profile:write",
            Self::WorkoutsRead => "workouts:read",
            Self::WorkoutsWrite => "workouts:write",
            Self::RecordsRead => "records:read",
            Self::BodyRead => "body:read",
            Self::BodyWrite => "body:write",
            Self::RemindersRead => "reminders:read",
            Self::RemindersWrite => "reminders:write",
            Self::ExercisesRead => "exercises:read",
            Self::ExercisesWrite => "exercises:write",
            Self::AchievementsRead => "achievements:read",
            Self::NotificationsRead => "notifications:read",
            Self::NotificationsWrite => "notifications:write",
            Self::CoachRead => "coach:read",
            Self::CoachWrite => "coach:write",
            Self::EventsRead => "events:read",
            Self::CommandsRead => "commands:read",
        }
    }
}

/// What a personal access token begins with, so that a scanner of secrets knows it.
pub const ACCESS_TOKEN_PREFIX: &str = "plyo_";

pub const ACCESS_TOKEN_NOT_FOUND: RejectionCode =
    RejectionCode::not_found("access_token_not_found", "there is no such access token");
pub const TOO_MANY_ACCESS_TOKENS: RejectionCode =
    RejectionCode::conflict("too_many_access_tokens", "there are 50 access tokens already; revoke one first");
/// Unknown, revoked or expired.
pub const UNKNOWN_ACCESS_TOKEN: RejectionCode =
    RejectionCode::new(RejectionKind::Unauthorized, "invalid_token", "invalid access token; log in");

/// Make a token. `name` is what its owner calls it, 1 to 64 characters; it is good for 1 to 366 days.
#[derive(Clone, Serialize, Deserialize)]
pub struct CreateAccessToken {
    pub user: UserId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub days: u32,
}

/// A token that was made. It is shown once.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct AccessTokenCreated {
    pub token_id: SessionId,
    /// For `Authorization: Bearer`.
    pub token: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub expires_at: Timestamp,
}

/// The tokens of a user, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListAccessTokens {
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessTokenView {
    pub token_id: SessionId,
    pub name: String,
    pub scopes: Vec<Scope>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub created_at: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub expires_at: Timestamp,
    /// Within some minutes. Absent if it was never used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_used_at: Option<Timestamp>,
}

/// Make a token useless.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevokeAccessToken {
    pub user: UserId,
    pub token_id: SessionId,
}

/// Whose a token is, by the SHA-256 of its secret: the edge asks, and sends no token on.
#[derive(Clone, Serialize, Deserialize)]
pub struct CheckAccessToken {
    pub user: UserId,
    pub sha256: [u8; 32],
}

/// What a token may do, and until when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckedAccessToken {
    /// As of a session: when it is revoked, `session.revoked` says so.
    pub token_id: SessionId,
    pub scopes: Vec<Scope>,
    pub expires_at: Timestamp,
}

impl Request for CreateAccessToken {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "create_access_token";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, TOO_MANY_ACCESS_TOKENS, TRY_AGAIN];
    type Answer = AccessTokenCreated;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportSecurityChange];
}

impl Query for ListAccessTokens {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "access_tokens";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN];
    type Answer = Vec<AccessTokenView>;
}

impl Request for RevokeAccessToken {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "revoke_access_token";
    const REJECTIONS: &'static [RejectionCode] = &[ACCESS_TOKEN_NOT_FOUND, TRY_AGAIN];
    type Answer = super::Accepted;
    const SENDS: &'static [CommandKind] = &[CommandKind::RevokeSession];
}

impl Query for CheckAccessToken {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "check_access_token";
    const REJECTIONS: &'static [RejectionCode] = &[UNKNOWN_ACCESS_TOKEN, TRY_AGAIN];
    type Answer = CheckedAccessToken;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_written_as_it_is_called() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
        }
    }
}
