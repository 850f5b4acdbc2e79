//! Whether a service's write side runs, and why not.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What a lane is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "lane")]
pub enum LaneState {
    /// It has not tried the lock yet.
    Starting,
    /// Another instance holds the lane; this one tries once a second.
    StandingBy,
    /// This instance works.
    Owning,
    /// It dropped the lane and will try again; the reason is for operators.
    Failed { reason: String },
}

/// The state of one service in this process, shared with whoever answers for it.
#[derive(Clone, Debug)]
pub struct Health(Arc<Mutex<LaneState>>);

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LaneState::Starting)))
    }
}

impl Health {
    pub fn lane(&self) -> LaneState {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Working, or ready to take over.
    pub fn ready(&self) -> bool {
        matches!(self.lane(), LaneState::Owning | LaneState::StandingBy)
    }

    pub(crate) fn set(&self, state: LaneState) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
