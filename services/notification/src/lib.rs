//! In-app notifications: what a user is told, by their preferences, each with its reason, and retracted when its cause no
//! longer holds.

#![deny(clippy::disallowed_methods, reason = "time comes from the message")]

mod domain;
mod queries;
mod reactor;
mod store;

use plyo_events::notification::{CountNotifications, GetPreferences, ListNotifications};
use plyo_nats::Service;

/// The notification service.
pub fn service() -> Service {
    Service::new(reactor::Notifications)
        .answer::<ListNotifications, _, _>(queries::list)
        .answer::<CountNotifications, _, _>(queries::counts)
        .answer::<GetPreferences, _, _>(queries::preferences)
}
