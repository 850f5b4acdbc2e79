//! What a batch reads and what it writes: one statement each for all tables, since a round trip costs more than a row.
//!
//! Rows travel as `json` and not as `jsonb`, which Postgres would build only to take it apart again.

use std::{collections::HashSet, marker::PhantomData};

use anyhow::{Context, Result, ensure};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, PgConnection, postgres::PgArguments, query::QueryAs};

use crate::{Row, Rows};

/// What is to be read.
#[derive(Default)]
pub struct Load {
    /// A statement that selects one `json` column, and its parameter.
    parts: Vec<(String, String)>,
}

/// Where something is among what was read; nothing was asked for where there is no place.
pub struct Part<T>(Option<usize>, PhantomData<fn() -> T>);

/// What was read: the texts of each part.
pub struct Loaded(Vec<Vec<String>>);

impl Load {
    /// The rows with these keys.
    ///
    /// # Errors
    /// When a key does not have the columns that `R` names.
    pub fn rows<R: Row>(&mut self, keys: impl IntoIterator<Item = R::Key>) -> Result<Part<R>> {
        let keys: HashSet<R::Key> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(Part(None, PhantomData));
        }
        let (table, columns) = (R::TABLE, R::KEY.join(", "));
        let sql = format!(
            "SELECT row_to_json(t) FROM json_populate_recordset(NULL::{table}, $1::json) k JOIN {table} t USING ({columns})"
        );
        Ok(self.by(&sql, &key_objects::<R>(&keys)?))
    }

    /// What `sql` selects as one `json` column, with one parameter that it reads as `$1::json`: for what keys cannot say.
    pub fn by<T>(&mut self, sql: &str, parameter: &Value) -> Part<T> {
        let number = self.parts.len();
        self.parts.push((sql.replace("$1", &format!("${}", number + 1)), parameter.to_string()));
        Part(Some(number), PhantomData)
    }

    /// Reads everything in one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn run(self, db: &mut PgConnection) -> Result<Loaded> {
        let mut found = vec![Vec::new(); self.parts.len()];
        if self.parts.is_empty() {
            return Ok(Loaded(found));
        }
        let part = |(number, (sql, _)): (usize, &(String, String))| {
            format!("SELECT {number}, value::text FROM ({sql}) AS part(value)")
        };
        let sql = self.parts.iter().enumerate().map(part).collect::<Vec<_>>().join("\nUNION ALL ");
        let query: QueryAs<'_, _, (i32, String), PgArguments> = sqlx::query_as(AssertSqlSafe(sql));
        let query = self.parts.into_iter().fold(query, |query, (_, parameter)| query.bind(parameter));
        for (number, text) in query.fetch_all(db).await.context("load")? {
            found[usize::try_from(number)?].push(text);
        }
        Ok(Loaded(found))
    }
}

impl Loaded {
    /// The rows of a part.
    ///
    /// # Errors
    /// When one does not fit `R`.
    pub fn rows<R: Row>(&mut self, part: Part<R>) -> Result<Rows<R>> {
        Ok(self.values(part)?.into_iter().collect())
    }

    /// The values of a part.
    ///
    /// # Errors
    /// When one does not fit `T`.
    pub fn values<T: DeserializeOwned>(&mut self, Part(number, _): Part<T>) -> Result<Vec<T>> {
        let texts = number.map(|number| std::mem::take(&mut self.0[number])).unwrap_or_default();
        let value = |text: String| serde_json::from_str(&text).with_context(|| std::any::type_name::<T>().to_owned());
        texts.into_iter().map(value).collect()
    }
}

/// What is to be written.
#[derive(Default)]
pub struct Save {
    /// A statement that changes a table, and its parameter.
    parts: Vec<(String, String)>,
}

impl Save {
    /// What changed among these rows.
    ///
    /// # Errors
    /// When a row or a key does not have the columns that `R` names.
    pub fn rows<R: Row>(&mut self, rows: Rows<R>) -> Result<()> {
        let (table, keys) = (R::TABLE, R::KEY.join(", "));
        let (changed, removed) = rows.into_changes();
        if !removed.is_empty() {
            let removed = key_objects::<R>(&removed)?.to_string();
            self.push(removed, |parameter| {
                format!(
                    "DELETE FROM {table} WHERE ({keys}) IN
                     (SELECT {keys} FROM json_populate_recordset(NULL::{table}, {parameter}))"
                )
            });
        }
        let Some(first) = changed.first() else { return Ok(()) };
        let names = columns(first).with_context(|| format!("a row of {table}"))?;
        let sets = names.iter().filter(|name| !R::KEY.contains(&name.as_str()));
        let sets = sets.map(|name| format!("{name} = EXCLUDED.{name}")).collect::<Vec<_>>().join(", ");
        let action = if sets.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {sets}") };
        let names = names.join(", ");
        self.push(serde_json::to_string(&changed).with_context(|| format!("rows of {table}"))?, |parameter| {
            format!(
                "INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, {parameter})
                 ON CONFLICT ({keys}) DO {action}"
            )
        });
        Ok(())
    }

    /// Writes everything in one statement. No row is in two of its parts, which do not see each other's changes.
    ///
    /// # Errors
    /// When the database fails, or a row breaks a constraint.
    pub async fn run(self, db: &mut PgConnection) -> Result<()> {
        if self.parts.is_empty() {
            return Ok(());
        }
        let part = |(number, (sql, _)): (usize, &(String, String))| format!("part{number} AS ({sql})");
        let parts = self.parts.iter().enumerate().map(part).collect::<Vec<_>>().join(",\n");
        let query = sqlx::query(AssertSqlSafe(format!("WITH {parts} SELECT")));
        let query = self.parts.into_iter().fold(query, |query, (_, parameter)| query.bind(parameter));
        query.execute(db).await.context("save")?;
        Ok(())
    }

    fn push(&mut self, parameter: String, sql: impl FnOnce(String) -> String) {
        let sql = sql(format!("${}::json", self.parts.len() + 1));
        self.parts.push((sql, parameter));
    }
}

/// The names of a row's columns.
fn columns(row: &impl Serialize) -> Result<Vec<String>> {
    let Value::Object(columns) = serde_json::to_value(row)? else {
        anyhow::bail!("it must serialise to an object");
    };
    Ok(columns.into_iter().map(|(name, _)| name).collect())
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
