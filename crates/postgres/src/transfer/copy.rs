//! Rows on their way into a table: in the binary form of `COPY` into a table for the time, and from there to where they
//! belong. Row security does not allow `COPY` into the tables themselves, and some columns are derived.

use std::collections::HashMap;

use domain::Parts;
use storage::transfer::{Batch, Cell, Row, Table, TransferError};
use uuid::Uuid;

use super::cells::{encode, staged_type};

/// What every binary copy begins with: a signature, no flags, no extension.
const BEGINNING: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What every binary copy ends with.
const END: [u8; 2] = (-1_i16).to_be_bytes();

/// The types of the columns of the tables, by table and column.
pub(super) type Types = HashMap<(String, String), String>;

/// The name of the table that takes rows for the time.
fn staging(table: &Table) -> String {
    format!("staged_{}", table.name)
}

/// A column beside those of the table.
fn extra(table: &Table) -> Option<(&'static str, &'static str)> {
    match table.name {
        "messages" => Some(("searchable", "text")),
        "events" => Some(("id", "uuid")),
        _ => None,
    }
}

/// Makes the table that takes rows for the time.
pub(super) fn create(table: &Table) -> String {
    let mut columns: Vec<String> =
        table.columns.iter().map(|column| format!("{} {}", column.name, staged_type(column.kind))).collect();
    columns.extend(extra(table).map(|(name, kind)| format!("{name} {kind}")));
    format!(
        "CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS",
        staging(table),
        columns.join(", ")
    )
}

/// Takes rows in.
pub(super) fn copy(table: &Table) -> String {
    let mut columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    columns.extend(extra(table).map(|(name, _)| name));
    format!("COPY {} ({}) FROM STDIN BINARY", staging(table), columns.join(", "))
}

/// Moves the rows to where they belong.
pub(super) fn insert(table: &Table, types: &Types) -> String {
    let value = |name: &str| {
        if (table.name, name) == ("usage", "day") {
            return "DATE '1970-01-01' + s.day::int4".to_owned();
        }
        let kind = types.get(&(table.name.to_owned(), name.to_owned()));
        kind.map_or_else(|| format!("s.{name}"), |kind| format!("s.{name}::{kind}"))
    };
    let mut columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let mut values: Vec<String> = columns.iter().map(|name| value(name)).collect();
    let mut join = "";
    match table.name {
        "messages" => {
            columns.extend(["owner_id", "words"]);
            values.push("c.owner_id".to_owned());
            values.push("message_words(s.workspace_id, c.owner_id, s.role, s.searchable)".to_owned());
            join = " JOIN conversations c ON c.id = s.conversation_id";
        }
        "api_key_spend" => {
            columns.push("workspace_id");
            values.push("k.workspace_id".to_owned());
            join = " JOIN api_keys k ON k.id = s.api_key_id";
        }
        "message_edits" => {
            columns.push("workspace_id");
            values.push("m.workspace_id".to_owned());
            join = " JOIN messages m ON m.id = s.message_id";
        }
        "conversation_tags" => {
            columns.extend(["workspace_id", "owner_id"]);
            values.extend(["c.workspace_id".to_owned(), "c.owner_id".to_owned()]);
            join = " JOIN conversations c ON c.id = s.conversation_id";
        }
        "events" => {
            columns.push("id");
            values.push("s.id".to_owned());
        }
        _ => {}
    }
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} s{join}",
        table.name,
        columns.join(", "),
        values.join(", "),
        staging(table)
    )
}

/// The rows in the form of `COPY`.
pub(super) fn encoded(table: &'static Table, batch: &Batch) -> Result<Vec<u8>, TransferError> {
    let fields = table.columns.len() + usize::from(extra(table).is_some());
    let fields = i16::try_from(fields).map_err(|error| table.problem(error))?;
    let mut out = BEGINNING.to_vec();
    for row in &batch.rows {
        out.extend(fields.to_be_bytes());
        for cell in row {
            encode(cell, &mut out);
        }
        match table.name {
            "messages" => encode(&searchable(table, row)?, &mut out),
            "events" => encode(&event_id(table, row)?, &mut out),
            _ => {}
        }
    }
    out.extend(END);
    Ok(out)
}

fn of<'a>(table: &Table, row: &'a Row, column: &str) -> Option<&'a Cell> {
    table.position(column).and_then(|position| row.get(position))
}

/// The words of a message, as search finds them.
fn searchable(table: &'static Table, row: &Row) -> Result<Cell, TransferError> {
    let Some(Cell::Json(parts)) = of(table, row, "parts") else {
        return Err(table.problem("a message has no parts"));
    };
    let parts: Parts = serde_json::from_str(parts).map_err(|error| table.problem(error))?;
    Ok(Cell::Text(storage::search_words(&parts.searchable_text())))
}

/// An identifier that carries the time of a fact and, in place of chance, its position.
fn event_id(table: &'static Table, row: &Row) -> Result<Cell, TransferError> {
    let (Some(Cell::Time(at)), Some(Cell::Integer(position))) =
        (of(table, row, "at"), of(table, row, "position"))
    else {
        return Err(table.problem("a fact has no time or no position"));
    };
    let millis = u128::from((at / 1000).unsigned_abs()) & 0xffff_ffff_ffff;
    let position = u128::from(position.unsigned_abs()) & 0x3fff_ffff_ffff_ffff;
    Ok(Cell::Id(Uuid::from_u128(millis << 80 | 0x7 << 76 | 0x2 << 62 | position)))
}

#[cfg(test)]
mod tests {
    use storage::transfer::TABLES;

    use super::*;

    #[test]
    fn facts_have_ids_of_their_time_and_none_twice() {
        let events = TABLES.iter().find(|table| table.name == "events").expect("there are events");
        let id = |at: i64, position: i64| {
            let mut row = vec![Cell::Null; events.columns.len()];
            row[events.position("at").expect("a fact has a time")] = Cell::Time(at);
            row[0] = Cell::Integer(position);
            match event_id(events, &row) {
                Ok(Cell::Id(id)) => id,
                other => panic!("{other:?}"),
            }
        };
        let first = id(1_790_000_000_123_456, 7);
        assert_eq!((first.get_version_num(), first.as_u128() >> 80), (7, 1_790_000_000_123));
        assert_eq!(first.get_variant(), uuid::Variant::RFC4122);
        assert!(first < id(1_790_000_000_123_999, 8));
        assert!(id(0, 9) < first);
    }
}
