//! Credentials, sessions, keys, and the texts that name somebody: the unfolded part of an account.
//!
//! It owns the schema `user_credentials`: e-mail addresses, password hashes, refresh tokens, signing keys, passkeys, links to other providers, display names and
//! handles, and links to exports. None of these enter a stream: whatever has one is a request, and what came of it is told by a command to the user
//! service (`outbox.rs`). It has no lane and is not a service: it runs in the process of the user service, with its rights and
//! under its name.

mod access_tokens;
mod administration;
mod attempts;
mod avatar;
mod changes;
mod common;
mod credentials;
mod data_keys;
mod domain;
mod effects;
pub mod export;
mod keys;
mod mail;
mod oidc;
mod outbox;
mod passkeys;
mod passwords;
mod queries;
mod requests;
mod second_factor;
mod sessions;
mod store;
mod tending;
mod texts;
mod tokens;

use std::{
    future::{Ready, ready},
    pin::Pin,
};

use anyhow::Result;
use futures_util::future::Either;
use plyo_events::{
    EmailAddress, UserId,
    administration::{Account, GetAccount, GetStanding, ListAccounts, ProveSecondFactor, WhichAccounts},
    avatar::{RemoveAvatar, SetAvatar},
    erasure::Reauthenticate,
    export::{ImportAccount, MintExportLink, UseExportLink},
    profile::{GetProfile, PrepareTexts},
    sealed::GetDataKey,
    user::{
        AddLink, AddPasskey, ChangePassword, CheckAccessToken, ConfirmEmail, ConfirmTotp, CreateAccessToken,
        EndSessions, EnrolTotp, Jwks, ListAccessTokens, ListLinks, ListPasskeys, ListProviders, ListSessions, LogIn,
        LogInWithPasskey, LogInWithProvider, LogOut, Me, PreparePasskey, PreparePasskeyLogIn, PrepareSignUp, Profile,
        ProveProviderAccount, Refresh, RemoveLink, RemovePasskey, RemoveTotp, RequestEmailChange,
        RequestEmailVerification, RequestPasswordReset, ResetPassword, RevokeAccessToken, StartLink,
        StartProviderLogIn, TRY_AGAIN,
    },
};
use plyo_nats::{Nats, QueryError, Service};
use sqlx::PgPool;

use administration::EndSessionsOf;
use export::{Exporting, WriteExport};
use mail::SendMail;

pub use credentials::Credentials;
pub use data_keys::rewrap;
pub use effects::Erasing;
pub use mail::MailFolder;
pub use oidc::Providers;
pub use plyo_sealing::KeyEncryptionKeys;

/// Looks up a user in the folded tables of the pool. `None` if not registered, or not yet.
pub type FindProfile = fn(PgPool, UserId) -> Pin<Box<dyn Future<Output = Result<Option<Profile>>> + Send>>;

/// Looks up accounts there: one more than the limit, if there are more.
pub type FindAccounts = fn(PgPool, WhichAccounts) -> Pin<Box<dyn Future<Output = Result<Vec<Account>>> + Send>>;

