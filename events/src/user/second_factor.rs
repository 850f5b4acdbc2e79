//! A second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when that is lost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BUSY, INVALID_CODE, TOO_MANY_FAILURES, TRY_AGAIN, WRONG_PASSWORD};
use crate::{CommandKind, RejectionCode, RejectionKind, Request, UserId};

/// The password was right; a code is needed, too.
pub const SECOND_FACTOR_REQUIRED: RejectionCode = RejectionCode::new(
    RejectionKind::Unauthorized,
    "second_factor_required",
    "send a code of the authenticator app, or a recovery code, as `code`",
);
/// It is wrong, or was used.
pub const WRONG_SECOND_FACTOR: RejectionCode = RejectionCode::new(
    RejectionKind::Unauthorized,
    "wrong_second_factor",
    "this code is wrong or was used already; send the next one",
);
pub const SECOND_FACTOR_EXISTS: RejectionCode =
    RejectionCode::conflict("second_factor_exists", "there is an authenticator app already; remove it first");
pub const NO_SECOND_FACTOR: RejectionCode =
    RejectionCode::not_found("no_second_factor", "there is no authenticator app to confirm or remove");

/// Begin to use an authenticator app. It is needed once it is confirmed.
#[derive(Clone, Serialize, Deserialize)]
pub struct EnrolTotp {
    pub user: UserId,
    pub password: String,
}

/// What an authenticator app needs. It is shown once.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct TotpEnrolment {
    /// In Base32, to be typed.
    pub secret: String,
    /// The same as `otpauth://…`, to be shown as a QR code.
    pub url: String,
}

/// Confirm that the app gives the right codes.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConfirmTotp {
    pub user: UserId,
    pub code: String,
}

/// Each logs in once, instead of a code of the app. They are shown once.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}

/// Log in without a second factor from now on.
#[derive(Clone, Serialize, Deserialize)]
pub struct RemoveTotp {
    pub user: UserId,
    pub password: String,
}

impl Request for EnrolTotp {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "enrol_totp";
    const REJECTIONS: &'static [RejectionCode] =
        &[WRONG_PASSWORD, TOO_MANY_FAILURES, SECOND_FACTOR_EXISTS, BUSY, TRY_AGAIN];
    type Answer = TotpEnrolment;
}

impl Request for ConfirmTotp {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "confirm_totp";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_CODE, NO_SECOND_FACTOR, SECOND_FACTOR_EXISTS, TRY_AGAIN];
    type Answer = RecoveryCodes;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportSecurityChange];
}

impl Request for RemoveTotp {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "remove_totp";
    const REJECTIONS: &'static [RejectionCode] =
        &[WRONG_PASSWORD, TOO_MANY_FAILURES, NO_SECOND_FACTOR, BUSY, TRY_AGAIN];
    type Answer = super::Accepted;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportSecurityChange];
}
