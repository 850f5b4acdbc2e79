//! Requests: sign-up, log-in, refresh and log-out.

use plyo_events::{
    EmailAddress, SessionId, UserId,
    administration::SUSPENDED,
    user::{
        Device, INVALID_REFRESH_TOKEN, LogIn, LogOut, LoggedOut, MailKind, PrepareSignUp, Prepared,
        REGISTRATION_UNFINISHED, Refresh, TRY_AGAIN, Tokens, WRONG_CREDENTIALS,
    },
};
use plyo_nats::{QueryError, RequestContext};

use crate::{
    Desk,
    attempts::Attempts,
    credentials::Credentials,
    domain::{self, Password},
    mail, outbox,
    passwords::Verdict,
    second_factor,
    store::{self, Credential, Rotation},
    tokens::RefreshToken,
};

/// How a session is opened, besides whose it is.
#[derive(Default)]
pub(crate) struct Opening<'a> {
    /// The same password's, hashed as it is today.
    pub renewed_hash: Option<&'a str>,
    pub device: Option<&'a Device>,
    /// A second factor was shown, too.
    pub with_second_factor: bool,
    /// Nobody has to be asked whether the address is theirs.
    pub is_address_proven: bool,
}

pub(crate) async fn prepare(desk: Desk, context: RequestContext, query: PrepareSignUp) -> Result<Prepared, QueryError> {
    let email = EmailAddress::read(&query.email);
    let password = Password::read(query.password);
    let mailbox = domain::sign_up(&email, &password)?;
    let Credentials { pool, passwords, .. } = &desk.credentials;
    let own = |user_id| Prepared { user_id, is_taken: false };
    let Some(found) = store::credential(pool, &email).await? else {
        let user_id = UserId::mint();
        let hash = passwords.hash(password).await?;
        let added = store::add_credential(pool, user_id, mailbox, &hash).await?;
        return if added { Ok(own(user_id)) } else { Err(TRY_AGAIN.into()) };
    };
    let user_id = found.user;
    if found.in_use || is_registered(&desk, &context, user_id).await? {
        return match passwords.verify(password, Some(found.password_hash)).await? {
            Verdict::Right { .. } => Ok(own(user_id)),
            Verdict::Wrong => {
                mail_owner_beside(&desk, &context, email, user_id);
                Ok(Prepared { user_id, is_taken: true })
            }
        };
    }
    let hash = passwords.hash(password).await?;
    // While hashing, the pending sign-up may have been completed.
    let replaced =
        !is_registered(&desk, &context, user_id).await? && store::replace_password(pool, &found, &hash).await?;
    if replaced { Ok(own(user_id)) } else { Err(TRY_AGAIN.into()) }
}

/// Tells whose address it is that somebody tried to sign up with it, beside the answer, whose time must not tell.
fn mail_owner_beside(desk: &Desk, context: &RequestContext, email: EmailAddress, owner: UserId) {
    if desk.credentials.mail.is_none() {
        return;
    }
    let (desk, context) = (desk.clone(), context.clone());
    tokio::spawn(async move {
        if let Err(error) = mail::ask(&desk, &context, MailKind::AddressTaken, &email, Some(owner)).await {
            tracing::warn!(%error, "cannot ask for a mail");
        }
    });
}

pub(crate) async fn log_in(desk: Desk, context: RequestContext, query: LogIn) -> Result<Tokens, QueryError> {
    let Credentials { pool, passwords, .. } = &desk.credentials;
    let email = domain::log_in(&query.email, &query.password)?;
    let attempts = Attempts::of(&email);
    attempts.check(pool).await?;
    let found = store::credential(pool, &email).await?;
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    let verdict = passwords.verify(Password::read(query.password), hash).await?;
    let user = found.as_ref().map(|found| found.user);
    let (Some(found), Verdict::Right { renewed }) = (found, verdict) else {
        attempts.failed(pool, user, query.device.as_ref()).await?;
        if let Some(user) = user {
            outbox::send_beside(pool, &context.commands, user);
        }
        return Err(WRONG_CREDENTIALS.into());
    };
    let is_suspended = is_suspended(&desk, &context, found.user).await?.ok_or(REGISTRATION_UNFINISHED)?;
    let with_second_factor =
        second_factor::of_log_in(&desk, &context, found.user, &email, query.code.as_deref()).await?;
    attempts.succeeded(pool).await?;
    if is_suspended {
        return Err(SUSPENDED.into());
    }
    let opening = Opening {
        renewed_hash: renewed.as_deref(),
        device: query.device.as_ref(),
        with_second_factor,
        is_address_proven: false,
    };
    open_session(&desk, &context, &email, &found, opening).await
}

/// Opens a session for who has proven to be the owner of a credential, which must not have changed since.
///
/// # Errors
/// `try_again`, `suspended`.
pub(crate) async fn open_session(
    desk: &Desk,
    context: &RequestContext,
    email: &EmailAddress,
    found: &Credential,
    opening: Opening<'_>,
) -> Result<Tokens, QueryError> {
    let pool = &desk.credentials.pool;
    store::forget_expired_sessions(pool, found.user).await?;
    let (session, token) = (SessionId::mint(), RefreshToken::mint(found.user));
    if !store::open_session(pool, found, session, &token, &opening).await? {
        return Err(TRY_AGAIN.into());
    }
    // Who was suspended meanwhile: those sessions were ended that were there.
    if is_suspended(desk, context, found.user).await? == Some(true) {
        store::end_session(pool, &token).await?;
        return Err(SUSPENDED.into());
    }
    outbox::send_beside(pool, &context.commands, found.user);
    if !found.in_use && !opening.is_address_proven && desk.credentials.mail.is_some() {
        // The first log-in finishes a sign-up. Who gets no mail asks for another.
        if let Err(error) = mail::ask(desk, context, MailKind::VerifyEmail, email, Some(found.user)).await {
            tracing::warn!(%error, "cannot ask for a mail");
        }
    }
    Ok(desk.credentials.tokens(session, &token).await?)
}

pub(crate) async fn refresh(desk: Desk, context: RequestContext, query: Refresh) -> Result<Tokens, QueryError> {
    let presented = RefreshToken::parse(&query.refresh_token).ok_or(INVALID_REFRESH_TOKEN)?;
    match store::rotate(&desk.credentials.pool, &presented).await? {
        Rotation::Renewed(session, next) => Ok(desk.credentials.tokens(session, &next).await?),
        Rotation::Unknown => Err(INVALID_REFRESH_TOKEN.into()),
        Rotation::Ended => {
            outbox::send(&desk.credentials.pool, &context.commands, presented.user).await?;
            Err(INVALID_REFRESH_TOKEN.into())
        }
    }
}

pub(crate) async fn log_out(desk: Desk, context: RequestContext, query: LogOut) -> Result<LoggedOut, QueryError> {
    let Some(token) = RefreshToken::parse(&query.refresh_token) else { return Ok(LoggedOut {}) };
    store::end_session(&desk.credentials.pool, &token).await?;
    outbox::send(&desk.credentials.pool, &context.commands, token.user).await?;
    Ok(LoggedOut {})
}

async fn is_registered(desk: &Desk, context: &RequestContext, user: UserId) -> Result<bool, QueryError> {
    Ok(is_suspended(desk, context, user).await?.is_some())
}

/// `None` if not registered, or not yet.
pub(crate) async fn is_suspended(
    desk: &Desk,
    context: &RequestContext,
    user: UserId,
) -> Result<Option<bool>, QueryError> {
    Ok((desk.find_profile)(context.pool.clone(), user).await?.map(|profile| profile.is_suspended))
}
