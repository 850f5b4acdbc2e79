//! Accounts of Plyo: sign-up, log-in, sessions.
//!
//! It owns two schemas: `user`, a fold of its own `user.registered` and `session.revoked`, and `user_credentials`,
//! which holds e-mails, password hashes, refresh tokens and signing keys. Nothing of the latter enters a stream:
//! sign-up, log-in, refresh and log-out are queries.

mod credentials;
mod domain;
mod passwords;
mod queries;
mod reactor;
mod store;
mod tokens;

use plyo_events::user::{Jwks, LogIn, LogOut, Me, PrepareSignUp, Refresh};
use plyo_nats::{Context, Service};

pub use credentials::Credentials;

/// The user service.
pub fn service(credentials: Credentials) -> Service {
    Service::new(reactor::Accounts)
        .answer::<PrepareSignUp, _, _>(with(&credentials, queries::prepare))
        .answer::<LogIn, _, _>(with(&credentials, queries::log_in))
        .answer::<Refresh, _, _>(with(&credentials, queries::refresh))
        .answer::<LogOut, _, _>(with(&credentials, queries::log_out))
        .answer::<Me, _, _>(with(&credentials, queries::me))
        .answer::<Jwks, _, _>(with(&credentials, queries::jwks))
}

/// A handler that also gets the credentials.
fn with<Q, Answer>(
    credentials: &Credentials,
    handler: fn(Credentials, Context, Q) -> Answer,
) -> impl Fn(Context, Q) -> Answer + Clone + use<Q, Answer> {
    let credentials = credentials.clone();
    move |context, query| handler(credentials.clone(), context, query)
}
