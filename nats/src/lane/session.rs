//! The Postgres session with a lane's lock: the ownership of the lane.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use crate::{failure::Failure, sql::database};

/// The session ends on its own when its process stops.
const TIMEOUT: &str = "10s";
/// Keep-alive interval, shorter than that.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(2);

pub(crate) struct Session {
    pub connection: PgConnection,
    last_contact: Instant,
}

/// Opens the connection that will hold the lock.
pub(crate) async fn connect(dsn: &str, service: &str) -> Result<PgConnection, Failure> {
    let options = database::options(dsn, &database::search_path(service)).map_err(Failure::Lost)?;
    let options = database::by_key(options).application_name(&format!("plyo {service} lane")).options([
        ("idle_session_timeout", TIMEOUT),
        ("idle_in_transaction_session_timeout", TIMEOUT),
        ("tcp_user_timeout", TIMEOUT),
    ]);
    database::connect(&options).await.map_err(Failure::Unavailable)
}

impl Session {
    pub(crate) fn new(connection: PgConnection) -> Self {
        Self { connection, last_contact: Instant::now() }
    }

    /// Records that it was used.
    pub(crate) fn contacted(&mut self) {
        self.last_contact = Instant::now();
    }

    /// Whether it was idle for so long that it might end.
    pub(crate) fn is_overdue(&self) -> bool {
        self.last_contact.elapsed() > PING_INTERVAL
    }

    /// Keep-alive during long work that does not use it.
    pub(crate) async fn keep_alive(&mut self) -> Result<(), Failure> {
        if self.is_overdue() {
            database::ping(&mut self.connection).await?;
            self.contacted();
        }
        Ok(())
    }
}
