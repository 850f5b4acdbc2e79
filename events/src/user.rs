//! The user service: accounts and sessions. No credentials or personal data enter a stream: sign-up, log-in, refresh and
//! log-out are request/reply only.

mod access_tokens;
mod mail;
mod oidc;
mod passkeys;
mod second_factor;
mod sessions;
mod sign_in;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    CommandKind, Query, RejectionCode, RejectionKind, Request, SessionId, UserId,
    administration::{Role, SUSPENDED},
    profile::{About, Called},
    rejection::INVALID_BODY,
};

pub use self::access_tokens::{
    ACCESS_TOKEN_NOT_FOUND, ACCESS_TOKEN_PREFIX, AccessTokenCreated, AccessTokenView, CheckAccessToken,
    CheckedAccessToken, CreateAccessToken, ListAccessTokens, RevokeAccessToken, Scope, TOO_MANY_ACCESS_TOKENS,
    UNKNOWN_ACCESS_TOKEN,
};
pub use self::mail::{
    Accepted, ChangePassword, ConfirmEmail, EMAIL_NOT_CHANGED, EmailVerified, INVALID_CODE, MAIL_NOT_OPEN, MailKind,
    MailRequested, MailResult, MailSettled, ReportMail, ReportSecurityChange, ReportVerifiedEmail, RequestEmailChange,
    RequestEmailVerification, RequestMail, RequestPasswordReset, ResetPassword, SecurityChange, SecurityChanged,
    WRONG_PASSWORD,
};
pub use self::oidc::{
    ALREADY_LINKED, AddLink, INVALID_PROVIDER_ANSWER, LINK_NOT_FOUND, LinkView, ListLinks, ListProviders,
    LogInWithProvider, PROVIDER_EMAIL_TAKEN, PROVIDER_UNAVAILABLE, ProveProviderAccount, ProvenAccount, ProviderAnswer,
    ProviderStart, ProviderView, RemoveLink, StartLink, StartProviderLogIn, UNKNOWN_PROVIDER,
    UNVERIFIED_PROVIDER_EMAIL,
};
pub use self::passkeys::{
    AddPasskey, INVALID_PASSKEY, ListPasskeys, LogInWithPasskey, MAX_PASSKEYS, NO_PASSKEYS_HERE, PASSKEY_EXISTS,
    PASSKEY_NOT_FOUND, PasskeyOptions, PasskeyView, PreparePasskey, PreparePasskeyLogIn, RemovePasskey,
    TOO_MANY_PASSKEYS, WRONG_PASSKEY,
};
pub use self::second_factor::{
    ConfirmTotp, EnrolTotp, NO_SECOND_FACTOR, RecoveryCodes, RemoveTotp, SECOND_FACTOR_EXISTS, SECOND_FACTOR_REQUIRED,
    TotpEnrolment, WRONG_SECOND_FACTOR,
};
pub use self::sessions::{
    Device, EndSessions, ListSessions, SESSION_NOT_FOUND, SessionView, SessionsEnded, WhichSessions,
};
pub use self::sign_in::{ReportFailedSignIn, ReportSignIn, SignInFailed, SignedIn, TOO_MANY_FAILURES};

/// BCP 47 language tag, `de-DE`: 2 to 35 of letters, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Za-z0-9-]{2,35}$"))]
pub struct Locale(String);

