//! The rows of the table that are about accounts: what carries a secret is asked of the user service and enters no stream.

use axum::http::{Method, StatusCode};
use plyo_events::{
    CommandKind,
    administration::ProveSecondFactor,
    erasure::{CancelErasure, ErasureSaved, ErasureView, GetErasure, Reauthenticate},
    profile::{GetProfile, PrepareTexts, ProfileSaved},
    user::{
        AccessTokenCreated, AccessTokenView, AddPasskey, ChangePassword, ConfirmEmail, ConfirmTotp, CreateAccessToken,
        EndSessions, EnrolTotp, Jwks, ListAccessTokens, ListPasskeys, ListSessions, LogIn, LogInWithPasskey, LogOut,
        Me, PasskeyOptions, PasskeyView, PreparePasskey, PreparePasskeyLogIn, PrepareSignUp, RecoveryCodes, Refresh,
        Registered, RemovePasskey, RemoveTotp, RequestEmailChange, RequestEmailVerification, RequestPasswordReset,
        ResetPassword, RevokeAccessToken, Scope, SessionView, SessionsEnded, Tokens, TotpEnrolment,
    },
};
use serde_json::{Map, Value};

use super::{
    Answer, Operation,
    access_tokens::{self, NewAccessToken},
    auth::{self, Credentials, RefreshToken, SignUp},
    command::{NO_REVISIONS, bare_command, becomes_of},
    creates,
    credentials::{self, ByCode, ForgottenPassword, NewEmail, NewPassword, NewPasswordByCode, PresentPassword},
    gives, me, operation,
    passkeys::{self, NewPasskey, PasskeyAnswer},
    query::{query, revised},
    sessions, status,
};
use crate::limits::{ADDRESS, ADDRESS_OF_ALL, EMAIL, Policy};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// What counts where somebody tries an e-mail.
const OF_CREDENTIALS: [&Policy; 3] = [&ADDRESS, &EMAIL, &ADDRESS_OF_ALL];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation(
            POST,
            "/auth/register",
            "Sign up; the same answer whoever has that address, who is told of it by mail",
            auth::register,
            creates::<Registered>("/auth/me"),
        )
        .takes::<SignUp>()
        .codes(&[NO_REVISIONS])
        .limited_by(&OF_CREDENTIALS)
        .requests::<PrepareSignUp>()
        .sends(CommandKind::RegisterUser),
        operation(POST, "/auth/login", "Log in", auth::log_in, gives::<Tokens>())
            .takes::<Credentials>()
            .codes(&[NO_REVISIONS])
            .limited_by(&OF_CREDENTIALS)
            .requests::<LogIn>(),
        operation(POST, "/auth/refresh", "Exchange a refresh token for new tokens", auth::refresh, gives::<Tokens>())
            .takes::<RefreshToken>()
            .codes(&[NO_REVISIONS])
            .limited_by(&[&ADDRESS])
            .requests::<Refresh>(),
        operation(POST, "/auth/logout", "End a session", auth::log_out, status(StatusCode::NO_CONTENT))
            .takes::<RefreshToken>()
            .codes(&[NO_REVISIONS])
            .limited_by(&[&ADDRESS])
            .requests::<LogOut>(),
        operation(
            GET,
            "/auth/jwks",
            "Public keys of access tokens (RFC 7517)",
            auth::jwks,
            gives::<Map<String, Value>>(),
        )
        .asks::<Jwks>(),
        query("/auth/me", "Who am I?", |user, ()| Me { user }).scope(Scope::ProfileRead),
        operation(GET, "/auth/sessions", "Where I am logged in", sessions::list, gives::<Vec<SessionView>>())
            .with_token()
            .asks::<ListSessions>(),
        operation(DELETE, "/auth/sessions", "Log out everywhere", sessions::end_all, gives::<SessionsEnded>())
            .with_token()
            .takes_nothing()
            .requests::<EndSessions>(),
        operation(
            DELETE,
            "/auth/sessions/others",
            "Log out everywhere else",
            sessions::end_others,
            gives::<SessionsEnded>(),
        )
        .with_token()
        .takes_nothing()
        .requests::<EndSessions>(),
        operation(DELETE, "/auth/sessions/{id}", "Log out somewhere", sessions::end_one, gives::<SessionsEnded>())
            .with_token()
            .takes_nothing()
            .requests::<EndSessions>(),
        operation(
            POST,
            "/auth/password/forgotten",
            "Mail me a code for a new password; the same answer whoever has that address",
            credentials::forgotten,
            status(StatusCode::ACCEPTED),
        )
        .takes::<ForgottenPassword>()
        .limited_by(&OF_CREDENTIALS)
        .requests::<RequestPasswordReset>(),
        operation(
            POST,
            "/auth/password/reset",
            "Set a new password by a code; logs out everywhere",
            credentials::reset,
            status(StatusCode::NO_CONTENT),
        )
        .takes::<NewPasswordByCode>()
        .limited_by(&[&ADDRESS])
        .requests::<ResetPassword>(),
        operation(
            PUT,
            "/auth/password",
            "Set a new password by the present one; logs out everywhere",
            credentials::change,
            status(StatusCode::NO_CONTENT),
        )
        .with_token()
        .takes::<NewPassword>()
        .requests::<ChangePassword>(),
        operation(
            POST,
            "/auth/email/verify",
            "Mail me a code that proves my address",
            credentials::verify_email,
            status(StatusCode::ACCEPTED),
        )
        .with_token()
        .takes_nothing()
        .requests::<RequestEmailVerification>(),
        operation(
            PUT,
            "/auth/email",
            "Mail a code to my new address; it is mine when that is confirmed",
            credentials::change_email,
            status(StatusCode::ACCEPTED),
        )
        .with_token()
        .takes::<NewEmail>()
        .requests::<RequestEmailChange>(),
        operation(
            POST,
            "/auth/email/confirm",
            "Confirm an address by a code; a new one logs out everywhere",
            credentials::confirm_email,
            status(StatusCode::NO_CONTENT),
        )
        .takes::<ByCode>()
        .limited_by(&[&ADDRESS])
        .requests::<ConfirmEmail>(),
        operation(
            POST,
            "/auth/totp",
            "Begin to use an authenticator app",
            credentials::enrol_totp,
            gives::<TotpEnrolment>(),
        )
        .with_token()
        .takes::<PresentPassword>()
        .requests::<EnrolTotp>(),
        operation(
            POST,
            "/auth/totp/confirm",
            "Confirm the authenticator app by a code; gives ten recovery codes",
            credentials::confirm_totp,
            gives::<RecoveryCodes>(),
        )
        .with_token()
        .takes::<ByCode>()
        .requests::<ConfirmTotp>(),
        operation(
            POST,
            "/auth/totp/check",
            "Show my second factor again in this session, for what takes a recent one",
            credentials::check_totp,
            status(StatusCode::NO_CONTENT),
        )
        .with_token()
        .takes::<ByCode>()
        .requests::<ProveSecondFactor>(),
        operation(
            POST,
            "/auth/totp/remove",
            "Use no authenticator app any more",
            credentials::remove_totp,
            status(StatusCode::NO_CONTENT),
        )
        .with_token()
        .takes::<PresentPassword>()
        .requests::<RemoveTotp>(),
        operation(
            POST,
            "/auth/passkeys/options",
            "What a device makes a passkey of: for PublicKeyCredential.parseCreationOptionsFromJSON, good once and for five minutes",
            passkeys::prepare,
            gives::<PasskeyOptions>(),
        )
        .with_token()
        .takes::<PresentPassword>()
        .requests::<PreparePasskey>(),
        operation(
            POST,
            "/auth/passkeys",
            "Add a passkey that a device made of such options",
            passkeys::add,
            Answer { status: StatusCode::CREATED, ..gives::<PasskeyView>() },
        )
        .with_token()
        .takes::<NewPasskey>()
        .requests::<AddPasskey>(),
        operation(GET, "/auth/passkeys", "My passkeys", passkeys::list, gives::<Vec<PasskeyView>>())
            .with_token()
            .asks::<ListPasskeys>(),
        operation(
            POST,
            "/auth/passkeys/{id}/remove",
            "Log in with a passkey no more",
            passkeys::remove,
            status(StatusCode::NO_CONTENT),
        )
        .with_token()
        .takes::<PresentPassword>()
        .requests::<RemovePasskey>(),
        operation(
            POST,
            "/auth/passkeys/login/options",
            "What a passkey signs to log in: for PublicKeyCredential.parseRequestOptionsFromJSON, good once and for five minutes",
            passkeys::prepare_log_in,
            gives::<PasskeyOptions>(),
        )
        .takes_nothing()
        .limited_by(&[&ADDRESS])
        .requests::<PreparePasskeyLogIn>(),
        operation(
            POST,
            "/auth/passkeys/login",
            "Log in with a passkey; counts as a second factor",
            passkeys::log_in,
            gives::<Tokens>(),
        )
        .takes::<PasskeyAnswer>()
        .codes(&[NO_REVISIONS])
        .limited_by(&[&ADDRESS])
        .requests::<LogInWithPasskey>(),
        operation(
            POST,
            "/auth/tokens",
            "Make an access token for a script",
            access_tokens::create,
            Answer { status: StatusCode::CREATED, ..gives::<AccessTokenCreated>() },
        )
        .with_token()
        .takes::<NewAccessToken>()
        .requests::<CreateAccessToken>(),
        operation(GET, "/auth/tokens", "My access tokens", access_tokens::list, gives::<Vec<AccessTokenView>>())
            .with_token()
            .asks::<ListAccessTokens>(),
        operation(
            DELETE,
            "/auth/tokens/{id}",
            "Revoke an access token",
            access_tokens::revoke,
            status(StatusCode::NO_CONTENT),
        )
        .with_token()
        .takes_nothing()
        .requests::<RevokeAccessToken>(),
        // What a person says about themselves.
        revised("/me/profile", "My profile", |user, ()| GetProfile { user }).scope(Scope::ProfileRead),
        becomes_of(
            operation(
                PATCH,
                "/me/profile",
                "Change my profile: what is absent stays, what is null goes (RFC 7396)",
                me::change_profile,
                gives::<ProfileSaved>(),
            )
            .takes::<me::Change>()
            .requests::<PrepareTexts>(),
            CommandKind::ChangeProfile,
        )
        .scope(Scope::ProfileWrite),
        becomes_of(
            operation(DELETE, "/me", "Erase my account", me::erase, gives::<ErasureSaved>())
                .takes::<me::Erase>()
                .requests::<Reauthenticate>(),
            CommandKind::RequestErasure,
        ),
        bare_command(
            POST,
            "/me/erasure/cancel",
            "Keep my account after all",
            |()| CancelErasure {},
            gives::<ErasureSaved>(),
        ),
        operation(
            GET,
            "/erasures/{user_id}",
            "What became of an erasure: the receipt, for whoever has the id",
            me::erasure,
            gives::<ErasureView>(),
        )
        .limited_by(&[&ADDRESS])
        .asks::<GetErasure>(),
    ]
}
