//! How domain values stand in columns.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::sql_types::Binary;
use diesel::sqlite::{Sqlite, SqliteValue};
use domain::TokenHash;
use uuid::Uuid;

use crate::errors::{Outcome, corrupt, rejected};

pub(crate) use storage::{Word, address, count, json, moment, money, optional_json, text, version};

/// A number that only grows, for a row.
pub(crate) fn large(number: u64) -> Outcome<i64> {
    i64::try_from(number).map_err(|_| rejected(storage::rules::TOO_LARGE))
}

/// A number that only grows, in a row.
pub(crate) fn unsigned(number: i64) -> Outcome<u64> {
    u64::try_from(number).map_err(corrupt)
}

/// The hash of a token in a row.
pub(crate) fn token_hash(bytes: &[u8]) -> Outcome<TokenHash> {
    Ok(TokenHash::new(storage::hash(bytes)?))
}

/// An identifier in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub(crate) struct Id(Uuid);

impl Id {
    /// The typed identifier, by the constructor of its type.
    pub(crate) fn typed<T>(self, from_uuid: impl FnOnce(Uuid) -> T) -> T {
        from_uuid(self.0)
    }
}

impl FromSql<Binary, Sqlite> for Id {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

/// Identifiers as the JSON array that `json_each` and `unhex` take apart.
pub(crate) fn id_list(ids: impl IntoIterator<Item = Uuid>) -> String {
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        list.push('"');
        list.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
        list.push('"');
    }
    list.push(']');
    list
}
