//! Live delivery over real connections, with a hub that the test feeds.

mod fixture;
mod resuming;
mod sessions;
mod slow;
mod streams;
mod topics;
mod unheard;
mod unknown;
mod wrong;
