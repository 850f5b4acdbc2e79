//! The connection.
#[derive(Clone)]
pub struct Nats {}
