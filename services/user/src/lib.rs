//! Accounts of Plyo: sign-up, log-in, sessions.
//!
//! It owns two schemas: `user`, a fold of its own `user.registered` and `session.revoked`, and `user_credentials`,
//! which holds e-mails, password hashes, refresh tokens and signing keys. Nothing of the latter enters a stream:
//! sign-up, log-in, refresh and log-out are requests.

mod credentials;
mod domain;
mod passwords;
mod queries;
mod reactor;
mod store;
mod tokens;

use std::future::{Ready, ready};

use futures_util::future::Either;
use plyo_events::user::{Jwks, LogIn, LogOut, Me, PrepareSignUp, Refresh};
use plyo_nats::{QueryError, Service};

pub use credentials::Credentials;

/// The user service. Without its credential store it says what it is, and whoever asks it something is to ask again.
pub fn service(credentials: Option<Credentials>) -> Service {
    Service::new(reactor::Accounts)
        .handle::<PrepareSignUp, _, _>(with(&credentials, queries::prepare))
        .handle::<LogIn, _, _>(with(&credentials, queries::log_in))
        .handle::<Refresh, _, _>(with(&credentials, queries::refresh))
        .handle::<LogOut, _, _>(with(&credentials, queries::log_out))
        .answer::<Me, _, _>(with(&credentials, queries::me))
        .answer::<Jwks, _, _>(with(&credentials, queries::jwks))
}

/// A handler that also gets the credentials.
fn with<C, Q, A, Answer>(
    credentials: &Option<Credentials>,
    handler: fn(Credentials, C, Q) -> Answer,
) -> impl Fn(C, Q) -> Either<Answer, Ready<Result<A, QueryError>>> + Clone + use<C, Q, A, Answer>
where
    Answer: Future<Output = Result<A, QueryError>>,
{
    let credentials = credentials.clone();
    move |context, question| match &credentials {
        Some(credentials) => Either::Left(handler(credentials.clone(), context, question)),
        None => Either::Right(ready(Err(credentials::try_again().into()))),
    }
}
