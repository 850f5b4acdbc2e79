//! Tables in memory, for a lane without a database.

use std::{any::Any, collections::BTreeMap, fmt};

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::{row::Row, statement::columns, value::Cells};

/// The rows of a service, by table: in place of Postgres.
#[derive(Default)]
pub struct MemoryTables(BTreeMap<&'static str, Box<dyn MemoryTable>>);

trait MemoryTable: Any {
    fn lines(&self) -> Vec<String>;
}

impl<K: 'static, R: fmt::Debug + 'static> MemoryTable for FxHashMap<K, R> {
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.values().map(|row| format!("{row:?}")).collect();
        lines.sort_unstable();
        lines
    }
}

impl MemoryTables {
    /// The rows of a table, in no order.
    pub fn rows<R: Row>(&self) -> impl Iterator<Item = &R> {
        self.table::<R>().into_iter().flat_map(FxHashMap::values)
    }

    pub fn row<R: Row>(&self, key: &R::Key) -> Option<&R> {
        self.table::<R>()?.get(key)
    }

    /// Replaces or removes a row.
    ///
    /// # Panics
    /// When Postgres would return another row than was written (such as a time with nanoseconds): a lane that remembers it
    /// would decide differently from one that reads it.
    pub(crate) fn write<R: Row>(&mut self, key: &R::Key, row: Option<&R>) {
        let table = self.0.entry(R::TABLE).or_insert_with(|| Box::<FxHashMap<R::Key, R>>::default());
        let table: &mut dyn Any = &mut **table;
        let table: &mut FxHashMap<R::Key, R> = table.downcast_mut().expect("one kind of rows to a table");
        let Some(row) = row else { return drop(table.remove(key)) };
        let read = read_back(row).expect("what was written can be read");
        assert_eq!(read, *row, "a row of {} changed between write and read", R::TABLE);
        table.insert(key.clone(), read);
    }

    fn table<R: Row>(&self) -> Option<&FxHashMap<R::Key, R>> {
        let table: &dyn Any = &**self.0.get(R::TABLE)?;
        table.downcast_ref()
    }
}

/// The row as read back after being written.
fn read_back<R: Row>(row: &R) -> Result<R> {
    let mut values = columns(R::COLUMNS.len());
    row.put(&mut values);
    let mut record = i32::try_from(values.len())?.to_be_bytes().to_vec();
    for (value, column) in values.iter().zip(R::COLUMNS) {
        record.extend(column.oid.to_be_bytes());
        record.extend(value.elements());
    }
    R::get(&mut Cells::new(&record, values.len())?)
}

/// All rows, one line each, sorted: equal tables give equal text.
impl fmt::Display for MemoryTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.values().flat_map(|table| table.lines()).try_for_each(|line| writeln!(f, "{line}"))
    }
}
