//! Where a lane stands.

use jiff::Timestamp;
use uuid::Uuid;

/// The position in a lane's row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position {
    /// The last sequence of `EVENTS` that is applied to the tables.
    pub applied: u64,
    /// The last handled sequence of the command stream.
    pub commands: u64,
    /// When the message at `applied` was stored; `None` if unknown.
    pub applied_at: Option<Timestamp>,
    /// The last sequence at which an own event is confirmed in `EVENTS`.
    pub confirmed: u64,
    /// The id of the message at `confirmed`; `None` if unknown.
    pub confirmed_id: Option<Uuid>,
    /// When the streams were created, recorded on the lane's first run.
    pub events_created: String,
    pub commands_created: String,
    /// By partition, how far another lane was ahead when the number of lanes changed; empty if none was.
    pub events_ahead: Vec<u64>,
    pub commands_ahead: Vec<u64>,
}

/// The position of a lane, now or once a batch is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    pub applied: u64,
    pub applied_at: Option<Timestamp>,
    pub commands: u64,
}

/// The position of an owned lane: what the next commit writes, and what was written.
pub(crate) struct OwnedPosition {
    pub now: Position,
    pub written: Reached,
}

impl Position {
    pub(crate) const fn reached(&self) -> Reached {
        let Self { applied, applied_at, commands, .. } = *self;
        Reached { applied, applied_at, commands }
    }

    /// How far the events of a partition are applied: another lane may once have been further.
    pub(crate) fn applied(&self, partition: u8) -> u64 {
        self.events_ahead.get(usize::from(partition)).copied().unwrap_or(0).max(self.applied)
    }

    /// How far the commands of a partition are handled.
    pub(crate) fn handled(&self, partition: u8) -> u64 {
        self.commands_ahead.get(usize::from(partition)).copied().unwrap_or(0).max(self.commands)
    }
}

impl OwnedPosition {
    pub(crate) const fn new(now: Position) -> Self {
        let written = now.reached();
        Self { now, written }
    }

    /// What the transaction of a batch up to this position writes.
    pub(crate) const fn to_commit(&self, reached: Reached) -> Reached {
        reached
    }

    /// Records the lane's position, not yet written.
    pub(crate) const fn advance(&mut self, reached: Reached) {
        let Reached { applied, applied_at, commands } = reached;
        (self.now.applied, self.now.applied_at, self.now.commands) = (applied, applied_at, commands);
    }

    /// Records what a batch's transaction has written.
    pub(crate) const fn committed(&mut self, reached: Reached) {
        self.advance(reached);
        self.saved();
    }

    /// Records that everything is written.
    pub(crate) const fn saved(&mut self) {
        self.written = self.now.reached();
    }

    pub(crate) fn is_saved(&self) -> bool {
        self.now.reached() == self.written
    }
}
