//! Mails to people, and what their codes prove. What is written to whom is in the credential store alone: a message says that a mail
//! is to be sent, and never where to or which code is in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BUSY, TRY_AGAIN};
use crate::{
    CommandKind, MailId, RejectionCode, RejectionKind, Request, UserId, rejection::INVALID_BODY,
    user::TOO_MANY_FAILURES,
};

/// What a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// A code that proves that the address of the account is its owner's.
    VerifyEmail,
    /// A code that sets a new password.
    ResetPassword,
    /// A code, to the new address, that makes it the account's.
    ChangeEmail,
    /// To the old address: the account has another one now.
    EmailChanged,
    /// Somebody tried to sign up with the address, which has an account.
    AddressTaken,
}

impl MailKind {
    /// Whether it proves something.
    pub const fn has_code(self) -> bool {
        !matches!(self, Self::EmailChanged | Self::AddressTaken)
    }
}

/// How a mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailResult {
    Sent,
    /// There is no way to send mail here.
    NoChannel,
    /// It could not be sent for an hour: nobody waits for it any more.
    Expired,
}

/// What of an account was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityChange {
    /// By somebody who knew the one before.
    PasswordChanged,
    /// By somebody who got a mail.
    PasswordReset,
    EmailChanged,
    SecondFactorAdded,
    SecondFactorRemoved,
    /// A log-in used one up.
    RecoveryCodeUsed,
    AccessTokenCreated,
    PasskeyAdded,
    PasskeyRemoved,
    /// An account of another provider logs in to this one.
    ProviderLinked,
    ProviderUnlinked,
    /// By a moderator or an admin, who ended every session.
    Suspended,
    /// It may be logged in to again.
    Reinstated,
}

/// The mail was requested by nothing that is open.
pub const MAIL_NOT_OPEN: RejectionCode = RejectionCode::conflict("mail_not_open", "this mail is not waited for");
/// Whichever of these it is.
pub const INVALID_CODE: RejectionCode =
    RejectionCode::invalid("invalid_code", "this code is unknown, used or expired; ask for another");
/// Who asks is logged in, and does not know the password all the same.
pub const WRONG_PASSWORD: RejectionCode =
    RejectionCode::new(RejectionKind::Forbidden, "wrong_password", "this is not the present password");
pub const EMAIL_NOT_CHANGED: RejectionCode =
    RejectionCode::conflict("email_not_changed", "this address cannot be used; ask for a code for another one");

// Commands.

/// Announce that the credential store wants a mail to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestMail {
    pub request_id: MailId,
    pub kind: MailKind,
}

/// Report how a mail ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportMail {
    pub request_id: MailId,
    pub result: MailResult,
}

/// Announce that the address of an account was proven to be its owner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportVerifiedEmail {}

/// Announce that the credential store changed something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportSecurityChange {
    pub change: SecurityChange,
}

// Events.

/// A mail is to be sent. Its address, and the code that is made when it is written, are nobody's but the effect's that sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MailRequested {
    pub request_id: MailId,
    pub kind: MailKind,
}

/// A mail was sent, or will not be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MailSettled {
    pub request_id: MailId,
    pub result: MailResult,
}

/// The address of the account was proven to be its owner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EmailVerified {}

/// Something changed that decides who can log in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SecurityChanged {
    pub change: SecurityChange,
}

// Requests.

/// Send a code for a new password to this address, if it has an account. The answer is the same, and given before anybody
/// looks.
#[derive(Clone, Serialize, Deserialize)]
pub struct RequestPasswordReset {
    pub email: String,
}

/// Set a new password by a code. Ends every session, and opens none.
#[derive(Clone, Serialize, Deserialize)]
pub struct ResetPassword {
    pub code: String,
    pub password: String,
}

/// Set a new password by the present one. Ends every session, and opens none.
#[derive(Clone, Serialize, Deserialize)]
pub struct ChangePassword {
    pub user: UserId,
    pub present: String,
    pub password: String,
}

/// Send a code to the address of the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestEmailVerification {
    pub user: UserId,
}

/// Send a code to another address, which it makes the account's. The answer is the same if that has an account already.
#[derive(Clone, Serialize, Deserialize)]
pub struct RequestEmailChange {
    pub user: UserId,
    pub email: String,
    pub password: String,
}

/// Prove an address by the code that was sent to it: the account's, or the one that is to be. The latter ends every session.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConfirmEmail {
    pub code: String,
}

/// It was done, or is being done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {}

const SECURITY_CHANGES: &[CommandKind] =
    &[CommandKind::ReportSecurityChange, CommandKind::RevokeSession, CommandKind::RequestMail];

impl Request for RequestPasswordReset {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "request_password_reset";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, TRY_AGAIN];
    type Answer = Accepted;
    const SENDS: &'static [CommandKind] = &[CommandKind::RequestMail];
}

impl Request for ResetPassword {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "reset_password";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, INVALID_CODE, BUSY, TRY_AGAIN];
    type Answer = Accepted;
    const SENDS: &'static [CommandKind] = SECURITY_CHANGES;
}

impl Request for ChangePassword {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "change_password";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, WRONG_PASSWORD, TOO_MANY_FAILURES, BUSY, TRY_AGAIN];
    type Answer = Accepted;
    const SENDS: &'static [CommandKind] = SECURITY_CHANGES;
}

impl Request for RequestEmailVerification {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "request_email_verification";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN];
    type Answer = Accepted;
    const SENDS: &'static [CommandKind] = &[CommandKind::RequestMail];
}

impl Request for RequestEmailChange {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "request_email_change";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, WRONG_PASSWORD, TOO_MANY_FAILURES, BUSY, TRY_AGAIN];
    type Answer = Accepted;
    const SENDS: &'static [CommandKind] = &[CommandKind::RequestMail];
}

impl Request for ConfirmEmail {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "confirm_email";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, INVALID_CODE, EMAIL_NOT_CHANGED, TRY_AGAIN];
    type Answer = Accepted;
    const SENDS: &'static [CommandKind] = &[
        CommandKind::ReportVerifiedEmail,
        CommandKind::ReportSecurityChange,
        CommandKind::RevokeSession,
        CommandKind::RequestMail,
    ];
}
