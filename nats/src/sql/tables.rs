//! All tables of a service together: the state that a lane works on, and remembers.

use sqlx::PgConnection;

use super::statement::{Found, Statement};
#[cfg(any(test, feature = "testing"))]
use super::stored::MemoryTables;
use crate::failure::Failure;

/// One table as a lane sees it: [`Rows`](crate::sql::Rows) or [`Best`](crate::sql::Best).
pub trait Table: Send {
    fn name(&self) -> &'static str;
    /// A new round of `needs` begins.
    fn forget_wants(&mut self);
    /// Adds what is wanted and not known to a statement that reads.
    fn ask(&mut self, statement: &mut Statement);
    /// Takes what was asked for.
    fn take(&mut self, found: &mut Found) -> Result<(), Failure>;
    /// Adds what changed to a statement that writes.
    fn write(&self, statement: &mut Statement);
    fn is_changed(&self) -> bool;
    /// What was written is in the table.
    fn committed(&mut self);
    /// What it remembers.
    fn bytes(&self) -> usize;
    fn shrink(&mut self, bound: usize);

    #[cfg(any(test, feature = "testing"))]
    fn wants(&self) -> bool;
    #[cfg(any(test, feature = "testing"))]
    fn take_from(&mut self, stored: &MemoryTables);
    #[cfg(any(test, feature = "testing"))]
    fn write_to(&self, stored: &mut MemoryTables);
}

/// A struct of tables: what a service's decisions read and its `evolve` changes.
pub trait Tables: Default + Send + 'static {
    /// Each of them. Take the struct apart to name them, so that none can be forgotten.
    fn tables(&mut self) -> Vec<&mut dyn Table>;
}

/// The names of a service's tables.
pub(crate) fn names<T: Tables>() -> Vec<&'static str> {
    T::default().tables().iter().map(|table| table.name()).collect()
}

/// Begins another round of `needs`.
pub(crate) fn forget_wants(state: &mut impl Tables) {
    state.tables().into_iter().for_each(Table::forget_wants);
}

/// Reads what is wanted and not known, in one statement; gives whether anything was.
pub(crate) async fn load(state: &mut impl Tables, db: &mut PgConnection) -> Result<bool, Failure> {
    let mut tables = state.tables();
    let mut statement = Statement::default();
    tables.iter_mut().for_each(|table| table.ask(&mut statement));
    if statement.is_empty() {
        return Ok(false);
    }
    let mut found = statement.read(db).await?;
    for table in tables {
        table.take(&mut found)?;
    }
    Ok(true)
}

/// Writes what changed, in one statement.
pub(crate) async fn save(state: &mut impl Tables, db: &mut PgConnection) -> Result<(), Failure> {
    let mut statement = Statement::default();
    state.tables().iter().filter(|table| table.is_changed()).for_each(|table| table.write(&mut statement));
    if statement.is_empty() { Ok(()) } else { statement.write(db).await }
}

/// The transaction is committed: what was changed is remembered, as far as it fits into so many bytes.
pub(crate) fn committed(state: &mut impl Tables, bound: usize) {
    let mut tables = state.tables();
    tables.iter_mut().for_each(|table| table.committed());
    let bytes: usize = tables.iter().map(|table| table.bytes()).sum();
    if bytes <= bound / 2 {
        return;
    }
    // Each keeps its share of the bound, by what it holds.
    for table in tables {
        let share = (bound as u128 * table.bytes() as u128 / bytes.max(1) as u128) as usize;
        table.shrink(share);
    }
}

pub(crate) fn bytes(state: &mut impl Tables) -> usize {
    state.tables().iter().map(|table| table.bytes()).sum()
}
