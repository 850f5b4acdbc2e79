//! How good the coach is, measured on training logs and in a simulation: pure over rows.

pub mod ablation;
pub mod choice;
pub mod evaluate;
pub mod explain;
pub mod figures;
pub mod log;
pub mod obedient;
pub mod replay;
pub mod safety;
pub mod simulation;
pub mod train;
