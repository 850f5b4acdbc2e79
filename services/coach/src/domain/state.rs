//! What the coach remembers of a person. [`Training`] is fed by workouts alone, [`Guidance`] by the coach's own proposals
//! alone, so that the order in which the two reach the coach does not matter. [`History`] keeps the workouts in order.

mod away;
pub mod guidance;
pub mod history;
pub mod lift;
pub mod stored;
#[cfg(test)]
mod tests;
pub mod top_set;
pub mod training;

pub use self::{
    guidance::Guidance,
    history::History,
    lift::Lift,
    top_set::{Asked, TopSet},
    training::{Ask, Forecast, Knowledge, Lifted, Training},
};
