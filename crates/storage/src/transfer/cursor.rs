//! Places in a table.

use serde_json::Value;
use uuid::Uuid;

use super::{Cell, Kind, Row, Table, TransferError};

impl Table {
    /// The place of a row, as text.
    pub fn cursor(&self, row: &Row) -> Result<String, TransferError> {
        let part = |column: &&str| {
            let cell = self.position(column).and_then(|position| row.get(position));
            match cell {
                Some(Cell::Id(id)) => Some(Value::from(id.to_string())),
                Some(Cell::Integer(number)) => Some(Value::from(*number)),
                Some(Cell::Text(text)) => Some(Value::from(text.as_str())),
                Some(Cell::Bytes(bytes)) => Some(Value::from(bytes.as_slice())),
                _ => None,
            }
        };
        let parts: Option<Vec<Value>> = self.key.iter().map(part).collect();
        parts.map(|parts| Value::from(parts).to_string()).ok_or_else(|| self.problem("a row has no key"))
    }

    /// The cells that a place is made of, in the order of the key.
    pub fn key_of(&self, cursor: &str) -> Result<Row, TransferError> {
        let parts: Vec<Value> = serde_json::from_str(cursor).map_err(|error| self.problem(error))?;
        let byte = |number: &Value| u8::try_from(number.as_u64()?).ok();
        let part = |(column, part): (&&str, &Value)| {
            let kind = self.columns.get(self.position(column)?)?.kind;
            Some(match kind {
                Kind::Id => Cell::Id(Uuid::parse_str(part.as_str()?).ok()?),
                Kind::Integer => Cell::Integer(part.as_i64()?),
                Kind::Text => Cell::Text(part.as_str()?.to_owned()),
                Kind::Bytes => Cell::Bytes(part.as_array()?.iter().map(byte).collect::<Option<_>>()?),
                _ => return None,
            })
        };
        let cells: Option<Row> = self.key.iter().zip(&parts).map(part).collect();
        cells
            .filter(|cells| cells.len() == self.key.len())
            .ok_or_else(|| self.problem(format!("{cursor} is no place in it")))
    }

    /// What is wrong with a row of this table.
    pub fn problem(&self, problem: impl std::fmt::Display) -> TransferError {
        TransferError::Row { table: self.name, problem: problem.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::TABLES;
    use super::*;

    #[test]
    fn a_place_is_found_again() {
        for table in &TABLES {
            let row: Row = table
                .columns
                .iter()
                .map(|column| match column.kind {
                    Kind::Id => Cell::Id(Uuid::from_u128(7)),
                    Kind::Text => Cell::Text("a \"b\"".to_owned()),
                    Kind::Bytes => Cell::Bytes(vec![0, 255]),
                    _ => Cell::Integer(-3),
                })
                .collect();
            let cursor = table.cursor(&row).expect("every key can be written");
            let key = table.key_of(&cursor).expect("what was written can be read");
            let expected: Row = table
                .key
                .iter()
                .map(|column| row[table.position(column).expect("keys are columns")].clone())
                .collect();
            assert_eq!(key, expected, "{}", table.name);
            assert!(table.key_of("[]").is_err() && table.key_of("x").is_err());
        }
    }
}
