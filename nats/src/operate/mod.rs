//! What operators do beside the services that run: dead letters, folding again and comparing, looking for damage, backups,
//! another number of lanes.

pub mod backup;
pub mod dead;
pub mod deep;
pub mod lanes;
pub mod replay;
mod tables_check;
