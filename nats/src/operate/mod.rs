//! Operators' tasks: dead letters, rebuild and verify, checks for damage, backups, changing the number of lanes.

pub mod backup;
pub mod dead;
pub mod deep;
pub mod lanes;
pub mod replay;
mod tables_check;
