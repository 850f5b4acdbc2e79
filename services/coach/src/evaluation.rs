//! How good the coach is, measured on training logs and in a simulation: pure over rows.
