//! All tables of a service together: the state that a lane works on, and remembers.

use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::statement::{Found, Statement};
#[cfg(any(test, feature = "testing"))]
use super::stored::MemoryTables;
use crate::failure::{Failure, sql};

/// One table as a lane sees it: [`Rows`](crate::sql::Rows) or [`Best`](crate::sql::Best).
pub trait Table: Send {
    fn name(&self) -> &'static str;
    /// The first column of its key: whom or what a row is about.
    fn subject_column(&self) -> &'static str;
    /// Starts a new round of `needs`.
    fn forget_wants(&mut self);
    /// Adds wanted, unknown rows to a read statement.
    fn ask(&mut self, statement: &mut Statement);
    /// Takes the rows from the result.
    fn take(&mut self, found: &mut Found) -> Result<(), Failure>;
    /// Adds changes to a write statement.
    fn write(&self, statement: &mut Statement);
    fn is_changed(&self) -> bool;
    /// The changes are committed.
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

/// A struct of tables, read by a service's decisions and changed by its `evolve`.
pub trait Tables: Default + Send + 'static {
    /// Each table. Destructure the struct to list them, so that none can be forgotten.
    fn tables(&mut self) -> Vec<&mut dyn Table>;
}

/// The names of a service's tables.
pub(crate) fn names<T: Tables>() -> Vec<&'static str> {
    T::default().tables().iter().map(|table| table.name()).collect()
}

/// Starts another round of `needs`.
pub(crate) fn forget_wants(state: &mut impl Tables) {
    state.tables().into_iter().for_each(Table::forget_wants);
}

/// Reads wanted, unknown rows in one statement; returns whether there were any.
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

/// Writes all changes in one statement.
pub(crate) async fn save(state: &mut impl Tables, db: &mut PgConnection) -> Result<(), Failure> {
    let mut statement = Statement::default();
    state.tables().iter().filter(|table| table.is_changed()).for_each(|table| table.write(&mut statement));
    if statement.is_empty() { Ok(()) } else { statement.write(db).await }
}

/// Deletes every row about these subjects, but for those of the tables that are kept. None of them may be remembered.
pub(crate) async fn erase<T: Tables>(db: &mut PgConnection, subjects: &[Uuid], kept: &[&str]) -> Result<(), Failure> {
    let mut tables = T::default();
    let tables = tables.tables();
    let tables = tables.iter().filter(|table| !kept.contains(&table.name()));
    let parts: Vec<String> = tables
        .enumerate()
        .map(|(number, table)| {
            let (name, column) = (table.name(), table.subject_column());
            format!("part{number} AS (DELETE FROM {name} WHERE {column} = ANY($1))")
        })
        .collect();
    if parts.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(AssertSqlSafe(format!("WITH {} SELECT", parts.join(",\n")))).bind(subjects);
    query.execute(db).await.map_err(sql("erase rows"))?;
    Ok(())
}

/// The transaction is committed: changes are remembered, as far as they fit into this many bytes.
pub(crate) fn committed(state: &mut impl Tables, bound: usize) {
    let mut tables = state.tables();
    tables.iter_mut().for_each(|table| table.committed());
    let bytes: usize = tables.iter().map(|table| table.bytes()).sum();
    if bytes <= bound / 2 {
        return;
    }
    // Each keeps a share of the bound in proportion to its size.
    for table in tables {
        let share = (bound as u128 * table.bytes() as u128 / bytes.max(1) as u128) as usize;
        table.shrink(share);
    }
}

pub(crate) fn bytes(state: &mut impl Tables) -> usize {
    state.tables().iter().map(|table| table.bytes()).sum()
}
