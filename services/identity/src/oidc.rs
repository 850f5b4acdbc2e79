//! Log-ins with other providers (OpenID Connect). An account of one is known by its issuer and subject, and by nothing else: an
//! address that it vouches for makes a new account here, and never opens one that is there.

mod client;
mod config;
mod http;
mod store;

use anyhow::Result;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use plyo_events::{
    EmailAddress, Rejection, UserId,
    administration::SUSPENDED,
    user::{
        ALREADY_LINKED, Accepted, AddLink, INVALID_PROVIDER_ANSWER, LINK_NOT_FOUND, LinkView, ListLinks, ListProviders,
        LogInWithProvider, PROVIDER_EMAIL_TAKEN, ProveProviderAccount, ProvenAccount, ProviderAnswer, ProviderStart,
        ProviderView, REGISTRATION_UNFINISHED, RemoveLink, StartLink, StartProviderLogIn, TRY_AGAIN, Tokens,
        UNKNOWN_PROVIDER, UNVERIFIED_PROVIDER_EMAIL,
    },
};
use plyo_nats::{Context, QueryError, RequestContext};
use sqlx::PgPool;

use self::{client::Identity, store::Token};
use crate::{
    Desk,
    attempts::Attempts,
    changes,
    domain::Password,
    outbox,
    requests::{self, Opening},
    second_factor,
};

pub(crate) use self::client::Clients;
pub use self::config::Providers;
/// For who exports them.
pub(crate) use self::store::list as of;

pub(crate) async fn providers(desk: Desk, _: Context, _: ListProviders) -> Result<Vec<ProviderView>, QueryError> {
    Ok(desk.credentials.providers.as_ref().map(|clients| clients.list()).unwrap_or_default())
}

pub(crate) async fn start(
    desk: Desk,
    _: RequestContext,
    query: StartProviderLogIn,
) -> Result<ProviderStart, QueryError> {
    begin(&desk, &query.provider, None).await
}

pub(crate) async fn start_link(
    desk: Desk,
    context: RequestContext,
    query: StartLink,
) -> Result<ProviderStart, QueryError> {
    changes::prove(&desk, &context, query.user, query.password).await?;
    begin(&desk, &query.provider, Some(query.user)).await
}

pub(crate) async fn prove(
    desk: Desk,
    context: RequestContext,
    ProveProviderAccount { answer }: ProveProviderAccount,
) -> Result<ProvenAccount, QueryError> {
    let (pool, token) = (&desk.credentials.pool, Token::of(&answer.state, &answer.secret));
    let user_id = match store::proven(pool, &token).await? {
        Some(user) => user,
        None => {
            let identity = identity(&desk, &answer, None).await?;
            let user = match store::owner(pool, &identity).await? {
                Some(user) => user,
                None => make_account(&desk, &context, &answer.provider, &identity).await?,
            };
            store::prove(pool, &token, user).await?;
            user
        }
    };
    let is_registered = requests::is_suspended(&desk, &context, user_id).await?.is_some();
    Ok(ProvenAccount { user_id, is_registered })
}

pub(crate) async fn log_in(
    desk: Desk,
    context: RequestContext,
    query: LogInWithProvider,
) -> Result<Tokens, QueryError> {
    let (pool, token) = (&desk.credentials.pool, Token::of(&query.state, &query.secret));
    let user = store::proven(pool, &token).await?.ok_or(INVALID_PROVIDER_ANSWER)?;
    let (credential, email) = crate::store::credential_of(pool, user).await?.ok_or(INVALID_PROVIDER_ANSWER)?;
    let attempts = Attempts::of(&email);
    attempts.check(pool).await?;
    let is_suspended = requests::is_suspended(&desk, &context, user).await?.ok_or(REGISTRATION_UNFINISHED)?;
    let with_second_factor =
        second_factor::of_log_in(&desk, &context, user, &email, query.second_factor.as_deref()).await?;
    attempts.succeeded(pool).await?;
    if is_suspended {
        return Err(SUSPENDED.into());
    }
    if !store::use_up(pool, &token).await? {
        return Err(INVALID_PROVIDER_ANSWER.into());
    }
    store::verify_email(pool, user).await?;
    let opening =
        Opening { device: query.device.as_ref(), with_second_factor, is_address_proven: true, renewed_hash: None };
    requests::open_session(&desk, &context, &email, &credential, opening).await
}

