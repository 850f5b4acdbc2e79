//! One test binary for everything: stories against real servers that each test owns.

#![allow(clippy::unwrap_used)]

mod account_stories;
mod auth_stories;
mod child;
mod cluster_stories;
mod command_line;
mod contracts;
mod crash_stories;
mod dead_event_stories;
mod demo_stories;
mod edge_stories;
mod edges;
mod effect_stories;
mod ground;
mod kill_stories;
mod lane_stories;
mod layout;
mod ledger;
mod limit_stories;
mod listeners;
mod loop_stories;
mod older_half_stories;
mod operator_stories;
mod owner_stories;
mod people;
mod platform;
mod poison_stories;
mod reaction_stories;
mod recovery_stories;
mod recurring_stories;
mod reminder_stories;
mod replay_stories;
mod settings_stories;
mod sink_stories;
mod sixth_service_stories;
mod socket_stories;
mod storm;
mod surface_stories;
mod tally;
mod token_stories;
mod unknown_stories;
mod versions_stories;
mod wire;
mod work_queue_stories;
mod world;
