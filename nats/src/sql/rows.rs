//! A table that is read by key: rows that a batch asked for, that the lane remembers, and that the batch changed.

use rustc_hash::FxHashSet;

use super::{
    memory::Memory,
    row::Row,
    statement::{Found, Statement, columns, record, write_changes},
    tables::Table,
};
use crate::failure::Failure;

/// The rows of one table. [`Rows::want`] names the needed keys; other rows cannot be accessed.
#[derive(Debug)]
pub struct Rows<R: Row> {
    /// `None` for a key known to have no row, by a read or a removal.
    known: Memory<R::Key, Option<R>>,
    wanted: FxHashSet<R::Key>,
    /// The part of the current statement that has the rows.
    part: Option<usize>,
    changed: FxHashSet<R::Key>,
    /// Keys that this batch loaded and that are not remembered.
    passing: Vec<R::Key>,
}

impl<R: Row> Default for Rows<R> {
    fn default() -> Self {
        Self {
            known: Memory::default(),
            wanted: FxHashSet::default(),
            part: None,
            changed: FxHashSet::default(),
            passing: Vec::new(),
        }
    }
}

impl<R: Row> Rows<R> {
    /// Asks for the row with this key, or for its absence.
    pub fn want(&mut self, key: R::Key) {
        if self.known.touch(&key).is_none() {
            self.wanted.insert(key);
        }
    }

    /// A row that was wanted, or put.
    ///
    /// # Panics
    /// When `needs` did not ask for it: an unknown row must not pass for absent.
    pub fn get(&self, key: &R::Key) -> Option<&R> {
        match self.known.get(key) {
            Some(row) => row.as_ref(),
            None => panic!("`needs` did not ask for {} {key:?}", R::TABLE),
        }
    }

    /// A row that was wanted, or put; `None` also if nobody asked for it yet: for `needs` that depend on a row.
    pub fn peek(&self, key: &R::Key) -> Option<&R> {
        self.known.get(key)?.as_ref()
    }

    /// Inserts or replaces a row.
    pub fn put(&mut self, row: R) {
        let key = row.key();
        self.changed.insert(key.clone());
        self.know(key, Some(row));
    }

    pub fn remove(&mut self, key: &R::Key) {
        self.changed.insert(key.clone());
        self.know(key.clone(), None);
    }

    fn know(&mut self, key: R::Key, row: Option<R>) {
        let mut heap = 0;
        if R::IS_REMEMBERED {
            // The heap size of a row is not known exactly; its text is most of it.
            heap = row.as_ref().map_or(0, heap_of::<R>);
        } else {
            self.passing.push(key.clone());
        }
        self.known.insert(key, row, heap);
    }
}

/// An estimate of the heap size of a row's fields: the bytes of its columns.
pub(super) fn heap_of<R: Row>(row: &R) -> usize {
    let mut values = columns(R::COLUMNS.len());
    row.put(&mut values);
    values.iter().map(super::value::Column::size).sum()
}

impl<R: Row> Table for Rows<R> {
    fn name(&self) -> &'static str {
        R::TABLE
    }

    fn subject_column(&self) -> &'static str {
        R::COLUMNS[0].name
    }

    fn forget_wants(&mut self) {
        self.wanted.clear();
    }

    fn ask(&mut self, statement: &mut Statement) {
        self.part = None;
        if self.wanted.is_empty() {
            return;
        }
        let key = &R::COLUMNS[..R::KEY_COLUMNS];
        let mut keys = columns(key.len());
        self.wanted.iter().for_each(|wanted| R::put_key(wanted, &mut keys));
        let keys = statement.unnest(key, keys, "k");
        let same: Vec<String> = key.iter().map(|column| format!("t.{0} = k.{0}", column.name)).collect();
        let sql = format!("SELECT {} FROM {keys} JOIN {} t ON {}", record::<R>(), R::TABLE, same.join(" AND "));
        self.part = Some(statement.push(sql));
    }

    fn take(&mut self, found: &mut Found) -> Result<(), Failure> {
        let Some(part) = self.part.take() else { return Ok(()) };
        for row in found.rows::<R>(part)? {
            let key = row.key();
            self.wanted.remove(&key);
            self.know(key, Some(row));
        }
        // A row that was asked for and not returned does not exist.
        for key in std::mem::take(&mut self.wanted) {
            self.know(key, None);
        }
        Ok(())
    }

    fn write(&self, statement: &mut Statement) {
        let rows = || self.changed.iter().map(|key| (key, self.known.get(key).and_then(Option::as_ref)));
        let changed = rows().filter_map(|(_, row)| row);
        let removed = rows().filter_map(|(key, row)| row.is_none().then_some(key));
        write_changes(statement, changed, removed);
    }

    fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    fn committed(&mut self) {
        self.changed.clear();
        for key in self.passing.drain(..) {
            self.known.remove(&key);
        }
    }

    fn bytes(&self) -> usize {
        self.known.bytes()
    }

    fn shrink(&mut self, bound: usize) {
        self.known.shrink(bound);
    }

    #[cfg(any(test, feature = "testing"))]
    fn take_from(&mut self, stored: &super::stored::MemoryTables) {
        for key in std::mem::take(&mut self.wanted) {
            let row = stored.row(&key).cloned();
            self.know(key, row);
        }
    }

    #[cfg(any(test, feature = "testing"))]
    fn wants(&self) -> bool {
        !self.wanted.is_empty()
    }

    #[cfg(any(test, feature = "testing"))]
    fn write_to(&self, stored: &mut super::stored::MemoryTables) {
        for key in &self.changed {
            stored.write(key, self.known.get(key).and_then(Option::as_ref));
        }
    }
}

#[cfg(test)]
mod tests;
