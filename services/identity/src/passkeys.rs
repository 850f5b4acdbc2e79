//! Passkeys: what a device is asked to sign, and what its answer is good for. Each challenge is good once and for five minutes.
//! What is kept of it until then is in the table; the client has only what it needs to answer.

mod relying_party;
mod store;

use anyhow::Result;
use plyo_events::{
    EmailAddress, Rejection, Violation,
    administration::SUSPENDED,
    user::{
        Accepted, AddPasskey, INVALID_PASSKEY, ListPasskeys, LogInWithPasskey, MAX_PASSKEYS, NO_PASSKEYS_HERE,
        PASSKEY_EXISTS, PASSKEY_NOT_FOUND, PasskeyOptions, PasskeyView, PreparePasskey, PreparePasskeyLogIn,
        REGISTRATION_UNFINISHED, RemovePasskey, TOO_MANY_PASSKEYS, Tokens, WRONG_PASSKEY,
    },
};
use plyo_nats::{Context, QueryError, RequestContext};
use serde_json::{Map, Value};
use sqlx::PgPool;
use webauthn_rp::{DiscoverableAuthentication16, Registration};

use self::store::Added;
use crate::{
    Desk,
    attempts::Attempts,
    changes, domain, outbox,
    requests::{self, Opening},
};

pub(crate) use self::relying_party::RelyingParty;
/// For who exports them.
pub(crate) use self::store::list as of;

pub(crate) async fn prepare(
    desk: Desk,
    context: RequestContext,
    query: PreparePasskey,
) -> Result<PasskeyOptions, QueryError> {
    let (party, pool) = (party(&desk)?, &desk.credentials.pool);
    let proven = changes::prove(&desk, &context, query.user, query.password).await?;
    let known = store::keys(pool, query.user).await?;
    if known.len() >= MAX_PASSKEYS as usize {
        return Err(TOO_MANY_PASSKEYS.into());
    }
    let prepared = party.registration(query.user, &proven.email, &known)?;
    store::keep(pool, &prepared, Some(query.user)).await?;
    Ok(prepared.options)
}

pub(crate) async fn add(desk: Desk, context: RequestContext, query: AddPasskey) -> Result<PasskeyView, QueryError> {
    let (party, pool) = (party(&desk)?, &desk.credentials.pool);
    if !domain::is_name(&query.name) {
        let detail = "a name must have 1 to 64 characters".to_owned();
        return Err(Rejection::violations(vec![Violation { pointer: "/name".to_owned(), detail }]).into());
    }
    let answer = Registration::from_json_relaxed(&json(&query.credential)?).map_err(|_| INVALID_PASSKEY)?;
    let challenge = answer.challenge_relaxed().map_err(|_| INVALID_PASSKEY)?.0.to_le_bytes();
    let kept = store::take(pool, challenge, Some(query.user)).await?.ok_or(INVALID_PASSKEY)?;
    let key = party.registered(&kept, &answer)?;
    let added = match store::add(pool, query.user, &query.name, &key).await? {
        Added::Done(view) => view,
        Added::TooMany => return Err(TOO_MANY_PASSKEYS.into()),
        Added::Exists => return Err(PASSKEY_EXISTS.into()),
    };
    outbox::send(pool, &context.commands, query.user).await?;
    Ok(added)
}

pub(crate) async fn list(desk: Desk, _: Context, query: ListPasskeys) -> Result<Vec<PasskeyView>, QueryError> {
    Ok(store::list(&desk.credentials.pool, query.user).await?)
}

pub(crate) async fn remove(desk: Desk, context: RequestContext, query: RemovePasskey) -> Result<Accepted, QueryError> {
    let pool = &desk.credentials.pool;
    changes::prove(&desk, &context, query.user, query.password).await?;
    if !store::remove(pool, query.user, query.passkey_id).await? {
        return Err(PASSKEY_NOT_FOUND.into());
    }
    outbox::send(pool, &context.commands, query.user).await?;
    Ok(Accepted {})
}

pub(crate) async fn prepare_log_in(
    desk: Desk,
    _: RequestContext,
    _: PreparePasskeyLogIn,
) -> Result<PasskeyOptions, QueryError> {
    let prepared = party(&desk)?.log_in()?;
    store::keep(&desk.credentials.pool, &prepared, None).await?;
    Ok(prepared.options)
}

pub(crate) async fn log_in(desk: Desk, context: RequestContext, query: LogInWithPasskey) -> Result<Tokens, QueryError> {
    let (party, pool) = (party(&desk)?, &desk.credentials.pool);
    let answer = DiscoverableAuthentication16::from_json_relaxed(&json(&query.credential)?);
    let answer = answer.map_err(|_| INVALID_PASSKEY)?;
    let challenge = answer.challenge_relaxed().map_err(|_| INVALID_PASSKEY)?.0.to_le_bytes();
    let kept = store::take(pool, challenge, None).await?.ok_or(WRONG_PASSKEY)?;
    let user = relying_party::user_of(&answer).ok_or(WRONG_PASSKEY)?;
    let found = store::find(pool, user, answer.raw_id().as_ref()).await?.ok_or(WRONG_PASSKEY)?;
    let email = EmailAddress::read(&found.email);
    let attempts = Attempts::of(&email);
    attempts.check(pool).await?;
    let state = match party.logged_in(&kept, &answer, user, &found.key) {
        Ok(state) => state,
        Err(refused) => {
            attempts.failed(pool, Some(user), query.device.as_ref()).await?;
            outbox::send_beside(pool, &context.commands, user);
            return Err(refused);
        }
    };
    attempts.succeeded(pool).await?;
    if requests::is_suspended(&desk, &context, user).await?.ok_or(REGISTRATION_UNFINISHED)? {
        return Err(SUSPENDED.into());
    }
    if !store::note_use(pool, user, &found.key, state).await? {
        return Err(WRONG_PASSKEY.into());
    }
    let opening = Opening { device: query.device.as_ref(), with_second_factor: true, ..Opening::default() };
    requests::open_session(&desk, &context, &email, &found.credential, opening).await
}

/// Forgets challenges that nobody answered in time.
pub(crate) async fn forget_old(pool: &PgPool) -> Result<()> {
    store::forget_old(pool).await
}

fn party(desk: &Desk) -> Result<&RelyingParty, Rejection> {
    desk.credentials.relying_party.as_deref().ok_or_else(|| NO_PASSKEYS_HERE.into())
}

fn json(credential: &Map<String, Value>) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(credential)?)
}
