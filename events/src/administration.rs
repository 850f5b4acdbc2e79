//! Administration: who has which role, who is suspended, and who did what about it to whom.
//!
//! Every message of it is about the staff of an installation rather than about a user. So all of it is decided in one order, by one
//! lane: of two admins who withdraw each other's role at the same moment, one stays. The audit log is these events, and outlives the
//! accounts that they name.

mod queries;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Aggregate, EventId, RejectionCode, RejectionKind, SessionId, Subject, UserId};

pub use self::queries::{
    Account, AccountView, ActView, GetAccount, GetStanding, ListAccounts, ListActs, ProveSecondFactor, Standing,
    SuspensionView, WhichAccounts,
};

/// The staff of this installation: there is one.
pub const STAFF: Subject = Subject::Aggregate(Aggregate::Staff, Uuid::nil());

/// What somebody may do besides using the platform, which everybody may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Coaches others.
    Coach,
    /// Sees accounts, suspends and reinstates them, and logs them out.
    Moderator,
    /// Besides what moderators do, gives and takes roles, and reads the audit log.
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Coach, Self::Moderator, Self::Admin];

    /// `admin`
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coach => "coach",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    /// Whether whoever has these roles may do what needs this one: an admin does what a moderator does.
    pub fn is_among(self, roles: &[Self]) -> bool {
        roles.contains(&self) || (self == Self::Moderator && roles.contains(&Self::Admin))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleChange {
    Granted,
    Withdrawn,
}

/// Why an account is suspended: one of these rather than a text, which could name somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionReason {
    Spam,
    Harassment,
    Impersonation,
    /// Unlawful or otherwise unacceptable content.
    Content,
    /// Somebody else seems to have it.
    Compromised,
    /// Its owner asked for it.
    Requested,
    Other,
}

// Rejections.

/// Who asks has no longer the role that it takes.
pub const ROLE_REQUIRED: RejectionCode =
    RejectionCode::new(RejectionKind::Forbidden, "role_required", "this takes a role that you do not have");
pub const LAST_ADMIN: RejectionCode =
    RejectionCode::conflict("last_admin", "nobody else is an admin; make somebody else one first");
pub const NOT_YOURSELF: RejectionCode =
    RejectionCode::conflict("not_yourself", "nobody suspends themselves; ask another moderator or admin");
pub const IS_STAFF: RejectionCode =
    RejectionCode::conflict("is_staff", "this is a moderator or an admin; withdraw that role first");
/// Of an account that is to get a role.
pub const ACCOUNT_SUSPENDED: RejectionCode =
    RejectionCode::conflict("account_suspended", "this account is suspended; reinstate it first");
/// To whoever logs in with the right password.
pub const SUSPENDED: RejectionCode =
    RejectionCode::new(RejectionKind::Forbidden, "suspended", "this account is suspended");
pub const LOG_OUT_NOT_OPEN: RejectionCode =
    RejectionCode::conflict("log_out_not_open", "nobody asked for this log-out, or it is done already");

pub(crate) const CHANGE_ROLE_REJECTIONS: [RejectionCode; 3] = [ROLE_REQUIRED, LAST_ADMIN, ACCOUNT_SUSPENDED];
pub(crate) const SUSPEND_REJECTIONS: [RejectionCode; 3] = [ROLE_REQUIRED, NOT_YOURSELF, IS_STAFF];

// Commands. `by` is who gave it; an operator at the command line is nobody.

/// Give somebody a role, or take it. One that they have, or do not have, already is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeRole {
    pub user_id: UserId,
    pub role: Role,
    pub change: RoleChange,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// End all sessions of an account and let it log in no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuspendUser {
    pub user_id: UserId,
    pub reason: SuspensionReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// Let a suspended account log in again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReinstateUser {
    pub user_id: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// End all sessions of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForceLogOut {
    pub user_id: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// Report that the credential store ended the sessions and access tokens of an account, as an act asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportLogOut {
    pub user_id: UserId,
    pub act_id: EventId,
    /// Those whose end is still to be told of.
    pub session_ids: Vec<SessionId>,
}

// Events.

/// Somebody has a role now, or has it no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoleChanged {
    pub user_id: UserId,
    pub role: Role,
    pub change: RoleChange,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// An account was suspended: its sessions and access tokens are to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UserSuspended {
    pub user_id: UserId,
    pub reason: SuspensionReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// A suspended account may log in again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UserReinstated {
    pub user_id: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// The sessions and access tokens of an account are to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogOutForced {
    pub user_id: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// The sessions and access tokens that an act asked to end have ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UserLoggedOut {
    pub user_id: UserId,
    pub act_id: EventId,
    pub ended: u32,
}

/// What somebody did to somebody's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Act {
    RoleGranted { role: Role },
    RoleWithdrawn { role: Role },
    Suspended { reason: SuspensionReason },
    Reinstated {},
    LogOutForced {},
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_written_as_it_is_called_and_an_admin_is_a_moderator() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
            assert_eq!(role.is_among(&[Role::Admin]), role != Role::Coach);
            assert_eq!(role.is_among(&[Role::Moderator]), role == Role::Moderator);
        }
    }
}
