//! The row memory of a lane.

use crate::sql::tables;

/// Rows, within a limit in bytes. They are never stale because only the lane writes them, so they are forgotten after a
/// failed batch, and with the lane.
pub(crate) struct Remembered<S> {
    rows: S,
    bound: usize,
}

impl<S: tables::Tables> Remembered<S> {
    pub(crate) fn new(bound: usize) -> Self {
        Self { rows: S::default(), bound }
    }

    pub(crate) const fn rows(&mut self) -> &mut S {
        &mut self.rows
    }

    /// Before the lane is taken: another owner may have changed any row meanwhile.
    pub(crate) fn forget_with_lane(&mut self) {
        self.rows = S::default();
    }

    /// After a failed batch: remembered rows may never have been written.
    pub(crate) fn forget_with_batch(&mut self) {
        self.rows = S::default();
    }

    /// After a batch: forgets rows beyond the bound. Returns the remaining bytes.
    pub(crate) fn shrink(&mut self) -> usize {
        tables::committed(&mut self.rows, self.bound);
        tables::bytes(&mut self.rows)
    }
}
