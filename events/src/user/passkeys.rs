//! Passkeys (WebAuthn): keys that a person's device keeps and uses only once it has recognised them. One logs in without a
//! password, and counts as a second factor besides. Options and credentials are the JSON of WebAuthn, as browsers write and read
//! it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Accepted, BUSY, Device, REGISTRATION_UNFINISHED, TOO_MANY_FAILURES, TRY_AGAIN, Tokens, WRONG_PASSWORD};
use crate::{
    CommandKind, PasskeyId, Query, RejectionCode, RejectionKind, Request, UserId, administration::SUSPENDED,
    rejection::INVALID_BODY,
};

/// The most that somebody has.
pub const MAX_PASSKEYS: u32 = 20;

pub const PASSKEY_NOT_FOUND: RejectionCode = RejectionCode::not_found("passkey_not_found", "there is no such passkey");
pub const TOO_MANY_PASSKEYS: RejectionCode =
    RejectionCode::conflict("too_many_passkeys", "there are 20 passkeys already; remove one first");
/// It has an account, be it this one.
pub const PASSKEY_EXISTS: RejectionCode =
    RejectionCode::conflict("passkey_exists", "this passkey is registered already");
/// Whichever of these it is.
pub const INVALID_PASSKEY: RejectionCode = RejectionCode::invalid(
    "invalid_passkey",
    "this does not answer options that were given here, or they were used or are older than 5 minutes; ask for others",
);
/// Whichever of these it is.
pub const WRONG_PASSKEY: RejectionCode = RejectionCode::new(
    RejectionKind::Unauthorized,
    "wrong_passkey",
    "this passkey is unknown here, or its answer is wrong or came too late; ask for other options",
);
/// Passkeys are bound to a domain.
pub const NO_PASSKEYS_HERE: RejectionCode = RejectionCode::conflict(
    "no_passkeys_here",
    "there are no passkeys here: the public URL of this platform names no domain",
);

/// What the device is to sign, as `PublicKeyCredential.parseCreationOptionsFromJSON` or `.parseRequestOptionsFromJSON` reads it.
pub type PasskeyOptions = Map<String, Value>;

/// Ask for the options of a new passkey.
#[derive(Clone, Serialize, Deserialize)]
pub struct PreparePasskey {
    pub user: UserId,
    pub password: String,
}

/// Keep a passkey that was made by such options. `name` is what its owner calls it, 1 to 64 characters.
#[derive(Clone, Serialize, Deserialize)]
pub struct AddPasskey {
    pub user: UserId,
    pub name: String,
    /// `PublicKeyCredential.toJSON()`
    pub credential: Map<String, Value>,
}

/// The passkeys of a user, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListPasskeys {
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PasskeyView {
    pub passkey_id: PasskeyId,
    pub name: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub created_at: Timestamp,
    /// When it last logged in. Absent if it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_used_at: Option<Timestamp>,
}

/// Log in with this passkey no more.
#[derive(Clone, Serialize, Deserialize)]
pub struct RemovePasskey {
    pub user: UserId,
    pub passkey_id: PasskeyId,
    pub password: String,
}

/// Ask for the options of a log-in, whoever it will be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PreparePasskeyLogIn {}

/// Exchange what a passkey signed for a session.
#[derive(Clone, Serialize, Deserialize)]
pub struct LogInWithPasskey {
    /// `PublicKeyCredential.toJSON()`
    pub credential: Map<String, Value>,
    #[serde(default)]
    pub device: Option<Device>,
}

impl Request for PreparePasskey {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "prepare_passkey";
    const REJECTIONS: &'static [RejectionCode] =
        &[WRONG_PASSWORD, TOO_MANY_FAILURES, TOO_MANY_PASSKEYS, NO_PASSKEYS_HERE, BUSY, TRY_AGAIN];
    type Answer = PasskeyOptions;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportFailedSignIn];
}

impl Request for AddPasskey {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "add_passkey";
    const REJECTIONS: &'static [RejectionCode] =
        &[INVALID_BODY, INVALID_PASSKEY, PASSKEY_EXISTS, TOO_MANY_PASSKEYS, NO_PASSKEYS_HERE, TRY_AGAIN];
    type Answer = PasskeyView;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportSecurityChange];
}

impl Query for ListPasskeys {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "passkeys";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN];
    type Answer = Vec<PasskeyView>;
}

impl Request for RemovePasskey {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "remove_passkey";
    const REJECTIONS: &'static [RejectionCode] =
        &[WRONG_PASSWORD, TOO_MANY_FAILURES, PASSKEY_NOT_FOUND, BUSY, TRY_AGAIN];
    type Answer = Accepted;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportFailedSignIn, CommandKind::ReportSecurityChange];
}

impl Request for PreparePasskeyLogIn {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "prepare_passkey_login";
    const REJECTIONS: &'static [RejectionCode] = &[NO_PASSKEYS_HERE, TRY_AGAIN];
    type Answer = PasskeyOptions;
}

impl Request for LogInWithPasskey {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "passkey_login";
    const REJECTIONS: &'static [RejectionCode] = &[
        INVALID_PASSKEY,
        WRONG_PASSKEY,
        REGISTRATION_UNFINISHED,
        SUSPENDED,
        TOO_MANY_FAILURES,
        NO_PASSKEYS_HERE,
        TRY_AGAIN,
    ];
    type Answer = Tokens;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportSignIn, CommandKind::ReportFailedSignIn];
}
