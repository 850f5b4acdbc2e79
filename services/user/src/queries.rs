//! Answers about accounts. What carries a secret is never logged.

use jiff::Timestamp;
use plyo_events::{
    Command, CommandId, Message, Reject, RejectKind, SessionId, UserId, Violation,
    user::{AccessClaims, Jwks, LogIn, LogOut, LoggedOut, Me, MeView, PrepareSignUp, Prepared, Refresh, RevocationReason, RevokeSession, Tokens},
};
use plyo_nats::{CommandPublisher, Context, QueryError};
use serde_json::Value;

use crate::{
    Credentials,
    passwords::Comparison,
    store,
    tokens::{fingerprint, new_refresh_token},
};

pub(crate) async fn prepare(with: Credentials, context: Context, query: PrepareSignUp) -> Result<Prepared, QueryError> {
    let email = valid(&query.email, &query.password)?;
    let known = store::credential(&with.pool, &email).await?;
    let registered = match &known {
        Some(credential) => store::profile(&context.pool, credential.user).await?.is_some(),
        None => false,
    };
    // The repetition of a sign-up that has gone through knows the password, and is told who it is again.
    if let Some(credential) = known.filter(|_| registered) {
        return match with.passwords.compare(query.password, Some(credential.password_hash)).await? {
            Comparison::Wrong => Err(Reject::conflict("email_taken", "there is an account with this e-mail; log in").into()),
            Comparison::Right | Comparison::RightButOutdated => Ok(Prepared { user_id: credential.user }),
        };
    }
    let password_hash = with.passwords.hash(query.password).await?;
    Ok(Prepared { user_id: store::put_credential(&with.pool, UserId::mint(), &email, &password_hash).await? })
}

pub(crate) async fn log_in(with: Credentials, context: Context, query: LogIn) -> Result<Tokens, QueryError> {
    let wrong = || Reject::new(RejectKind::Unauthorized, "wrong_credentials", "the e-mail or the password is wrong");
    let email = normal(&query.email);
    let credential = store::credential(&with.pool, &email).await?;
    let stored = credential.as_ref().map(|credential| credential.password_hash.clone());
    let comparison = with.passwords.compare(query.password.clone(), stored).await?;
    let user = match (credential, comparison) {
        (Some(credential), Comparison::Right | Comparison::RightButOutdated) => credential.user,
        _ => return Err(wrong().into()),
    };
    if comparison == Comparison::RightButOutdated {
        let password_hash = with.passwords.hash(query.password).await?;
        store::put_credential(&with.pool, user, &email, &password_hash).await?;
    }
    if store::profile(&context.pool, user).await?.is_none() {
        return Err(Reject::conflict("registration_unfinished", "the sign-up did not finish; sign up again with this e-mail").into());
    }
    let (session, refresh_token) = (SessionId::mint(), new_refresh_token());
    store::begin_session(&with.pool, user, session, &fingerprint(&refresh_token)).await?;
    tokens(&with, user, session, refresh_token)
}

pub(crate) async fn refresh(with: Credentials, context: Context, query: Refresh) -> Result<Tokens, QueryError> {
    let (used, next) = (fingerprint(&query.refresh_token), new_refresh_token());
    if let Some((user, session)) = store::rotate(&with.pool, &used, &fingerprint(&next)).await? {
        return tokens(&with, user, session, next);
    }
    if let Some((user, session)) = store::revoke_session(&with.pool, &used, true).await? {
        tracing::warn!(%user, %session, "a refresh token came a second time; the session is revoked");
        tell(&context, user, session, RevocationReason::TokenReuse).await?;
    }
    Err(Reject::new(RejectKind::Unauthorized, "invalid_refresh_token", "this refresh token is not valid; log in").into())
}

pub(crate) async fn log_out(with: Credentials, context: Context, query: LogOut) -> Result<LoggedOut, QueryError> {
    if let Some((user, session)) = store::revoke_session(&with.pool, &fingerprint(&query.refresh_token), false).await? {
        tell(&context, user, session, RevocationReason::LogOut).await?;
    }
    Ok(LoggedOut {})
}

pub(crate) async fn me(with: Credentials, context: Context, query: Me) -> Result<MeView, QueryError> {
    let gone = || Reject::not_found("user_not_found", "there is no such account");
    let profile = store::profile(&context.pool, query.user).await?.ok_or_else(gone)?;
    let email = store::email(&with.pool, query.user).await?.ok_or_else(gone)?;
    let store::ProfileRow { user_id, locale, time_zone, registered_at } = profile;
    Ok(MeView { user_id, email, locale, time_zone, registered_at })
}

pub(crate) async fn jwks(with: Credentials, _: Jwks) -> Result<Value, QueryError> {
    Ok(with.keys.jwks()?)
}

fn tokens(with: &Credentials, user_id: UserId, session: SessionId, refresh_token: String) -> Result<Tokens, QueryError> {
    let access_token = with.keys.sign(user_id, session, Timestamp::now())?;
    Ok(Tokens { user_id, access_token, token_type: "Bearer".to_owned(), expires_in: AccessClaims::LIFETIME, refresh_token })
}

/// Has the others told that a session ended. The command's id derives from the session: it is told once.
async fn tell(context: &Context, user: UserId, session_id: SessionId, reason: RevocationReason) -> Result<(), QueryError> {
    let id = CommandId::derive(session_id.uuid(), "revoke");
    let command = Message::first(id.uuid(), user, Timestamp::now(), Command::from(RevokeSession { session_id, reason }));
    let sent = CommandPublisher::new(&context.nats, "user").send(&command, "").await;
    sent.map(|_| ()).map_err(|error| Reject::new(RejectKind::Unavailable, "try_again", error.to_string()).into())
}

/// An e-mail as it is stored.
fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

fn valid(email: &str, password: &str) -> Result<String, Reject> {
    let email = normal(email);
    let mut violations = Vec::new();
    let mut wrong = |pointer: &str, detail: &str| violations.push(Violation { pointer: pointer.to_owned(), detail: detail.to_owned() });
    let parts: Vec<&str> = email.split('@').collect();
    let is_form = matches!(parts[..], [local, domain] if !local.is_empty() && !domain.is_empty());
    if !is_form || email.len() > 254 || email.contains(|c: char| c.is_whitespace() || c.is_control()) {
        wrong("/email", "an e-mail has one @, something before it and after it, no spaces, and at most 254 characters");
    }
    if !(8..=256).contains(&password.chars().count()) || password.contains('\0') {
        wrong("/password", "a password has 8 to 256 characters");
    }
    if violations.is_empty() { Ok(email) } else { Err(Reject::violations(violations)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_is_normalised_and_what_is_none_is_refused() {
        assert_eq!(valid(" Ada@Example.ORG ", "long enough").unwrap(), "ada@example.org");
        for wrong in ["", "ada", "@", "a@", "@b", "a@b@c", "a b@c", "a\0@b"] {
            assert_eq!(valid(wrong, "long enough").unwrap_err().violations[0].pointer, "/email", "{wrong:?}");
        }
        assert_eq!(valid("a@b", "short").unwrap_err().violations[0].pointer, "/password");
    }
}
