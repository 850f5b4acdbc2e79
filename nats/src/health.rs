//! Whether a service's write side runs, and why not.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

/// What a lane is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "lane")]
pub enum LaneState {
    /// It has not tried to lock yet.
    Starting,
    /// Another instance holds the lane; this one tries once a second.
    StandingBy,
    /// This instance works.
    Owning {
        /// Notes for operators: the tables were behind `EVENTS`, or messages are missing from it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    },
    /// It dropped the lane and will try again; the reason is for operators.
    Failed { reason: String },
}

/// The state of one service in this process, lane by lane, shared with its endpoints.
#[derive(Clone, Debug)]
pub struct Health {
    lanes: Arc<Mutex<Vec<LaneState>>>,
    effects: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

impl Default for Health {
    fn default() -> Self {
        Self { lanes: Arc::new(Mutex::new(vec![LaneState::Starting])), effects: Arc::default() }
    }
}

impl Health {
    /// Each lane's state.
    pub fn lanes(&self) -> Vec<LaneState> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The effects that cannot go on, each with its reason.
    pub fn waiting_effects(&self) -> BTreeMap<&'static str, String> {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The state of the service: that of its worst lane.
    pub fn lane(&self) -> LaneState {
        let badness = |lane: &LaneState| match lane {
            LaneState::Failed { .. } => 3,
            LaneState::Starting => 2,
            LaneState::StandingBy => 1,
            LaneState::Owning { .. } => 0,
        };
        self.lanes().into_iter().max_by_key(badness).unwrap_or(LaneState::Starting)
    }

    /// Every lane is owned here or could be taken over, and no effect is waiting.
    pub fn ready(&self) -> bool {
        matches!(self.lane(), LaneState::Owning { .. } | LaneState::StandingBy) && self.waiting_effects().is_empty()
    }

    /// Sets the number of lanes; their state is unknown.
    pub(crate) fn begin(&self, lanes: usize) {
        *self.lanes.lock().unwrap_or_else(PoisonError::into_inner) = vec![LaneState::Starting; lanes];
    }

    pub(crate) fn set(&self, lane: u8, state: LaneState) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = lanes.get_mut(usize::from(lane)) {
            *slot = state;
        }
    }

    /// Why an effect cannot go on, if it cannot.
    pub(crate) fn set_effect(&self, name: &'static str, reason: Option<String>) {
        let mut effects = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
        match reason {
            Some(reason) => effects.insert(name, reason),
            None => effects.remove(name),
        };
    }
}
