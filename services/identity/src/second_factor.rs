//! Authenticator apps and recovery codes. A code is good once: the step of time that it is of, or the recovery code, is used up in one
//! statement.

mod store;

use anyhow::{Context as _, Result, anyhow};
use jiff::Timestamp;
use plyo_events::{
    EmailAddress, UserId,
    user::{
        Accepted, ConfirmTotp, EnrolTotp, INVALID_CODE, NO_SECOND_FACTOR, RecoveryCodes, RemoveTotp,
        SECOND_FACTOR_EXISTS, SECOND_FACTOR_REQUIRED, TotpEnrolment, WRONG_SECOND_FACTOR,
    },
};
use plyo_nats::{QueryError, RequestContext};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use totp_rs::{Builder, Secret, Totp};

use crate::{Desk, attempts::Attempts, changes, outbox};

/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;
/// What they are made of: nothing that looks like something else. 32 of them, so five bits each.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

pub(crate) async fn enrol(desk: Desk, context: RequestContext, query: EnrolTotp) -> Result<TotpEnrolment, QueryError> {
    let proven = changes::prove(&desk, &context, query.user, query.password).await?;
    let secret: [u8; 20] = rand::random();
    if !store::enrol(&desk.credentials.pool, query.user, &secret).await? {
        return Err(SECOND_FACTOR_EXISTS.into());
    }
    // A colon would part the name from the issuer.
    let app = totp(&secret, &proven.email.replace(':', "_"))?;
    let url = app.to_url().map_err(|error| anyhow!("the URL of an app: {error:?}"))?;
    Ok(TotpEnrolment { secret: app.secret().to_base32(), url })
}

pub(crate) async fn confirm(
    desk: Desk,
    context: RequestContext,
    query: ConfirmTotp,
) -> Result<RecoveryCodes, QueryError> {
    let pool = &desk.credentials.pool;
    let found = store::of_user(pool, query.user).await?.ok_or(NO_SECOND_FACTOR)?;
    if found.is_confirmed {
        return Err(SECOND_FACTOR_EXISTS.into());
    }
    let step = step_of(&found.secret, &query.code)?.ok_or(INVALID_CODE)?;
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let hashes: Vec<[u8; 32]> = codes.iter().map(|code| hash(code)).collect();
    if !store::confirm(pool, query.user, &found.secret, step, &hashes).await? {
        return Err(INVALID_CODE.into());
    }
    outbox::send(pool, &context.commands, query.user).await?;
    Ok(RecoveryCodes { recovery_codes: codes })
}

pub(crate) async fn remove(desk: Desk, context: RequestContext, query: RemoveTotp) -> Result<Accepted, QueryError> {
    changes::prove(&desk, &context, query.user, query.password).await?;
    if !store::remove(&desk.credentials.pool, query.user).await? {
        return Err(NO_SECOND_FACTOR.into());
    }
    outbox::send(&desk.credentials.pool, &context.commands, query.user).await?;
    Ok(Accepted {})
}

/// Shows it again, outside a log-in. False if there is none.
///
/// # Errors
/// `too_many_failures`, and those of [`check`].
pub(crate) async fn show(pool: &PgPool, user: UserId, code: &str) -> Result<bool, QueryError> {
    let email = EmailAddress::read(&changes::credential(pool, user).await?.ok_or(NO_SECOND_FACTOR)?.email);
    let attempts = Attempts::of(&email);
    attempts.check(pool).await?;
    let was_shown = check(pool, user, &email, Some(code)).await?;
    if was_shown {
        attempts.succeeded(pool).await?;
    }
    Ok(was_shown)
}

/// As [`check`], for a log-in: one that is refused is told.
pub(crate) async fn of_log_in(
    desk: &Desk,
    context: &RequestContext,
    user: UserId,
    email: &EmailAddress,
    code: Option<&str>,
) -> Result<bool, QueryError> {
    let checked = check(&desk.credentials.pool, user, email, code).await;
    if checked.is_err() {
        outbox::send_beside(&desk.credentials.pool, &context.commands, user);
    }
    checked
}

/// What a log-in whose password was right needs besides. False if there is nothing to show.
///
/// # Errors
/// `second_factor_required`, `wrong_second_factor`; the latter counts as a log-in that failed.
pub(crate) async fn check(
    pool: &PgPool,
    user: UserId,
    email: &EmailAddress,
    code: Option<&str>,
) -> Result<bool, QueryError> {
    let Some(found) = store::of_user(pool, user).await?.filter(|found| found.is_confirmed) else { return Ok(false) };
    let code = code.ok_or(SECOND_FACTOR_REQUIRED)?;
    let is_right = match step_of(&found.secret, code)? {
        Some(step) => store::use_step(pool, user, step).await?,
        None => store::use_recovery_code(pool, user, &hash(code)).await?,
    };
    if is_right {
        return Ok(true);
    }
    Attempts::of(email).failed(pool, Some(user), None).await?;
    Err(WRONG_SECOND_FACTOR.into())
}

/// The step of time that a code of the app is of: this one or a neighbour, since clocks differ.
fn step_of(secret: &[u8; 20], code: &str) -> Result<Option<i64>> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let now = u64::try_from(Timestamp::now().as_second()).context("the clock")?;
    totp(secret, "plyo")?.check(&code, now).map(|step| i64::try_from(step).context("a step of time")).transpose()
}

/// As all apps know it: SHA-1, six digits, 30 seconds.
fn totp(secret: &[u8; 20], account: &str) -> Result<Totp> {
    let built = Builder::new()
        .with_secret(Secret::new(Box::new(*secret)))
        .with_account_name(account)
        .with_issuer(Some("Plyo"))
        .build();
    built.map_err(|error| anyhow!("an authenticator app: {error:?}"))
}

/// 80 random bits: `xxxx-xxxx-xxxx-xxxx`.
fn recovery_code() -> String {
    let mut code = String::with_capacity(19);
    for (index, byte) in rand::random::<[u8; 16]>().into_iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    code
}

/// However it is typed.
fn hash(recovery_code: &str) -> [u8; 32] {
    let typed: String = recovery_code.chars().filter(|c| c.is_alphanumeric()).collect();
    Sha256::digest(typed.to_lowercase()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_of_a_step_of_time() {
        let secret = [7; 20];
        let app = totp(&secret, "ada@example.org").unwrap();
        let now = u64::try_from(Timestamp::now().as_second()).unwrap();
        let code = app.generate(now).to_string();
        let step = step_of(&secret, &format!(" {} {} ", &code[..3], &code[3..])).unwrap().unwrap();
        assert!(step.unsigned_abs().abs_diff(now / 30) <= 1);
        assert_eq!(step_of(&secret, &app.generate(now - 300).to_string()).unwrap(), None);
        for wrong in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(step_of(&secret, wrong).unwrap(), None, "{wrong}");
        }
        assert!(app.to_url().unwrap().starts_with("otpauth://totp/Plyo:ada%40example.org?secret="));
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let code = recovery_code();
        assert_eq!(code.len(), 19);
        assert_ne!(code, recovery_code());
        assert_eq!(hash(&code), hash(&code.to_uppercase().replace('-', " ")));
    }
}
