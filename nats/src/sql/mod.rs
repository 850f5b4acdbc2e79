//! Tables of a service: how rows are declared, read, remembered and written. No NATS.

mod best;
pub mod database;
mod memory;
mod row;
mod rows;
mod statement;
#[cfg(any(test, feature = "testing"))]
mod stored;
pub(crate) mod tables;
mod value;

pub use best::{Best, Ranked};
pub use row::{ColumnType, Row};
pub use rows::Rows;
#[cfg(any(test, feature = "testing"))]
pub use stored::MemoryTables;
pub use tables::{Table, Tables};
pub use value::{Cells, Codec, Column, Packed, Plain, Text, Value, unpack};
