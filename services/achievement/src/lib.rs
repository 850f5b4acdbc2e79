//! Achievements: rules over the stream. A rule is met while its metric is at least its threshold; a correction or deletion
//! that brings the metric below it revokes the achievement.

#![deny(clippy::disallowed_methods, reason = "time comes from the message")]

mod domain;
mod queries;
mod reactor;
mod store;

use plyo_events::achievement::ListAchievements;
use plyo_nats::Service;

/// The achievement service.
pub fn service() -> Service {
    Service::new(reactor::Achievements).answer::<ListAchievements, _, _>(queries::list)
}
