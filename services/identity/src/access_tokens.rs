//! Personal access tokens. Only the hash of one is kept; whoever has lost it makes another.

mod store;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use plyo_events::{
    Rejection, SessionId, Violation,
    user::{
        ACCESS_TOKEN_NOT_FOUND, ACCESS_TOKEN_PREFIX, Accepted, AccessTokenCreated, AccessTokenView, CheckAccessToken,
        CheckedAccessToken, CreateAccessToken, ListAccessTokens, RevokeAccessToken, TOO_MANY_ACCESS_TOKENS,
        UNKNOWN_ACCESS_TOKEN,
    },
};
use plyo_nats::{Context, QueryError, RequestContext};
use sha2::{Digest, Sha256};

use crate::{Desk, domain, outbox};

/// For who exports them.
pub(crate) use self::store::list as of;

pub(crate) async fn create(
    desk: Desk,
    context: RequestContext,
    query: CreateAccessToken,
) -> Result<AccessTokenCreated, QueryError> {
    validate(&query)?;
    let (token_id, secret): (_, [u8; 32]) = (SessionId::mint(), rand::random());
    let expires_at = Timestamp::now() + SignedDuration::from_hours(24 * i64::from(query.days));
    let pool = &desk.credentials.pool;
    if !store::add(pool, &query, token_id, &Sha256::digest(secret).into(), expires_at).await? {
        return Err(TOO_MANY_ACCESS_TOKENS.into());
    }
    outbox::send(pool, &context.commands, query.user).await?;
    let text = BASE64_URL_SAFE_NO_PAD.encode([&query.user.uuid().as_bytes()[..], &secret].concat());
    Ok(AccessTokenCreated { token_id, token: format!("{ACCESS_TOKEN_PREFIX}{text}"), expires_at })
}

pub(crate) async fn list(desk: Desk, _: Context, query: ListAccessTokens) -> Result<Vec<AccessTokenView>, QueryError> {
    Ok(store::list(&desk.credentials.pool, query.user).await?)
}

pub(crate) async fn revoke(
    desk: Desk,
    context: RequestContext,
    query: RevokeAccessToken,
) -> Result<Accepted, QueryError> {
    let pool = &desk.credentials.pool;
    if !store::revoke(pool, query.user, query.token_id).await? {
        return Err(ACCESS_TOKEN_NOT_FOUND.into());
    }
    outbox::send(pool, &context.commands, query.user).await?;
    Ok(Accepted {})
}

/// Also notes that it was used. That is all that it changes, and asking twice does no harm.
pub(crate) async fn check(
    desk: Desk,
    context: Context,
    query: CheckAccessToken,
) -> Result<CheckedAccessToken, QueryError> {
    // A suspension ends all that are there; one may be made at that moment.
    if (desk.find_profile)(context.pool, query.user).await?.is_none_or(|profile| profile.is_suspended) {
        return Err(UNKNOWN_ACCESS_TOKEN.into());
    }
    let found = store::check(&desk.credentials.pool, query.user, &query.sha256).await?;
    found.ok_or_else(|| UNKNOWN_ACCESS_TOKEN.into())
}

fn validate(query: &CreateAccessToken) -> Result<(), Rejection> {
    let wrong = [
        ("/name", !domain::is_name(&query.name), "a name must have 1 to 64 characters"),
        ("/scopes", query.scopes.is_empty(), "name at least one scope"),
        ("/days", !(1..=366).contains(&query.days), "a token must be good for 1 to 366 days"),
    ];
    let violations = wrong.into_iter().filter(|(_, is_wrong, _)| *is_wrong);
    let violations: Vec<_> = violations
        .map(|(pointer, _, detail)| Violation { pointer: pointer.to_owned(), detail: detail.to_owned() })
        .collect();
    if violations.is_empty() { Ok(()) } else { Err(Rejection::violations(violations)) }
}
