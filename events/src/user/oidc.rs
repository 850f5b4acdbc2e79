//! Log-ins with other providers (OpenID Connect). Which there are, the operator says. A client asks for a start, sends the person to
//! its URL, and brings back what the provider adds to the redirect URI: `state` and `code`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Accepted, BUSY, Device, REGISTRATION_UNFINISHED, SECOND_FACTOR_REQUIRED, TOO_MANY_FAILURES, TRY_AGAIN, Tokens,
    WRONG_PASSWORD, WRONG_SECOND_FACTOR,
};
use crate::{CommandKind, LinkId, Query, RejectionCode, RejectionKind, Request, UserId, administration::SUSPENDED};

pub const UNKNOWN_PROVIDER: RejectionCode =
    RejectionCode::not_found("unknown_provider", "there is no such provider; GET /auth/oidc lists them");
pub const PROVIDER_UNAVAILABLE: RejectionCode = RejectionCode::new(
    RejectionKind::Unavailable,
    "provider_unavailable",
    "the provider does not answer as it should; try again in a moment",
);
/// Whichever of these it is.
pub const INVALID_PROVIDER_ANSWER: RejectionCode = RejectionCode::invalid(
    "invalid_provider_answer",
    "this answers no start that was made here, or it was used or is older than 10 minutes; start again",
);
pub const UNVERIFIED_PROVIDER_EMAIL: RejectionCode = RejectionCode::new(
    RejectionKind::Forbidden,
    "unverified_provider_email",
    "the provider does not say that an e-mail address is yours; sign up with a password and link it",
);
/// Nobody's account is taken over by an address.
pub const PROVIDER_EMAIL_TAKEN: RejectionCode = RejectionCode::conflict(
    "provider_email_taken",
    "this e-mail address has an account already; log in to it and link the provider",
);
/// By another account, or by this one.
pub const ALREADY_LINKED: RejectionCode =
    RejectionCode::conflict("already_linked", "this account of the provider is linked already");
pub const LINK_NOT_FOUND: RejectionCode = RejectionCode::not_found("link_not_found", "there is no such link");

/// The providers that somebody can log in with here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListProviders {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderView {
    /// As paths have it: `google`.
    pub provider: String,
    /// As people are shown it: `Google`.
    pub name: String,
}

/// Start a log-in with a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartProviderLogIn {
    pub provider: String,
}

/// Start to link an account of a provider.
#[derive(Clone, Serialize, Deserialize)]
pub struct StartLink {
    pub user: UserId,
    pub provider: String,
    pub password: String,
}

/// Where the person is to go, and what the client keeps meanwhile.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProviderStart {
    pub url: String,
    /// To be sent with what the provider answers: so nobody can have another person finish what they started.
    pub secret: String,
}

/// What came back from a provider.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProviderAnswer {
    pub provider: String,
    pub code: String,
    pub state: String,
    /// Of the [`ProviderStart`].
    pub secret: String,
}

/// Find out whose account it is, and make one where it is nobody's. It is asked before somebody is logged in, since an account
/// that is new has yet to be registered. Asked again, it answers the same until that is done.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProveProviderAccount {
    pub answer: ProviderAnswer,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProvenAccount {
    pub user_id: UserId,
    pub is_registered: bool,
}

/// Exchange what was proven for a session.
#[derive(Clone, Serialize, Deserialize)]
pub struct LogInWithProvider {
    pub state: String,
    pub secret: String,
    #[serde(default)]
    pub device: Option<Device>,
    /// Of the authenticator app, or a recovery code, where the account has one.
    #[serde(default)]
    pub second_factor: Option<String>,
}

/// Link the account of a provider, so that it logs in to this one.
#[derive(Clone, Serialize, Deserialize)]
pub struct AddLink {
    pub user: UserId,
    pub answer: ProviderAnswer,
}

/// The accounts of providers that log in to this one, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListLinks {
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkView {
    pub link_id: LinkId,
    pub provider: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub created_at: Timestamp,
    /// When somebody last came from there. Absent if nobody did yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_used_at: Option<Timestamp>,
}

/// Log in with that account of a provider no more.
#[derive(Clone, Serialize, Deserialize)]
pub struct RemoveLink {
    pub user: UserId,
    pub link_id: LinkId,
    pub password: String,
}

impl Query for ListProviders {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "providers";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN];
    type Answer = Vec<ProviderView>;
}

impl Request for StartProviderLogIn {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "start_provider_login";
    const REJECTIONS: &'static [RejectionCode] = &[UNKNOWN_PROVIDER, PROVIDER_UNAVAILABLE, TRY_AGAIN];
    type Answer = ProviderStart;
}

impl Request for StartLink {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "start_link";
    const REJECTIONS: &'static [RejectionCode] =
        &[UNKNOWN_PROVIDER, PROVIDER_UNAVAILABLE, WRONG_PASSWORD, TOO_MANY_FAILURES, BUSY, TRY_AGAIN];
    type Answer = ProviderStart;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportFailedSignIn];
}

impl Request for ProveProviderAccount {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "prove_provider_account";
    const REJECTIONS: &'static [RejectionCode] = &[
        UNKNOWN_PROVIDER,
        PROVIDER_UNAVAILABLE,
        INVALID_PROVIDER_ANSWER,
        UNVERIFIED_PROVIDER_EMAIL,
        PROVIDER_EMAIL_TAKEN,
        BUSY,
        TRY_AGAIN,
    ];
    type Answer = ProvenAccount;
}

impl Request for LogInWithProvider {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "provider_login";
    const REJECTIONS: &'static [RejectionCode] = &[
        INVALID_PROVIDER_ANSWER,
        SECOND_FACTOR_REQUIRED,
        WRONG_SECOND_FACTOR,
        REGISTRATION_UNFINISHED,
        SUSPENDED,
        TOO_MANY_FAILURES,
        TRY_AGAIN,
    ];
    type Answer = Tokens;
    const SENDS: &'static [CommandKind] = &[
        CommandKind::ReportSignIn,
        CommandKind::ReportFailedSignIn,
        CommandKind::ReportSecurityChange,
        CommandKind::ReportVerifiedEmail,
    ];
}

impl Request for AddLink {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "add_link";
    const REJECTIONS: &'static [RejectionCode] =
        &[UNKNOWN_PROVIDER, PROVIDER_UNAVAILABLE, INVALID_PROVIDER_ANSWER, ALREADY_LINKED, TRY_AGAIN];
    type Answer = LinkView;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportSecurityChange];
}

impl Query for ListLinks {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "links";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN];
    type Answer = Vec<LinkView>;
}

impl Request for RemoveLink {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "remove_link";
    const REJECTIONS: &'static [RejectionCode] = &[WRONG_PASSWORD, TOO_MANY_FAILURES, LINK_NOT_FOUND, BUSY, TRY_AGAIN];
    type Answer = Accepted;
    const SENDS: &'static [CommandKind] = &[CommandKind::ReportFailedSignIn, CommandKind::ReportSecurityChange];
}
