//! The models that learn, each with its state and a constant cost per event. None knows another; [`super::state`] joins them.

pub mod bandit;
pub mod conformal;
pub mod effort;
pub mod experts;
pub mod gaussian;
pub mod habits;
pub mod layoff;
pub mod load;
pub mod muscles;
pub mod regressor;
pub mod strength;
pub mod time;
