//! Pure types and decisions, in reading order: what comes in, what is known beforehand, what is learnt, what is proposed.

pub mod event;
pub mod exercise;
pub mod global;
pub mod models;
pub mod profile;
pub mod reasons;
pub mod recommend;
pub mod safety;
pub mod state;
pub mod texts;
