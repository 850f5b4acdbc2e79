//! One test binary for everything: stories against real servers that each test owns.

#![allow(clippy::unwrap_used)]

mod account_stories;
mod child;
mod command_line;
mod contracts;
mod crash_stories;
mod edge_stories;
mod ground;
mod kill_stories;
mod layout;
mod ledger;
mod loop_stories;
mod operator_stories;
mod owner_stories;
mod platform;
mod poison_stories;
mod storm;
mod tally;
