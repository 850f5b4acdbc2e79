//! A batch's reads and writes: one statement each for all tables, since a round trip costs more than a row.
//!
//! Keys and rows are sent as arrays, one per column. Results are records, so that tables with different columns fit into
//! one result.

use anyhow::Context;
use sqlx::{
    AssertSqlSafe, Encode, PgConnection, Postgres, Row as _, Type,
    encode::IsNull,
    postgres::{PgArgumentBuffer, PgTypeInfo, types::Oid},
};

use super::{
    row::{ColumnType, Row},
    value::{Cells, Column},
};
use crate::failure::{Failure, sql};

/// A column of values as a parameter.
struct Array {
    column: Column,
    element: u32,
    array: u32,
}

impl Type<Postgres> for Array {
    /// A placeholder: the type is the value's own, see `produces`.
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1001))
    }
}

impl Encode<'_, Postgres> for Array {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, sqlx::error::BoxDynError> {
        self.column.write_array(self.element, buffer);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.array)))
    }

    fn size_hint(&self) -> usize {
        self.column.size() + 20
    }
}

/// The parts of a statement, each with its parameters.
#[derive(Default)]
pub struct Statement {
    parts: Vec<String>,
    parameters: Vec<Array>,
}

/// The results by part: the bytes of their records.
pub struct Found(Vec<Vec<Vec<u8>>>);

impl Statement {
    /// `unnest($1::uuid[], $2::text[]) AS name(user_id, exercise)`
    pub(crate) fn unnest(&mut self, types: &[ColumnType], columns: Vec<Column>, name: &str) -> String {
        let mut arguments = Vec::with_capacity(types.len());
        for (column, of) in columns.into_iter().zip(types) {
            self.parameters.push(Array { column, element: of.oid, array: of.array_oid });
            arguments.push(format!("${}::{}[]", self.parameters.len(), of.sql));
        }
        format!("unnest({}) AS {name}({})", arguments.join(", "), names(types))
    }

    /// Adds a part; returns its number.
    pub(crate) fn push(&mut self, sql: String) -> usize {
        self.parts.push(sql);
        self.parts.len() - 1
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Reads all parts, each a query that selects one record.
    pub(crate) async fn read(self, db: &mut PgConnection) -> Result<Found, Failure> {
        let mut found: Vec<Vec<Vec<u8>>> = self.parts.iter().map(|_| Vec::new()).collect();
        let part = |(number, sql): (usize, &String)| format!("SELECT {number}, value FROM ({sql}) AS part(value)");
        let text = self.parts.iter().enumerate().map(part).collect::<Vec<_>>().join("\nUNION ALL ");
        let query =
            self.parameters.into_iter().fold(sqlx::query(AssertSqlSafe(text)), |query, array| query.bind(array));
        for row in query.fetch_all(db).await.map_err(sql("read rows"))? {
            let part: i32 = row.try_get(0).map_err(sql("read rows"))?;
            let record = row.try_get_raw(1).map_err(sql("read rows"))?;
            let bytes = record.as_bytes().map_err(|error| sql("read rows")(sqlx::Error::Decode(error)))?;
            if let Some(part) = usize::try_from(part).ok().and_then(|part| found.get_mut(part)) {
                part.push(bytes.to_vec());
            }
        }
        Ok(Found(found))
    }

    /// Writes all parts. No row may be in two of them, since they do not see each other's changes.
    pub(crate) async fn write(self, db: &mut PgConnection) -> Result<(), Failure> {
        let part = |(number, sql): (usize, &String)| format!("part{number} AS ({sql})");
        let parts = self.parts.iter().enumerate().map(part).collect::<Vec<_>>().join(",\n");
        let query = sqlx::query(AssertSqlSafe(format!("WITH {parts} SELECT")));
        let query = self.parameters.into_iter().fold(query, |query, array| query.bind(array));
        query.execute(db).await.map_err(sql("write rows"))?;
        Ok(())
    }
}

impl Found {
    /// The rows of a part.
    pub(crate) fn rows<R: Row>(&mut self, part: usize) -> Result<Vec<R>, Failure> {
        let records = self.0.get_mut(part).map(std::mem::take).unwrap_or_default();
        let row = |record: Vec<u8>| {
            let row = Cells::new(&record, R::COLUMNS.len()).and_then(|mut cells| R::get(&mut cells));
            // Messages that need this row must fail; others need not.
            row.with_context(|| format!("a row of {}", R::TABLE)).map_err(Failure::Poison)
        };
        records.into_iter().map(row).collect()
    }
}

/// The columns of the new rows.
pub(crate) fn columns(count: usize) -> Vec<Column> {
    (0..count).map(|_| Column::default()).collect()
}

/// `user_id, workout_id`
pub(crate) fn names(types: &[ColumnType]) -> String {
    types.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// `ROW(t.user_id, t.workout_id, …)`
pub(crate) fn record<R: Row>() -> String {
    let columns: Vec<String> = R::COLUMNS.iter().map(|column| format!("t.{}", column.name)).collect();
    format!("ROW({})", columns.join(", "))
}

/// The changes of one table: new or changed rows, and the keys of removed ones.
pub(crate) fn write_changes<'a, R: Row>(
    statement: &mut Statement,
    changed: impl Iterator<Item = &'a R>,
    removed: impl Iterator<Item = &'a R::Key>,
) {
    let (table, key) = (R::TABLE, &R::COLUMNS[..R::KEY_COLUMNS]);
    let mut keys = columns(key.len());
    let removed = removed.map(|removed| R::put_key(removed, &mut keys)).count();
    if removed > 0 {
        let keys = statement.unnest(key, keys, "k");
        let same: Vec<String> = key.iter().map(|column| format!("t.{0} = k.{0}", column.name)).collect();
        statement.push(format!("DELETE FROM {table} t USING {keys} WHERE {}", same.join(" AND ")));
    }
    let mut rows = columns(R::COLUMNS.len());
    if changed.map(|row| row.put(&mut rows)).count() == 0 {
        return;
    }
    let rows = statement.unnest(R::COLUMNS, rows, "r");
    let (all, key_names) = (names(R::COLUMNS), names(key));
    let sets: Vec<String> =
        R::COLUMNS[R::KEY_COLUMNS..].iter().map(|column| format!("{0} = EXCLUDED.{0}", column.name)).collect();
    let action = if sets.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", sets.join(", ")) };
    statement
        .push(format!("INSERT INTO {table} ({all}) SELECT {all} FROM {rows} ON CONFLICT ({key_names}) DO {action}"));
}
