//! A table as one batch sees it: rows loaded by key, changed in memory, saved as one JSON array.
//!
//! The array is `json` and not `jsonb`, which Postgres would build only to take it apart again.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use anyhow::{Context, Result, ensure};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, PgConnection, types::Json};

/// A row of a folded table: a plain struct whose fields are the columns, every one always serialised.
pub trait Row: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + Unpin + 'static {
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

impl<R: Row> Rows<R> {
    /// Reads the rows with these keys, in one statement.
    ///
    /// # Errors
    /// When the database fails or a row does not fit `R`.
    pub async fn load(db: &mut PgConnection, keys: impl IntoIterator<Item = R::Key>) -> Result<Self> {
        let keys: HashSet<R::Key> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(Self::default());
        }
        let table = R::TABLE;
        let sql = format!(
            "SELECT row_to_json(t) FROM json_populate_recordset(NULL::{table}, $1::json) k JOIN {table} t USING ({})",
            R::KEY.join(", ")
        );
        Self::load_by(db, &sql, key_objects::<R>(&keys)?).await
    }

    /// Reads the rows that `sql` selects as `json`, one a row, with one parameter that it reads as `$1::json`: for what keys
    /// cannot say.
    ///
    /// # Errors
    /// When the database fails or a row does not fit `R`.
    pub async fn load_by(db: &mut PgConnection, sql: &str, parameter: Value) -> Result<Self> {
        let found: Vec<(Json<R>,)> = sqlx::query_as(AssertSqlSafe(sql.to_owned()))
            .bind(parameter.to_string())
            .fetch_all(db)
            .await
            .with_context(|| format!("load {}", R::TABLE))?;
        let rows = found.into_iter().map(|(Json(row),)| (row.key(), row)).collect();
        Ok(Self { rows, ..Self::default() })
    }

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

    /// Writes what changed: at most one statement to delete and one to upsert.
    ///
    /// # Errors
    /// When the database fails, or a row breaks a constraint.
    pub async fn save(self, db: &mut PgConnection) -> Result<()> {
        let table = R::TABLE;
        let keys = R::KEY.join(", ");
        if !self.removed.is_empty() {
            let sql = format!(
                "DELETE FROM {table} WHERE ({keys}) IN (SELECT {keys} FROM json_populate_recordset(NULL::{table}, $1::json))"
            );
            sqlx::query(AssertSqlSafe(sql))
                .bind(key_objects::<R>(&self.removed)?.to_string())
                .execute(&mut *db)
                .await
                .with_context(|| format!("delete from {table}"))?;
        }
        let Some(first) = self.changed.iter().next() else { return Ok(()) };
        let Value::Object(columns) = serde_json::to_value(&self.rows[first])? else {
            anyhow::bail!("a row of {table} must serialise to an object")
        };
        let names = columns.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let sets = columns.keys().filter(|name| !R::KEY.contains(&name.as_str()));
        let sets = sets.map(|name| format!("{name} = EXCLUDED.{name}")).collect::<Vec<_>>().join(", ");
        let action = if sets.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {sets}") };
        let sql = format!(
            "INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, $1::json) ON CONFLICT ({keys}) DO {action}"
        );
        let rows: Vec<&R> = self.changed.iter().map(|key| &self.rows[key]).collect();
        sqlx::query(AssertSqlSafe(sql))
            .bind(serde_json::to_string(&rows).with_context(|| format!("rows of {table}"))?)
            .execute(db)
            .await
            .with_context(|| format!("save {table}"))?;
        Ok(())
    }
}

/// `[{"user_id": …, "workout_id": …}]` from key tuples.
fn key_objects<R: Row>(keys: &HashSet<R::Key>) -> Result<Value> {
    let object = |key: &R::Key| {
        let Value::Array(values) = serde_json::to_value(key)? else {
            anyhow::bail!("a key of {} must be a tuple", R::TABLE)
        };
        ensure!(values.len() == R::KEY.len(), "a key of {} has {} columns", R::TABLE, R::KEY.len());
        let names = R::KEY.iter().map(|name| (*name).to_owned());
        Ok(Value::Object(names.zip(values).collect::<Map<_, _>>()))
    };
    keys.iter().map(object).collect()
}
