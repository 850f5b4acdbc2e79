//! Backup of a running platform, and restore.
//!
//! It has two halves, the streams and the tables, which cannot be of the same moment. So it is taken in an order in which
//! any difference between them heals:
//!
//! 1. The commands. Nothing that was acknowledged before the backup is lost by that: a command leaves its stream only when
//!    the transaction that handled it is committed and its events are in `EVENTS`, and both are taken later.
//! 2. The tables. They are not newer than `EVENTS`, which a lane heals when it is taken: it folds what its tables lack. A
//!    command that is still in the stream but was handled is recognised by its id: in `handled`, or from its event. Redis
//!    only counts and caches; it is not included.
//! 3. `DEAD`. A dead letter is published after the transaction that gives a message up, so it is here or in an outbox.
//! 4. `EVENTS`.
//! 5. `SCHEDULE`, after it, so that it has every timer set by an event in `EVENTS`, and all fired ones that `EVENTS` lacks:
//!    those are sourced after the restore, and none twice. Changes during its snapshot are saved separately
//!    (`nats/src/operate/backup/timers.rs`).
//! 6. The pictures of people, after the tombstones of those who are erased meanwhile. Exports are not included: they are there
//!    for a day.
//!
//! Each service's tables are dumped by `pg_dump`: just its schemas, at one moment, from a shared server, and restorable to
//! a newer Postgres on another machine; a base backup is of a whole cluster including other databases, and needs the same
//! version and replication rights. A stream's snapshot is made by the broker.

mod files;
mod libpq;
mod manifest;
mod restore;
mod tables;
mod take;

pub(crate) use restore::{Halves, restore};
pub(crate) use take::take;

use std::time::{Duration, Instant};

use plyo_nats::streams;

use crate::services::{self, SERVICES};

/// The streams that commands wait in.
fn command_streams() -> Vec<String> {
    services::names(SERVICES).into_iter().map(streams::commands).collect()
}

/// Reports progress from time to time.
struct Progress {
    what: String,
    bytes: u64,
    told: Instant,
}

/// How often.
const TELLING: Duration = Duration::from_secs(2);

impl Progress {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), bytes: 0, told: Instant::now() }
    }

    fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        if self.told.elapsed() >= TELLING {
            eprintln!("{}: {} so far", self.what, megabytes(self.bytes));
            self.told = Instant::now();
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
