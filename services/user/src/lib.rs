//! Accounts: sign-up, log-in, sessions, and who somebody is.
//!
//! Its credentials live in a schema of their own and never enter a stream; what the others know of an account is
//! `user.registered` and `session.revoked`.

mod credentials;
mod passwords;
mod queries;
mod reactor;
mod store;
mod tokens;

pub use credentials::Credentials;

use plyo_events::user::{Jwks, LogIn, LogOut, Me, PrepareSignUp, Refresh};
use plyo_nats::Service;

/// The user service.
pub fn service(credentials: Credentials) -> Service {
    let with = || credentials.clone();
    let (prepare, log_in, refresh, log_out, me, jwks) = (with(), with(), with(), with(), with(), with());
    Service::new(reactor::Accounts)
        .answer::<PrepareSignUp, _, _>(move |context, query| queries::prepare(prepare.clone(), context, query))
        .answer::<LogIn, _, _>(move |context, query| queries::log_in(log_in.clone(), context, query))
        .answer::<Refresh, _, _>(move |context, query| queries::refresh(refresh.clone(), context, query))
        .answer::<LogOut, _, _>(move |context, query| queries::log_out(log_out.clone(), context, query))
        .answer::<Me, _, _>(move |context, query| queries::me(me.clone(), context, query))
        .answer::<Jwks, _, _>(move |_, query| queries::jwks(jwks.clone(), query))
}
