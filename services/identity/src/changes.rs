//! Another password, another address: by who knows the present password, or by who gets the account's mail. Each ends every session
//! and opens none.

mod store;

use plyo_events::{
    EmailAddress, Mailbox, Rejection, UserId, Violation,
    erasure::{Reauthenticate, Reauthenticated},
    user::{
        Accepted, ChangePassword, ConfirmEmail, EMAIL_NOT_CHANGED, INVALID_CODE, MailKind, RequestEmailChange,
        RequestEmailVerification, RequestPasswordReset, ResetPassword, TRY_AGAIN, WRONG_PASSWORD,
    },
};
use plyo_nats::{QueryError, RequestContext};

use crate::{
    Desk,
    attempts::Attempts,
    domain::{self, Password},
    mail::{self, MailCode},
    outbox,
    passwords::Verdict,
};

pub(crate) use self::store::{Proven, tell};

pub(crate) async fn request_reset(
    desk: Desk,
    context: RequestContext,
    query: RequestPasswordReset,
) -> Result<Accepted, QueryError> {
    let email = EmailAddress::read(&query.email);
    mailbox(&email)?;
    mail::ask(&desk, &context, MailKind::ResetPassword, &email, None).await?;
    Ok(Accepted {})
}

pub(crate) async fn reset(desk: Desk, context: RequestContext, query: ResetPassword) -> Result<Accepted, QueryError> {
    let (pool, code) = (&desk.credentials.pool, MailCode::read(&query.code));
    let password = Password::read(query.password);
    domain::new_password(&password)?;
    // Nobody has a password hashed by guessing.
    let found = store::code(pool, &code).await?.filter(|found| found.kind == "reset_password").ok_or(INVALID_CODE)?;
    let hash = desk.credentials.passwords.hash(password).await?;
    if !store::reset_password(pool, &code, &hash).await? {
        return Err(INVALID_CODE.into());
    }
    // Who has the mailbox need not wait for what others guessed.
    Attempts::of(&EmailAddress::read(&found.address)).forget(pool).await?;
    outbox::send(pool, &context.commands, found.user).await?;
    Ok(Accepted {})
}

pub(crate) async fn change(desk: Desk, context: RequestContext, query: ChangePassword) -> Result<Accepted, QueryError> {
    let password = Password::read(query.password);
    domain::new_password(&password)?;
    let proven = prove(&desk, &context, query.user, query.present).await?;
    let hash = desk.credentials.passwords.hash(password).await?;
    if !store::change_password(&desk.credentials.pool, &proven, &hash).await? {
        return Err(TRY_AGAIN.into());
    }
    outbox::send(&desk.credentials.pool, &context.commands, query.user).await?;
    Ok(Accepted {})
}

pub(crate) async fn request_verification(
    desk: Desk,
    context: RequestContext,
    query: RequestEmailVerification,
) -> Result<Accepted, QueryError> {
    let proven = store::credential(&desk.credentials.pool, query.user).await?.ok_or(TRY_AGAIN)?;
    let email = EmailAddress::read(&proven.email);
    mail::ask(&desk, &context, MailKind::VerifyEmail, &email, Some(query.user)).await?;
    Ok(Accepted {})
}

pub(crate) async fn request_email_change(
    desk: Desk,
    context: RequestContext,
    query: RequestEmailChange,
) -> Result<Accepted, QueryError> {
    let email = EmailAddress::read(&query.email);
    mailbox(&email)?;
    prove(&desk, &context, query.user, query.password).await?;
    mail::ask(&desk, &context, MailKind::ChangeEmail, &email, Some(query.user)).await?;
    Ok(Accepted {})
}

pub(crate) async fn confirm(desk: Desk, context: RequestContext, query: ConfirmEmail) -> Result<Accepted, QueryError> {
    let (pool, code) = (&desk.credentials.pool, MailCode::read(&query.code));
    let found = store::code(pool, &code).await?.ok_or(INVALID_CODE)?;
    let email = EmailAddress::read(&found.address);
    match found.kind.as_str() {
        "verify_email" if store::verify_email(pool, &code, mailbox(&email)?).await? => {}
        "change_email" => match store::change_email(pool, &code, mailbox(&email)?).await? {
            store::EmailChange::Done { notice } => mail::look_up_beside(&desk, &context, notice),
            store::EmailChange::Taken => return Err(EMAIL_NOT_CHANGED.into()),
            store::EmailChange::InvalidCode => return Err(INVALID_CODE.into()),
        },
        _ => return Err(INVALID_CODE.into()),
    }
    outbox::send(pool, &context.commands, found.user).await?;
    Ok(Accepted {})
}

pub(crate) async fn reauthenticate(
    desk: Desk,
    context: RequestContext,
    query: Reauthenticate,
) -> Result<Reauthenticated, QueryError> {
    prove(&desk, &context, query.user, query.password).await?;
    Ok(Reauthenticated {})
}

/// That somebody knows the present password. Who does not is counted as if they had tried to log in.
///
/// # Errors
/// `wrong_password`, `too_many_failures`, `busy`.
pub(crate) async fn prove(
    desk: &Desk,
    context: &RequestContext,
    user: UserId,
    password: String,
) -> Result<Proven, QueryError> {
    let pool = &desk.credentials.pool;
    let proven = store::credential(pool, user).await?.ok_or(WRONG_PASSWORD)?;
    let attempts = Attempts::of(&EmailAddress::read(&proven.email));
    attempts.check(pool).await?;
    let password = Password::read(password);
    match desk.credentials.passwords.verify(password, Some(proven.password_hash.clone())).await? {
        Verdict::Right { .. } => Ok(proven),
        Verdict::Wrong => {
            attempts.failed(pool, Some(user), None).await?;
            outbox::send_beside(pool, &context.commands, user);
            Err(WRONG_PASSWORD.into())
        }
    }
}

fn mailbox(email: &EmailAddress) -> Result<&Mailbox, Rejection> {
    email.mailbox().map_err(|detail| {
        Rejection::violations(vec![Violation { pointer: "/email".to_owned(), detail: detail.to_owned() }])
    })
}