pub(crate) async fn link(desk: Desk, context: RequestContext, query: AddLink) -> Result<LinkView, QueryError> {
    let pool = &desk.credentials.pool;
    let identity = identity(&desk, &query.answer, Some(query.user)).await?;
    let added = store::add(pool, query.user, &query.answer.provider, &identity, false).await?.ok_or(ALREADY_LINKED)?;
    outbox::send(pool, &context.commands, query.user).await?;
    Ok(added)
}

pub(crate) async fn list(desk: Desk, _: Context, query: ListLinks) -> Result<Vec<LinkView>, QueryError> {
    Ok(store::list(&desk.credentials.pool, query.user).await?)
}

pub(crate) async fn unlink(desk: Desk, context: RequestContext, query: RemoveLink) -> Result<Accepted, QueryError> {
    let pool = &desk.credentials.pool;
    changes::prove(&desk, &context, query.user, query.password).await?;
    if !store::remove(pool, query.user, query.link_id).await? {
        return Err(LINK_NOT_FOUND.into());
    }
    outbox::send(pool, &context.commands, query.user).await?;
    Ok(Accepted {})
}

/// Forgets who has not come back in time.
pub(crate) async fn forget_old(pool: &PgPool) -> Result<()> {
    store::forget_old(pool).await
}

async fn begin(desk: &Desk, provider: &str, linking: Option<UserId>) -> Result<ProviderStart, QueryError> {
    let begun = clients(desk)?.begin(provider).await?;
    let secret = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    store::begin(&desk.credentials.pool, provider, &begun, &secret, linking).await?;
    Ok(ProviderStart { url: begun.url, secret })
}

/// Who somebody is to the provider that they come back from.
async fn identity(desk: &Desk, answer: &ProviderAnswer, linking: Option<UserId>) -> Result<Identity, QueryError> {
    let clients = clients(desk)?;
    clients.check(&answer.provider)?;
    let token = Token::of(&answer.state, &answer.secret);
    let flow = store::take(&desk.credentials.pool, &token, &answer.provider, linking).await?;
    let flow = flow.ok_or(INVALID_PROVIDER_ANSWER)?;
    clients.finish(&answer.provider, answer.code.clone(), flow.nonce, flow.verifier).await
}

/// An account for who has none here, with a password that nobody knows. It is still to be registered.
async fn make_account(
    desk: &Desk,
    context: &RequestContext,
    provider: &str,
    identity: &Identity,
) -> Result<UserId, QueryError> {
    let email = identity.email.as_deref().map(EmailAddress::read).ok_or(UNVERIFIED_PROVIDER_EMAIL)?;
    let mailbox = email.mailbox().map_err(|_| UNVERIFIED_PROVIDER_EMAIL)?;
    let pool = &desk.credentials.pool;
    let found = crate::store::credential(pool, &email).await?;
    if let Some(found) = &found
        && (found.in_use || requests::is_suspended(desk, context, found.user).await?.is_some())
    {
        return Err(PROVIDER_EMAIL_TAKEN.into());
    }
    let nobodys = Password::read(BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
    let hash = desk.credentials.passwords.hash(nobodys).await?;
    let (user, is_ours) = match found {
        // Somebody began to sign up with it, and never showed that it is theirs.
        Some(found) => (found.user, crate::store::replace_password(pool, &found, &hash).await?),
        None => {
            let user = UserId::mint();
            (user, crate::store::add_credential(pool, user, mailbox, &hash).await?)
        }
    };
    if !is_ours {
        return Err(PROVIDER_EMAIL_TAKEN.into());
    }
    let linked = store::add(pool, user, provider, identity, true).await?;
    // Of two at once, the other one made it.
    linked.map(|_| user).ok_or_else(|| TRY_AGAIN.into())
}

fn clients(desk: &Desk) -> Result<&Clients, Rejection> {
    desk.credentials.providers.as_deref().ok_or_else(|| UNKNOWN_PROVIDER.into())
}
