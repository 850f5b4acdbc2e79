//! What is asked about accounts and acts. Whether who asks may know is the edge's to decide, by [`GetStanding`].

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Role, SuspensionReason};
use crate::{
    CommandKind, EventId, Query, RejectionCode, Request, SessionId, UserId,
    profile::{Called, Handle},
    query::Page,
    rejection::INVALID_CURSOR,
    user::{
        Accepted, NO_SECOND_FACTOR, SECOND_FACTOR_REQUIRED, TOO_MANY_FAILURES, TRY_AGAIN, USER_NOT_FOUND,
        WRONG_SECOND_FACTOR,
    },
};

/// What somebody may do in one of their sessions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetStanding {
    pub user: UserId,
    pub session: SessionId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub roles: Vec<Role>,
    /// A second factor was shown in this session within [`Standing::RECENT_MINUTES`], and the account has it still.
    pub has_recent_second_factor: bool,
}

impl Standing {
    pub const RECENT_MINUTES: i32 = 15;
}

impl Query for GetStanding {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "standing";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN];
    type Answer = Standing;
}

/// Show a second factor again in a session. A wrong one counts as a log-in that failed.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProveSecondFactor {
    pub user: UserId,
    pub session: SessionId,
    /// Of the authenticator app, or a recovery code.
    pub code: String,
}

impl Request for ProveSecondFactor {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "prove_second_factor";
    const REJECTIONS: &'static [RejectionCode] =
        &[NO_SECOND_FACTOR, SECOND_FACTOR_REQUIRED, WRONG_SECOND_FACTOR, TOO_MANY_FAILURES, TRY_AGAIN];
    type Answer = Accepted;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportFailedSignIn, CommandKind::ReportSecurityChange];
}

/// All accounts, the newest first, or those of a role, those that are suspended or not, the one with a handle.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ListAccounts {
    pub role: Option<Role>,
    pub suspended: Option<bool>,
    pub handle: Option<Handle>,
    pub cursor: Option<String>,
    pub limit: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountView {
    pub user_id: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub registered_at: Timestamp,
    pub roles: Vec<Role>,
    /// Absent unless it is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspension: Option<SuspensionView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuspensionView {
    pub reason: SuspensionReason,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
}

/// Which accounts the tables are asked for, the newest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct WhichAccounts {
    pub only: Option<UserId>,
    pub role: Option<Role>,
    pub suspended: Option<bool>,
    /// Those that are older than this one.
    pub before: Option<UserId>,
    pub limit: u32,
}

/// An account as the tables know it: without its handle, of which they have the id.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub view: AccountView,
    pub called: Called,
}

impl Query for ListAccounts {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "accounts";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_CURSOR, TRY_AGAIN];
    type Answer = Page<AccountView>;
}

/// One account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetAccount {
    pub user_id: UserId,
}

impl Query for GetAccount {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "account";
    const REJECTIONS: &'static [RejectionCode] = &[USER_NOT_FOUND, TRY_AGAIN];
    type Answer = AccountView;
}

/// The audit log, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListActs {
    pub cursor: Option<String>,
    pub limit: u32,
}

/// Who did what to whom, when and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActView {
    /// The id of its event.
    pub act_id: EventId,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// Absent where an operator did it at the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    pub user_id: UserId,
    pub act: Act,
    /// How many sessions and access tokens ended by it. Absent where none were to end, or have not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<u32>,
}

impl Query for ListActs {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "acts";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_CURSOR];
    type Answer = Page<ActView>;
}
