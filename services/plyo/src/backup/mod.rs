//! A backup while the platform works, and the way back.
//!
//! It has two halves, the streams and the tables, and cannot have both of one moment. So it is taken in an order in which
//! whatever falls between them heals:
//!
//! 1. The commands. Nothing that was acknowledged before the backup is lost by that: a command leaves its stream only when
//!    the transaction that handled it is committed and what it came to is in `EVENTS`, and both are taken later.
//! 2. The tables. They are of no later moment than `EVENTS`, which is the case that a lane heals by itself when it is taken:
//!    it folds what its tables lack. A command that is in the stream and was handled all the same is known by its id: from
//!    `handled`, or from the event that it came to. Redis counts and caches; it is no part of this.
//! 3. `DEAD`. A dead letter is published after the transaction that gives a message up, so it is here or in an outbox.
//! 4. `EVENTS`.
//! 5. `SCHEDULE`, last, so that it has every timer that an event in `EVENTS` tells of, and all that has fired and `EVENTS`
//!    lacks: that is taken from it when both are back, and what `EVENTS` has is not taken twice. What changed in it while its
//!    snapshot was taken is kept beside it (`nats/src/operate/backup/timers.rs`).
//!
//! Each service's tables are a dump of `pg_dump`, which takes just its schemas, of one moment, out of a server that it need
//! not own, and which a newer Postgres on another machine takes, too; a base backup is of a whole cluster, its other databases
//! included, and wants the same version and a replica's rights. A stream's snapshot is what the broker makes of it.

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

/// Says from time to time how much of something is done.
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
