//! How long a live connection waits for what.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// The patience of an edge with its live connections.
#[derive(Clone, Copy, Debug)]
pub struct LiveTimes {
    /// For `hello` after the upgrade.
    pub hello: Duration,
    /// Between two heartbeats. Two that are not answered end a socket.
    pub heartbeat: Duration,
    /// For one write: what takes longer has nobody at its other end.
    pub write: Duration,
}

impl Default for LiveTimes {
    fn default() -> Self {
        Self { hello: Duration::from_secs(5), heartbeat: Duration::from_secs(25), write: Duration::from_secs(30) }
    }
}

/// The moment of a time of day; now when it is past.
pub(super) fn instant(at: Timestamp) -> Instant {
    Instant::now() + Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default()
}
