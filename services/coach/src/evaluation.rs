//! How good the coach is, measured on training logs and in a simulation: pure over rows.

pub mod figures;
pub mod log;
pub mod replay;
pub mod simulation;
pub mod train;
