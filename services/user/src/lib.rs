//! Accounts: registrations, profiles, ended sessions, roles, suspensions and the log of who did what about them, and the end of
//! accounts.
//!
//! It owns the schema `user`, a fold of its own events. The unfolded part, for log-in, is in the crate `identity`, which answers
//! under this service's name.

#![deny(clippy::disallowed_methods, reason = "time comes from the message")]

mod domain;
mod queries;
mod reactor;
mod store;

use plyo_events::{administration::ListActs, erasure::GetErasure, export::GetExport};
use plyo_nats::Service;

pub use queries::{accounts, profile};

/// The user service.
pub fn service() -> Service {
    Service::new(reactor::Accounts)
        .answer::<GetErasure, _, _>(queries::erasure)
        .answer::<GetExport, _, _>(queries::export)
        .answer::<ListActs, _, _>(queries::acts)
}
