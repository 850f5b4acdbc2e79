//! Answers: who may come in, who is in, and who they are.

use plyo_events::{
    Reject, SessionId, UserId,
    user::{Jwks, LogIn, LogOut, LoggedOut, Me, MeView, PrepareSignUp, Prepared, Refresh, Tokens},
};
use plyo_nats::{Context, QueryError, RequestContext};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    credentials::{Credentials, announce_end, try_again},
    domain,
    passwords::Verdict,
    store::{self, Rotation},
    tokens::RefreshToken,
};

pub(crate) async fn prepare(
    credentials: Credentials,
    context: RequestContext,
    query: PrepareSignUp,
) -> Result<Prepared, QueryError> {
    let email = domain::sign_up(&query.email, &query.password)?;
    let Credentials { pool, passwords, .. } = &credentials;
    let Some(found) = store::credential(pool, &email).await? else {
        let user_id = UserId::mint();
        let hash = passwords.hash(query.password).await?;
        let added = store::add_credential(pool, user_id, &email, &hash).await?;
        return if added { Ok(Prepared { user_id }) } else { Err(domain::email_taken().into()) };
    };
    let user_id = found.user;
    if found.in_use || registered(&context.pool, user_id).await? {
        return match passwords.verify(query.password, Some(found.password_hash)).await? {
            Verdict::Right { .. } => Ok(Prepared { user_id }),
            Verdict::Wrong => Err(domain::email_taken().into()),
        };
    }
    let hash = passwords.hash(query.password).await?;
    // Hashing took its time, in which the sign-up that was under way may have been finished.
    let replaced = !registered(&context.pool, user_id).await? && store::replace_password(pool, &found, &hash).await?;
    if replaced { Ok(Prepared { user_id }) } else { Err(domain::email_taken().into()) }
}

pub(crate) async fn log_in(
    credentials: Credentials,
    context: RequestContext,
    query: LogIn,
) -> Result<Tokens, QueryError> {
    let Credentials { pool, passwords, .. } = &credentials;
    let found = match domain::log_in(&query.email, &query.password)? {
        Some(email) => store::credential(pool, &email).await?,
        None => None,
    };
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    let verdict = passwords.verify(query.password, hash).await?;
    let (Some(found), Verdict::Right { renewed }) = (found, verdict) else {
        return Err(domain::wrong_credentials().into());
    };
    if !registered(&context.pool, found.user).await? {
        return Err(domain::registration_unfinished().into());
    }
    store::forget_expired_sessions(pool, found.user).await?;
    let (session, token) = (SessionId::mint(), RefreshToken::mint(found.user));
    if !store::open_session(pool, &found, renewed.as_deref(), session, &token).await? {
        return Err(try_again().into());
    }
    Ok(credentials.tokens(session, &token)?)
}

pub(crate) async fn refresh(
    credentials: Credentials,
    context: RequestContext,
    query: Refresh,
) -> Result<Tokens, QueryError> {
    let presented = RefreshToken::parse(&query.refresh_token).ok_or_else(domain::invalid_refresh_token)?;
    let next = RefreshToken::mint(presented.user);
    match store::rotate(&credentials.pool, &presented, &next).await? {
        Rotation::Renewed(session) => Ok(credentials.tokens(session, &next)?),
        Rotation::Unknown => Err(domain::invalid_refresh_token().into()),
        Rotation::Ended(session, reason) => {
            announce_end(&context.commands, presented.user, session, reason).await?;
            Err(domain::invalid_refresh_token().into())
        }
    }
}

pub(crate) async fn log_out(
    credentials: Credentials,
    context: RequestContext,
    query: LogOut,
) -> Result<LoggedOut, QueryError> {
    let Some(token) = RefreshToken::parse(&query.refresh_token) else { return Ok(LoggedOut {}) };
    if let Some((session, reason)) = store::end_session(&credentials.pool, &token).await? {
        announce_end(&context.commands, token.user, session, reason).await?;
    }
    Ok(LoggedOut {})
}

pub(crate) async fn me(credentials: Credentials, context: Context, query: Me) -> Result<MeView, QueryError> {
    let unknown = || Reject::not_found("user_not_found", "there is no such account");
    let profile = store::profile(&context.pool, query.user).await?.ok_or_else(unknown)?;
    let email = store::email(&credentials.pool, query.user).await?.ok_or_else(unknown)?;
    Ok(MeView {
        user_id: profile.user_id,
        email,
        locale: profile.locale,
        time_zone: profile.time_zone,
        registered_at: profile.registered_at,
    })
}

/// From the table rather than from memory: another instance may have added a key.
pub(crate) async fn jwks(credentials: Credentials, _: Context, _: Jwks) -> Result<Value, QueryError> {
    Ok(json!({ "keys": store::public_keys(&credentials.pool).await? }))
}

async fn registered(pool: &PgPool, user: UserId) -> Result<bool, QueryError> {
    Ok(store::profile(pool, user).await?.is_some())
}
