//! How cells stand in columns.

use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::row::{Field as _, NamedRow};
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::{Sqlite, SqliteType};
use storage::transfer::{Cell, Kind, Row, Table, TransferError};
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

impl QueryableByName<Sqlite> for Raw {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut stored = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = diesel::row::Row::get(row, index).ok_or("a column is missing")?;
            stored.push(match field.value() {
                None => Stored::Null,
                Some(value) => match value.value_type() {
                    None => Stored::Null,
                    Some(SqliteType::Text) => Stored::Text(FromSql::<Text, Sqlite>::from_sql(value)?),
                    Some(SqliteType::Binary) => Stored::Bytes(FromSql::<Binary, Sqlite>::from_sql(value)?),
                    Some(_) => Stored::Integer(FromSql::<BigInt, Sqlite>::from_sql(value)?),
                },
            });
        }
        Ok(Self(stored))
    }
}

impl Raw {
    /// The row with what its columns mean.
    pub(super) fn cells(self, table: &'static Table) -> Result<Row, TransferError> {
        let cells = self.0.into_iter().zip(table.columns).map(|(stored, column)| {
            cell(stored, column.kind).ok_or_else(|| TransferError::Row {
                table: table.name,
                problem: format!("{} holds something else than it should", column.name),
            })
        });
        cells.collect()
    }
}

fn cell(stored: Stored, kind: Kind) -> Option<Cell> {
    Some(match (stored, kind) {
        (Stored::Null, _) => Cell::Null,
        (Stored::Bytes(bytes), Kind::Id) => Cell::Id(Uuid::from_slice(&bytes).ok()?),
        (Stored::Bytes(bytes), Kind::Bytes) => Cell::Bytes(bytes),
        (Stored::Bytes(bytes), Kind::Ids) => {
            let (ids, rest) = bytes.as_chunks::<16>();
            rest.is_empty().then(|| Cell::Ids(ids.iter().copied().map(Uuid::from_bytes).collect()))?
        }
        (Stored::Integer(micros), Kind::Time) => Cell::Time(micros),
        (Stored::Integer(number), Kind::Integer) => Cell::Integer(number),
        (Stored::Integer(number), Kind::Flag) => Cell::Flag(number != 0),
        (Stored::Text(text), Kind::Text) => Cell::Text(text),
        (Stored::Text(text), Kind::Json) => Cell::Json(text),
        _ => return None,
    })
}

/// The bytes of lists, which have no form of their own in a cell.
pub(super) fn lists(row: &Row) -> Vec<Vec<u8>> {
    let bytes = |cell: &Cell| match cell {
        Cell::Ids(ids) => ids.iter().flat_map(Uuid::as_bytes).copied().collect(),
        _ => Vec::new(),
    };
    row.iter().map(bytes).collect()
}

/// The values of a row, for a statement; the lists are those of [`lists`].
pub(super) fn values<'a>(row: &'a Row, lists: &'a [Vec<u8>]) -> Vec<Value<'a>> {
    let value = |(cell, list): (&'a Cell, &'a Vec<u8>)| match cell {
        Cell::Null => Value::Null,
        Cell::Id(id) => Value::from(*id),
        Cell::Time(number) | Cell::Integer(number) => Value::Integer(*number),
        Cell::Flag(flag) => Value::from(*flag),
        Cell::Text(text) | Cell::Json(text) => Value::Text(text),
        Cell::Bytes(bytes) => Value::Bytes(bytes),
        Cell::Ids(_) => Value::Bytes(list),
    };
    row.iter().zip(lists).map(value).collect()
}