/// The service with identity's endpoints. Without a credential store it only describes itself, and clients are told to try
/// again.
pub fn answer(
    service: Service,
    erasing: Option<Erasing>,
    find_profile: FindProfile,
    find_accounts: FindAccounts,
) -> Service {
    let nats = erasing.as_ref().map(|erasing| erasing.nats.clone());
    let credentials = erasing.as_ref().map(|erasing| erasing.credentials.clone());
    let exporting = erasing
        .as_ref()
        .map(|Erasing { credentials, nats, .. }| Exporting { credentials: credentials.clone(), nats: nats.clone() });
    let service = service
        .effect(SendMail(credentials.clone()))
        .effect(EndSessionsOf(credentials.clone()))
        .effect(WriteExport(exporting));
    let service = effects::erase(service, erasing);
    let desk = credentials.zip(nats).map(|(credentials, nats)| Desk { credentials, nats, find_profile, find_accounts });
    service
        .handle::<PrepareSignUp, _, _>(at(&desk, requests::prepare))
        .handle::<LogIn, _, _>(at(&desk, requests::log_in))
        .handle::<Refresh, _, _>(at(&desk, requests::refresh))
        .handle::<LogOut, _, _>(at(&desk, requests::log_out))
        .handle::<EndSessions, _, _>(at(&desk, sessions::end))
        .handle::<RequestPasswordReset, _, _>(at(&desk, changes::request_reset))
        .handle::<ResetPassword, _, _>(at(&desk, changes::reset))
        .handle::<ChangePassword, _, _>(at(&desk, changes::change))
        .handle::<RequestEmailVerification, _, _>(at(&desk, changes::request_verification))
        .handle::<RequestEmailChange, _, _>(at(&desk, changes::request_email_change))
        .handle::<ConfirmEmail, _, _>(at(&desk, changes::confirm))
        .handle::<EnrolTotp, _, _>(at(&desk, second_factor::enrol))
        .handle::<ConfirmTotp, _, _>(at(&desk, second_factor::confirm))
        .handle::<RemoveTotp, _, _>(at(&desk, second_factor::remove))
        .handle::<PreparePasskey, _, _>(at(&desk, passkeys::prepare))
        .handle::<AddPasskey, _, _>(at(&desk, passkeys::add))
        .handle::<RemovePasskey, _, _>(at(&desk, passkeys::remove))
        .answer::<ListPasskeys, _, _>(at(&desk, passkeys::list))
        .handle::<PreparePasskeyLogIn, _, _>(at(&desk, passkeys::prepare_log_in))
        .handle::<LogInWithPasskey, _, _>(at(&desk, passkeys::log_in))
        .answer::<ListProviders, _, _>(at(&desk, oidc::providers))
        .handle::<StartProviderLogIn, _, _>(at(&desk, oidc::start))
        .handle::<ProveProviderAccount, _, _>(at(&desk, oidc::prove))
        .handle::<LogInWithProvider, _, _>(at(&desk, oidc::log_in))
        .handle::<StartLink, _, _>(at(&desk, oidc::start_link))
        .handle::<AddLink, _, _>(at(&desk, oidc::link))
        .answer::<ListLinks, _, _>(at(&desk, oidc::list))
        .handle::<RemoveLink, _, _>(at(&desk, oidc::unlink))
        .handle::<CreateAccessToken, _, _>(at(&desk, access_tokens::create))
        .handle::<RevokeAccessToken, _, _>(at(&desk, access_tokens::revoke))
        .answer::<ListAccessTokens, _, _>(at(&desk, access_tokens::list))
        .answer::<CheckAccessToken, _, _>(at(&desk, access_tokens::check))
        .answer::<ListSessions, _, _>(at(&desk, sessions::list))
        .handle::<Reauthenticate, _, _>(at(&desk, changes::reauthenticate))
        .handle::<MintExportLink, _, _>(at(&desk, export::mint))
        .handle::<UseExportLink, _, _>(at(&desk, export::redeem))
        .handle::<ImportAccount, _, _>(at(&desk, export::import))
        .handle::<SetAvatar, _, _>(at(&desk, avatar::set))
        .handle::<RemoveAvatar, _, _>(at(&desk, avatar::remove))
        .handle::<PrepareTexts, _, _>(at(&desk, texts::prepare))
        .answer::<GetProfile, _, _>(at(&desk, texts::profile))
        .handle::<GetDataKey, _, _>(at(&desk, data_keys::get))
        .handle::<ProveSecondFactor, _, _>(at(&desk, administration::prove))
        .answer::<GetStanding, _, _>(at(&desk, administration::standing))
        .answer::<ListAccounts, _, _>(at(&desk, administration::list))
        .answer::<GetAccount, _, _>(at(&desk, administration::account))
        .answer::<Me, _, _>(at(&desk, queries::me))
        .answer::<Jwks, _, _>(at(&desk, queries::jwks))
}

/// Whose account has this e-mail address, from the pool of the credential store. `None` if nobody's.
///
/// # Errors
/// When Postgres fails.
pub async fn account_of(credentials: &PgPool, email: &str) -> Result<Option<UserId>> {
    Ok(store::credential(credentials, &EmailAddress::read(email)).await?.map(|found| found.user))
}

/// What handlers use.
#[derive(Clone)]
struct Desk {
    credentials: Credentials,
    nats: Nats,
    find_profile: FindProfile,
    find_accounts: FindAccounts,
}

/// A handler with access to that.
fn at<C, Q, A, Answer>(
    desk: &Option<Desk>,
    handler: fn(Desk, C, Q) -> Answer,
) -> impl Fn(C, Q) -> Either<Answer, Ready<Result<A, QueryError>>> + Clone + use<C, Q, A, Answer>
where
    Answer: Future<Output = Result<A, QueryError>>,
{
    let desk = desk.clone();
    move |context, question| match &desk {
        Some(desk) => Either::Left(handler(desk.clone(), context, question)),
        None => Either::Right(ready(Err(TRY_AGAIN.into()))),
    }
}
