//! What the coach remembers of a person. [`Training`] is fed by workouts alone, [`Guidance`] by the coach's own proposals
//! alone, so that the order in which the two reach the coach does not matter.

pub mod guidance;
pub mod lift;
pub mod training;

pub use self::{
    guidance::Guidance,
    lift::{Lift, TopSet},
    training::{Ask, Forecast, Knowledge, Training},
};
