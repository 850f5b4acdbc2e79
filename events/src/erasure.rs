//! The end of an account: asked for, put off or undone, then final. What remains of a person is that they were erased.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Query, RejectionCode, RejectionKind, Request, UserId,
    user::{BUSY, TOO_MANY_FAILURES, TRY_AGAIN, WRONG_PASSWORD},
};

// Rejections.

/// Of any command about somebody who was erased.
pub const ERASED: RejectionCode =
    RejectionCode::new(RejectionKind::Gone, "erased", "this account was erased; nothing of it is left");
pub const NO_ERASURE: RejectionCode =
    RejectionCode::conflict("no_erasure", "no erasure of this account is under way that could be cancelled");
pub const ERASURE_NOT_FOUND: RejectionCode =
    RejectionCode::not_found("erasure_not_found", "no account of this id was erased");

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureStage {
    /// It can be cancelled until it is due.
    Requested,
    Cancelled,
    /// It is final, and under way.
    Erased,
    /// Nothing of the account is left.
    Completed,
}

// Commands.

/// Erase my account and all that there is of me.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestErasure {
    /// Now, which cannot be undone; otherwise in seven days.
    pub at_once: bool,
}

/// Keep my account after all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CancelErasure {}

/// Report that no table has rows of an erased person, and how many events there are still.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportTablesErased {
    pub events: u64,
}

/// Report that no stream has messages of an erased person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportMessagesErased {}

/// The result of asking for an erasure, or of cancelling it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErasureSaved {
    /// It is the id of the receipt, too.
    pub user_id: UserId,
    pub stage: ErasureStage,
    /// Until when it can be cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub due_at: Option<Timestamp>,
}

// Events.

/// A person wants to be erased.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErasureRequested {
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
}

/// A person wants to stay after all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErasureCancelled {}

/// A person is erased: the tombstone. Every service deletes its rows about them, and knows nobody of that id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UserErased {}

/// No table has rows of an erased person. So many events are to be removed from the history, which then lacks as many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErasurePrepared {
    pub events: u64,
}

/// Nothing of an erased person is left: the receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErasureCompleted {}

// Requests and queries.

/// Show that whoever uses a session knows the password.
#[derive(Clone, Serialize, Deserialize)]
pub struct Reauthenticate {
    pub user: UserId,
    pub password: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reauthenticated {}

impl Request for Reauthenticate {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "reauthenticate";
    const REJECTIONS: &'static [RejectionCode] = &[WRONG_PASSWORD, TOO_MANY_FAILURES, BUSY, TRY_AGAIN];
    type Answer = Reauthenticated;
}

/// What became of an erasure; anybody who has the id may ask.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetErasure {
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErasureView {
    pub user_id: UserId,
    pub stage: ErasureStage,
    /// When it is due, or when it became final.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub erased_at: Timestamp,
    /// When nothing was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub completed_at: Option<Timestamp>,
    /// How many events were removed from the history.
    pub events: u64,
}

impl Query for GetErasure {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "erasure";
    const REJECTIONS: &'static [RejectionCode] = &[ERASURE_NOT_FOUND];
    type Answer = ErasureView;
}