impl TryFrom<String> for Locale {
    type Error = &'static str;
    fn try_from(tag: String) -> Result<Self, Self::Error> {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if (2..=35).contains(&tag.len()) && tag.chars().all(valid) {
            Ok(Self(tag))
        } else {
            Err("a locale must be a BCP 47 tag such as en or de-DE")
        }
    }
}
impl From<Locale> for String {
    fn from(locale: Locale) -> Self {
        locale.0
    }
}
impl Default for Locale {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

/// IANA time zone, `Europe/Berlin`. The format is checked here, its existence at the edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Za-z0-9/_+-]{1,64}$"))]
pub struct TimeZoneName(String);

impl TimeZoneName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for TimeZoneName {
    type Error = &'static str;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        let valid = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        if (1..=64).contains(&name.len()) && name.chars().all(valid) {
            Ok(Self(name))
        } else {
            Err("a time zone must be an IANA name such as Europe/Berlin")
        }
    }
}
impl From<TimeZoneName> for String {
    fn from(name: TimeZoneName) -> Self {
        name.0
    }
}
impl Default for TimeZoneName {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

// Rejections.

pub const ALREADY_REGISTERED: RejectionCode =
    RejectionCode::conflict("already_registered", "this account is already registered; log in");
/// The e-mail has an account; said to operators alone.
pub const EMAIL_TAKEN: RejectionCode =
    RejectionCode::conflict("email_taken", "this e-mail address already has an account; log in instead");
/// Whichever of the two is wrong.
pub const WRONG_CREDENTIALS: RejectionCode =
    RejectionCode::new(RejectionKind::Unauthorized, "wrong_credentials", "wrong e-mail address or password");
/// A sign-up stopped half-way.
pub const REGISTRATION_UNFINISHED: RejectionCode = RejectionCode::conflict(
    "registration_unfinished",
    "this sign-up was not finished; sign up again with the same password",
);
pub const INVALID_REFRESH_TOKEN: RejectionCode =
    RejectionCode::new(RejectionKind::Unauthorized, "invalid_refresh_token", "invalid refresh token; log in again");
/// More passwords wait to be hashed than can be soon.
pub const BUSY: RejectionCode =
    RejectionCode::new(RejectionKind::TooMany, "busy", "too many people are logging in; try again in a moment");
pub const TRY_AGAIN: RejectionCode = RejectionCode::new(
    RejectionKind::Unavailable,
    "try_again",
    "this cannot be completed right now; try again in a moment",
);
pub const USER_NOT_FOUND: RejectionCode = RejectionCode::not_found("user_not_found", "there is no such account");

// Commands.

/// Activate a prepared account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegisterUser {
    #[serde(default)]
    pub locale: Locale,
    #[serde(default)]
    pub time_zone: TimeZoneName,
}

/// Announce that the credential store ended a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RevokeSession {
    pub session_id: SessionId,
    pub reason: RevocationReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    LogOut,
    /// A refresh token was used again after its successor was, or too late: somebody else has it.
    TokenReuse,
    /// Its owner ended it from the list of sessions.
    Ended,
    /// The password or the address of the account is another one now.
    CredentialsChanged,
    /// A moderator or an admin ended it.
    Administration,
}

/// The result of registering: the same for an address that has an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Registered {}

// Events.

/// An account was created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UserRegistered {
    pub locale: Locale,
    pub time_zone: TimeZoneName,
}

/// The access tokens of this session are revoked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionRevoked {
    pub session_id: SessionId,
    pub reason: RevocationReason,
}

// Requests and queries. Those that carry a secret are never logged.

/// Hash and store a new credential under a unique e-mail address. The same address again replaces the password before
/// registration. After it, the right password makes it a repeated sign-up, whose command finds the outcome of the first; with another
/// one the account is somebody's, who is told of it by mail, and whoever asks is not.
#[derive(Clone, Serialize, Deserialize)]
pub struct PrepareSignUp {
    pub email: String,
    pub password: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Prepared {
    pub user_id: UserId,
    /// Whether it is the account of somebody else: to be answered as if it were new.
    pub is_taken: bool,
}

impl Request for PrepareSignUp {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "prepare";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, BUSY, TRY_AGAIN];
    type Answer = Prepared;
}

/// Exchange an e-mail and a password for a session.
#[derive(Clone, Serialize, Deserialize)]
pub struct LogIn {
    pub email: String,
    pub password: String,
    #[serde(default)]
    pub device: Option<Device>,
    /// Of the authenticator app, or a recovery code, where the account has one.
    #[serde(default)]
    pub code: Option<String>,
}

