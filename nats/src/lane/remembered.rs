//! What a lane remembers of its tables.

use crate::sql::tables;

/// Rows, in at most so many bytes. What is remembered is right because the lane alone writes it, so it goes with a batch
/// that fails, and with the lane.
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

    /// The lane is to be taken: another owner may have changed every row meanwhile.
    pub(crate) fn forget_with_lane(&mut self) {
        self.rows = S::default();
    }

    /// A batch has failed: what is remembered may never have been written.
    pub(crate) fn forget_with_batch(&mut self) {
        self.rows = S::default();
    }

    /// After a batch: forgets what is beyond the bound. Gives the bytes that are left.
    pub(crate) fn shrink(&mut self) -> usize {
        tables::committed(&mut self.rows, self.bound);
        tables::bytes(&mut self.rows)
    }
}
