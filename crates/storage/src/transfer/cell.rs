//! One value of a row.

use serde_json::Value;
use uuid::Uuid;

/// A row: a cell for each column of its table.
pub type Row = Vec<Cell>;

/// One value of a row, in no database's own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// An identifier.
    Id(Uuid),
    /// A moment, in microseconds since the Unix epoch.
    Time(i64),
    /// A number.
    Integer(i64),
    /// Yes or no.
    Flag(bool),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A structured value, as JSON in any form.
    Json(String),
    /// Identifiers, in order.
    Ids(Vec<Uuid>),
}

impl Cell {
    /// About how much memory it takes, in bytes.
    pub fn weight(&self) -> usize {
        let own = match self {
            Self::Text(text) | Self::Json(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Ids(ids) => ids.len() * size_of::<Uuid>(),
            Self::Null | Self::Id(_) | Self::Time(_) | Self::Integer(_) | Self::Flag(_) => 0,
        };
        size_of::<Self>() + own
    }

    /// Adds the value to a hash, in a form that is the same whichever database it was in.
    pub(super) fn hash_into(&self, hasher: &mut blake3::Hasher) {
        let mut tagged = |tag: u8, bytes: &[u8]| {
            hasher.update(&[tag]);
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        match self {
            Self::Null => tagged(0, &[]),
            Self::Id(id) => tagged(1, id.as_bytes()),
            Self::Time(micros) => tagged(2, &micros.to_le_bytes()),
            Self::Integer(number) => tagged(3, &number.to_le_bytes()),
            Self::Flag(flag) => tagged(4, &[u8::from(*flag)]),
            Self::Text(text) => tagged(5, text.as_bytes()),
            Self::Bytes(bytes) => tagged(6, bytes),
            Self::Json(text) => tagged(7, canonical(text).as_bytes()),
            Self::Ids(ids) => tagged(8, &ids.iter().flat_map(Uuid::as_bytes).copied().collect::<Vec<_>>()),
        }
    }
}

/// JSON with its keys in order and its numbers in one spelling. What is no JSON stays as it is.
fn canonical(text: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let mut written = String::with_capacity(text.len());
    write(&value, &mut written);
    written
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in entries {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for value in values {
                write(value, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Number(number) => match number.as_f64() {
            // Databases write 1.0 as 1, and forget the sign of zero.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                let plain = format!("{float}");
                out.push_str(if plain == "-0" { "0" } else { &plain });
            }
            _ => out.push_str(&number.to_string()),
        },
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_one_form() {
        assert_eq!(
            canonical(r#"{"b":[1.0,-0.0,0.7],"a":{}}"#),
            canonical(r#"{ "a": {}, "b": [1, 0, 0.7] }"#)
        );
        assert_ne!(canonical(r#"{"a":"1"}"#), canonical(r#"{"a":1}"#));
        assert_ne!(canonical("[1,2]"), canonical("[2,1]"));
        assert_ne!(canonical("-10.0"), canonical("10"));
    }
}
