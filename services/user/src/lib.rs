//! Accounts: registrations, profiles, ended sessions and exports.
//!
//! It owns the schema `user`, a fold of its own `user.registered`, `user.profile_changed`, `session.revoked` and exports. The unfolded part, for log-in, is
//! in the crate `identity`, which answers under this service's name.

#![deny(clippy::disallowed_methods, reason = "time comes from the message")]

mod domain;
mod queries;
mod reactor;
mod store;

use plyo_events::export::GetExport;
use plyo_nats::Service;

pub use queries::profile;

/// The user service.
pub fn service() -> Service {
    Service::new(reactor::Accounts).answer::<GetExport, _, _>(queries::export)
}
