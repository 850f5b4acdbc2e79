//! A table as one batch sees it: rows loaded by key, and changed in memory.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use serde::{Serialize, de::DeserializeOwned};

/// A row of a folded table: a plain struct whose fields are the columns, every one always serialised.
pub trait Row: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync {
    const TABLE: &'static str;
    /// The columns of the primary key or of a unique index, in the order of `Key`; the first is `user_id`.
    const KEY: &'static [&'static str];
    /// A tuple of the key's values, also for a single column: `(UserId,)`.
    type Key: Serialize + Clone + Eq + Hash + Send + Sync;

    fn key(&self) -> Self::Key;
}

/// The rows of one table that a batch works on.
#[derive(Debug)]
pub struct Rows<R: Row> {
    rows: HashMap<R::Key, R>,
    changed: HashSet<R::Key>,
    removed: HashSet<R::Key>,
}

impl<R: Row> Default for Rows<R> {
    fn default() -> Self {
        Self { rows: HashMap::new(), changed: HashSet::new(), removed: HashSet::new() }
    }
}

impl<R: Row> FromIterator<R> for Rows<R> {
    /// Rows as they are in the table.
    fn from_iter<I: IntoIterator<Item = R>>(rows: I) -> Self {
        Self { rows: rows.into_iter().map(|row| (row.key(), row)).collect(), ..Self::default() }
    }
}

impl<R: Row> Rows<R> {
    pub fn get(&self, key: &R::Key) -> Option<&R> {
        self.rows.get(key)
    }

    /// Inserts or replaces a row.
    pub fn put(&mut self, row: R) {
        let key = row.key();
        self.removed.remove(&key);
        self.changed.insert(key.clone());
        self.rows.insert(key, row);
    }

    pub fn remove(&mut self, key: &R::Key) {
        self.rows.remove(key);
        self.changed.remove(key);
        self.removed.insert(key.clone());
    }

    /// The rows in memory, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.values()
    }

    /// The rows that changed, and the keys of those that are gone.
    pub(crate) fn into_changes(mut self) -> (Vec<R>, HashSet<R::Key>) {
        let changed = self.changed.iter().filter_map(|key| self.rows.remove(key)).collect();
        (changed, self.removed)
    }
}
