//! The coach: recommendations with reasons. Its mind is pure: no async, no SQL, no NATS, no clock. [`domain`] is what runs for
//! a person, [`evaluation`] what shows how good it is. Around it: `notes` (a workout as it is kept), `store` (SQL), `reactor`,
//! `queries`, and `wire` (what the mind says as it travels).

#![deny(clippy::disallowed_methods, reason = "time comes from the message")]

pub mod catalogue;
pub mod compare;
pub mod domain;
pub mod evaluation;
mod notes;
mod queries;
mod reactor;
mod store;
mod wire;

use plyo_events::coach::{GetCoachState, GetNextLoad, GetNextSession, GetWhy, ListRecommendations};
use plyo_nats::Service;

/// The coach service.
pub fn service() -> Service {
    Service::new(reactor::Coach)
        .answer::<ListRecommendations, _, _>(queries::list)
        .answer::<GetNextSession, _, _>(queries::next_session)
        .answer::<GetNextLoad, _, _>(queries::next_load)
        .answer::<GetWhy, _, _>(queries::why)
        .answer::<GetCoachState, _, _>(queries::state)
}