/// A session's tokens.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    pub user_id: UserId,
    /// EdDSA JWT for `Authorization: Bearer`.
    pub access_token: String,
    /// `Bearer`
    pub token_type: String,
    /// Seconds until the access token expires: 600.
    pub expires_in: u32,
    /// Replaced by the next one when it is used; for 10 s after that it gives the same one again, since an answer can be
    /// lost. Valid for 30 days.
    pub refresh_token: String,
}

/// The claims of an access token: the payload of a JWT whose header has `typ: at+jwt`, `alg: EdDSA` and a `kid` of the JWKS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// [`AccessClaims::ISSUER`]
    pub iss: String,
    /// [`AccessClaims::AUDIENCE`]
    pub aud: String,
    pub sub: UserId,
    pub sid: SessionId,
    /// Of this token alone.
    pub jti: Uuid,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970; [`AccessClaims::LIFETIME`] after `iat`.
    pub exp: i64,
    pub typ: TokenUse,
}

impl AccessClaims {
    pub const ISSUER: &str = "plyo";
    /// Whom it is for: the API.
    pub const AUDIENCE: &str = "plyo-api";
    /// What the header says it is (RFC 9068), so that no other kind of JWT passes for one.
    pub const TYPE: &str = "at+jwt";
    /// Seconds that an access token is valid.
    pub const LIFETIME: u32 = 600;
}

/// The purpose of a token; any other value is rejected when a token is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenUse {
    Access,
}

impl Request for LogIn {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "login";
    const REJECTIONS: &'static [RejectionCode] = &[
        INVALID_BODY,
        WRONG_CREDENTIALS,
        SECOND_FACTOR_REQUIRED,
        WRONG_SECOND_FACTOR,
        REGISTRATION_UNFINISHED,
        SUSPENDED,
        TOO_MANY_FAILURES,
        BUSY,
        TRY_AGAIN,
    ];
    type Answer = Tokens;
    const SENDS: &'static [CommandKind] = &[
        CommandKind::ReportSignIn,
        CommandKind::ReportFailedSignIn,
        CommandKind::ReportSecurityChange,
        CommandKind::RequestMail,
    ];
}

/// Exchange a refresh token for the next. The one before the current one gives it again within 10 s; any other that was used
/// ends the whole session.
#[derive(Clone, Serialize, Deserialize)]
pub struct Refresh {
    pub refresh_token: String,
}

impl Request for Refresh {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "refresh";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_REFRESH_TOKEN, TRY_AGAIN];
    type Answer = Tokens;
    const SENDS: &'static [CommandKind] = &[CommandKind::RevokeSession];
}

/// End the session of this refresh token. An unknown token gets the same answer.
#[derive(Clone, Serialize, Deserialize)]
pub struct LogOut {
    pub refresh_token: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoggedOut {}

impl Request for LogOut {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "logout";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN];
    type Answer = LoggedOut;
    const SENDS: &'static [CommandKind] = &[CommandKind::RevokeSession];
}

/// Who am I?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Me {
    pub user: UserId,
}

/// A person as the tables know them.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub registered_at: Timestamp,
    /// 1 until it is changed.
    pub revision: u32,
    pub called: Called,
    pub about: About,
    pub roles: Vec<Role>,
    pub is_suspended: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeView {
    pub user_id: UserId,
    pub email: String,
    /// It was proven to be this person's.
    #[serde(default)]
    pub email_verified: bool,
    /// A log-in needs a code of an authenticator app.
    #[serde(default)]
    pub second_factor: bool,
    /// What this person may do besides using the platform.
    #[serde(default)]
    pub roles: Vec<Role>,
    pub locale: Locale,
    pub time_zone: TimeZoneName,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub registered_at: Timestamp,
}

impl Query for Me {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "me";
    const REJECTIONS: &'static [RejectionCode] = &[USER_NOT_FOUND, TRY_AGAIN];
    type Answer = MeView;
}

/// The public keys that verify access tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Jwks {}

impl Query for Jwks {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "jwks";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN];
    /// A JSON Web Key Set (RFC 7517).
    type Answer = serde_json::Value;
}
