//! How cells travel, in the binary form of Postgres.

use std::error::Error;

use storage::transfer::{Cell, Kind, Table, TransferError};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

/// Postgres counts from 2000-01-01; this is that moment in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;
/// The object identifier of the type `uuid`.
const UUID_TYPE: u32 = 2950;

/// A value as it came.
struct Wire<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Wire<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The cell of a column.
pub(super) fn cell(table: &'static Table, row: &Row, index: usize) -> Result<Cell, TransferError> {
    let column = &table.columns[index];
    let value: Option<Wire<'_>> = row.try_get(index).map_err(|error| table.problem(error))?;
    match value {
        None => Ok(Cell::Null),
        Some(Wire(bytes)) => decode(column.kind, bytes)
            .ok_or_else(|| table.problem(format!("{} holds something else than it should", column.name))),
    }
}

/// The identifier in a column that is none of the table's own.
pub(super) fn id(table: &'static Table, row: &Row, index: usize) -> Result<Uuid, TransferError> {
    let value: Wire<'_> = row.try_get(index).map_err(|error| table.problem(error))?;
    Uuid::from_slice(value.0).map_err(|error| table.problem(error))
}

fn decode(kind: Kind, bytes: &[u8]) -> Option<Cell> {
    let number = || Some(i64::from_be_bytes(bytes.try_into().ok()?));
    let text = || Some(str::from_utf8(bytes).ok()?.to_owned());
    Some(match kind {
        Kind::Id => Cell::Id(Uuid::from_slice(bytes).ok()?),
        Kind::Time => Cell::Time(number()?.checked_add(EPOCH)?),
        Kind::Integer => Cell::Integer(number()?),
        Kind::Flag => Cell::Flag(bytes == [1]),
        Kind::Text => Cell::Text(text()?),
        Kind::Bytes => Cell::Bytes(bytes.to_vec()),
        Kind::Json => Cell::Json(text()?),
        Kind::Ids => Cell::Ids(ids(bytes)?),
    })
}

/// An array: its dimensions, a flag, the type, for each dimension length and lower bound, then each value with its length.
fn ids(bytes: &[u8]) -> Option<Vec<Uuid>> {
    let (dimensions, rest) = bytes.split_at_checked(12)?;
    if dimensions[..4] == [0; 4] {
        return Some(Vec::new());
    }
    let (_, values) = rest.split_at_checked(8)?;
    let (values, rest) = values.as_chunks::<20>();
    let id = |value: &[u8; 20]| Uuid::from_slice(&value[4..]).ok();
    rest.is_empty().then(|| values.iter().map(id).collect())?
}

/// Adds a value with its length before it.
pub(super) fn encode(cell: &Cell, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => out.extend((-1_i32).to_be_bytes()),
        Cell::Id(id) => value(out, id.as_bytes()),
        Cell::Time(micros) => value(out, &micros.saturating_sub(EPOCH).to_be_bytes()),
        Cell::Integer(number) => value(out, &number.to_be_bytes()),
        Cell::Flag(flag) => value(out, &[u8::from(*flag)]),
        Cell::Text(text) | Cell::Json(text) => value(out, text.as_bytes()),
        Cell::Bytes(bytes) => value(out, bytes),
        Cell::Ids(ids) => {
            let mut array = Vec::with_capacity(20 + ids.len() * 20);
            let dimensions = u32::from(!ids.is_empty());
            for number in [dimensions, 0, UUID_TYPE] {
                array.extend(number.to_be_bytes());
            }
            if !ids.is_empty() {
                array.extend(length(ids.len()).to_be_bytes());
                array.extend(1_u32.to_be_bytes());
            }
            for id in ids {
                value(&mut array, id.as_bytes());
            }
            value(out, &array);
        }
    }
}

fn value(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(length(bytes.len()).to_be_bytes());
    out.extend(bytes);
}

/// Nothing is longer than the 1 GiB that Postgres takes; it refuses what is.
fn length(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// The type that a kind of column has on its way into a table.
pub(super) const fn staged_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Id => "uuid",
        Kind::Time => "timestamptz",
        Kind::Integer => "int8",
        Kind::Flag => "bool",
        Kind::Text | Kind::Json => "text",
        Kind::Bytes => "bytea",
        Kind::Ids => "uuid[]",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_comes_back() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for (kind, cell) in [
            (Kind::Id, Cell::Id(one)),
            (Kind::Time, Cell::Time(1_790_000_000_123_456)),
            (Kind::Time, Cell::Time(-1)),
            (Kind::Integer, Cell::Integer(-7)),
            (Kind::Flag, Cell::Flag(true)),
            (Kind::Flag, Cell::Flag(false)),
            (Kind::Text, Cell::Text("Grüße".to_owned())),
            (Kind::Bytes, Cell::Bytes(vec![0, 255])),
            (Kind::Json, Cell::Json("[1]".to_owned())),
            (Kind::Ids, Cell::Ids(vec![])),
            (Kind::Ids, Cell::Ids(vec![one, other])),
        ] {
            let mut sent = Vec::new();
            encode(&cell, &mut sent);
            assert_eq!(decode(kind, &sent[4..]), Some(cell));
        }
    }
}
