//! How cells stand in columns.

use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::row::{Field as _, NamedRow, Row as _};
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::{Sqlite, SqliteType, SqliteValue};
use storage::transfer::{Cell, Kind, Row, Table};
use uuid::Uuid;

use crate::statement::Value;

/// A row of any table, as SQLite has it.
pub(super) struct Raw(Vec<Stored>);

enum Stored {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}
