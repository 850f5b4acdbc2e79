//! A row of a folded table: a plain struct whose fields are the columns.

use std::{fmt::Debug, hash::Hash};

use anyhow::Result;

use super::value::{Cells, Column};

/// A column of a table for SQL.
#[derive(Clone, Copy, Debug)]
pub struct ColumnType {
    pub name: &'static str,
    pub sql: &'static str,
    pub oid: u32,
    pub array_oid: u32,
}

/// A row of a folded table. [`row!`](crate::row) declares one.
pub trait Row: Clone + Debug + PartialEq + Send + Sync + 'static {
    const TABLE: &'static str;
    /// Every column, those of the key first.
    const COLUMNS: &'static [ColumnType];
    /// How many of them form the key; the first is the subject, usually `user_id`.
    const KEY_COLUMNS: usize;
    /// Whether the lane remembers it: rows rarely needed twice only fill the memory.
    const IS_REMEMBERED: bool;
    /// A tuple of the key's values, also for a single column: `(UserId,)`.
    type Key: Clone + Debug + Eq + Hash + Send + Sync + 'static;

    fn key(&self) -> Self::Key;

    /// Appends the row to the values of each column.
    fn put(&self, columns: &mut [Column]);

    /// Appends the key to the values of each column of the key.
    fn put_key(key: &Self::Key, columns: &mut [Column]);

    /// # Errors
    /// When a cell does not fit its field.
    fn get(cells: &mut Cells<'_>) -> Result<Self>;
}

/// Declares a row: its table, the fields of its key in brackets, then the others. A field is stored as its type's own
/// column type, `as text` if it serialises to a string, or `as packed` if it is only read whole. With `(forgotten)` after
/// the table's name, the lane does not remember its rows.
///
/// ```ignore
/// row! {
///     /// A workout as it stands.
///     pub(crate) struct WorkoutRow: "workout" (forgotten) {
///         [user_id: UserId, workout_id: WorkoutId]
///         revision: u32,
///         body: Workout as packed,
///     }
/// }
/// ```
#[macro_export]
macro_rules! row {
    ($(#[$doc:meta])* $vis:vis struct $row:ident: $table:literal $(($forgotten:ident))? {
        [$($key:ident: $key_type:ty $(as $key_how:ident)?),+ $(,)?]
        $($name:ident: $type:ty $(as $how:ident)?),* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $row {
            $($vis $key: $key_type,)+
            $($vis $name: $type,)*
        }

        impl $crate::Row for $row {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [$crate::ColumnType] = &[
                $($crate::row!(@column $key: $key_type $(as $key_how)?),)+
                $($crate::row!(@column $name: $type $(as $how)?),)*
            ];
            const KEY_COLUMNS: usize = [$(stringify!($key)),+].len();
            const IS_REMEMBERED: bool = true $(& $crate::row!(@$forgotten))?;
            type Key = ($($key_type,)+);

            fn key(&self) -> Self::Key {
                ($(self.$key.clone(),)+)
            }

            fn put(&self, columns: &mut [$crate::Column]) {
                let mut columns = columns.iter_mut();
                $($crate::row!(@put &self.$key, columns, $key_type $(as $key_how)?);)+
                $($crate::row!(@put &self.$name, columns, $type $(as $how)?);)*
            }

            fn put_key(($($key,)+): &Self::Key, columns: &mut [$crate::Column]) {
                let mut columns = columns.iter_mut();
                $($crate::row!(@put $key, columns, $key_type $(as $key_how)?);)+
            }

            fn get(cells: &mut $crate::Cells<'_>) -> ::anyhow::Result<Self> {
                Ok(Self {
                    $($key: cells.next::<$key_type, $crate::row!(@codec $(as $key_how)?)>(stringify!($key))?,)+
                    $($name: cells.next::<$type, $crate::row!(@codec $(as $how)?)>(stringify!($name))?,)*
                })
            }
        }
    };
    (@column $name:ident: $type:ty $(as $how:ident)?) => {
        $crate::ColumnType {
            name: stringify!($name),
            sql: <$crate::row!(@codec $(as $how)?) as $crate::Codec<$type>>::TYPE,
            oid: <$crate::row!(@codec $(as $how)?) as $crate::Codec<$type>>::OID,
            array_oid: <$crate::row!(@codec $(as $how)?) as $crate::Codec<$type>>::ARRAY_OID,
        }
    };
    (@put $value:expr, $columns:ident, $type:ty $(as $how:ident)?) => {
        if let Some(column) = $columns.next() {
            <$crate::row!(@codec $(as $how)?) as $crate::Codec<$type>>::put($value, column);
        }
    };
    (@codec) => { $crate::Plain };
    (@codec as text) => { $crate::Text };
    (@codec as packed) => { $crate::Packed };
    (@forgotten) => { false };
}
