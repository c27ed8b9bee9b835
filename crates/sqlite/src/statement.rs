//! Plain SQL through diesel, with typed values in and typed rows out.
//!
//! Diesel caches the prepared statement of its own `INSERT`s and `SELECT`s, but neither that of an `UPDATE` nor that
//! of `sql_query`. A [`Statement`] is always cached, by its text; the texts are constants, so the cache is bounded.
//! `?3` stands for the third value, as often as it occurs; a value that does not occur is left out.
//! Write `LIMIT (SELECT ?1)`, not `LIMIT ?1`: SQLite prepares a statement anew whenever a bound limit changes.

use std::marker::PhantomData;

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::query_dsl::methods::LoadQuery;
use diesel::result::{Error, OptionalExtension as _, QueryResult};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use domain::{
    AnnotationId, ApiKeyId, ConversationId, EditId, InvitationId, JobId, MessageId, NodeId, PasskeyId,
    ProjectId, ProviderId, RunId, SecretKeyId, SessionId, ShareId, TagId, TicketId, Timestamp, TokenHash,
    UserId, Version, WorkspaceId,
};

use crate::errors::{Failure, Outcome};

/// A statement with constant text whose rows have the SQL types `Types`.
pub(crate) struct Statement<'a, Types> {
    sql: &'a str,
    values: &'a [Value<'a>],
    types: PhantomData<Types>,
}

/// A statement that gives rows.
pub(crate) const fn query<'a, Types>(sql: &'a str, values: &'a [Value<'a>]) -> Statement<'a, Types> {
    Statement { sql, values, types: PhantomData }
}

/// Executes a statement that gives no rows; returns how many rows it changed.
pub(crate) fn execute(
    connection: &mut SqliteConnection,
    sql: &str,
    values: &[Value<'_>],
) -> QueryResult<usize> {
    query::<()>(sql, values).execute(connection)
}

/// The row that a statement gives, where it gives one, as what it stands for.
pub(crate) fn one<'a, Types, Row, T>(
    connection: &mut SqliteConnection,
    sql: &'a str,
    values: &'a [Value<'a>],
) -> Outcome<Option<T>>
where
    Statement<'a, Types>: LoadQuery<'a, SqliteConnection, Row>,
    T: TryFrom<Row, Error = Failure>,
{
    query::<Types>(sql, values).get_result::<Row>(connection).optional()?.map(T::try_from).transpose()
}

/// The rows that a statement gives, as what they stand for.
pub(crate) fn all<'a, Types, Row, T>(
    connection: &mut SqliteConnection,
    sql: &'a str,
    values: &'a [Value<'a>],
) -> Outcome<Vec<T>>
where
    Statement<'a, Types>: LoadQuery<'a, SqliteConnection, Row>,
    T: TryFrom<Row, Error = Failure>,
{
    query::<Types>(sql, values).load::<Row>(connection)?.into_iter().map(T::try_from).collect()
}

/// The row number of the row that was inserted last. Cheaper than `RETURNING`, for which SQLite builds a temporary
/// table each time.
pub(crate) fn last_row(connection: &mut SqliteConnection) -> QueryResult<i64> {
    query::<BigInt>("SELECT last_insert_rowid()", &[]).get_result(connection)
}

impl<Types> QueryId for Statement<'_, Types> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Types> Query for Statement<'_, Types> {
    type SqlType = Types;
}

impl<Types> RunQueryDsl<SqliteConnection> for Statement<'_, Types> {}

impl<Types> QueryFragment<Sqlite> for Statement<'_, Types> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let mut rest = self.sql;
        while let Some((before, after)) = rest.split_once('?') {
            out.push_sql(before);
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = after.split_at(digits);
            let value = number.parse().ok().and_then(|number: usize| self.values.get(number.checked_sub(1)?));
            match value.ok_or_else(|| Error::QueryBuilderError("a parameter has no value".into()))? {
                Value::Null => out.push_bind_param::<Nullable<BigInt>, _>(&None::<i64>)?,
                Value::Integer(integer) => out.push_bind_param::<BigInt, _>(integer)?,
                Value::Text(text) => out.push_bind_param::<Text, _>(*text)?,
                Value::Bytes(bytes) => out.push_bind_param::<Binary, _>(*bytes)?,
                Value::Id(bytes) => out.push_bind_param::<Binary, _>(bytes.as_slice())?,
            }
            rest = after;
        }
        out.push_sql(rest);
        Ok(())
    }
}

/// A value bound to a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// SQL's NULL.
    Null,
    /// A number, a moment, a version or a flag.
    Integer(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An identifier.
    Id([u8; 16]),
}

macro_rules! value_from_id {
    ($($id:ty),+) => {$(
        impl From<$id> for Value<'_> {
            fn from(id: $id) -> Self {
                Self::Id(id.uuid().into_bytes())
            }
        }
    )+};
}

value_from_id!(
    AnnotationId,
    ApiKeyId,
    ConversationId,
    EditId,
    InvitationId,
    JobId,
    MessageId,
    NodeId,
    PasskeyId,
    ProjectId,
    ProviderId,
    RunId,
    SecretKeyId,
    SessionId,
    ShareId,
    TagId,
    TicketId,
    UserId,
    WorkspaceId
);

impl From<uuid::Uuid> for Value<'_> {
    fn from(id: uuid::Uuid) -> Self {
        Self::Id(id.into_bytes())
    }
}

impl From<i64> for Value<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<u32> for Value<'_> {
    fn from(integer: u32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<u16> for Value<'_> {
    fn from(integer: u16) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(moment: Timestamp) -> Self {
        Self::Integer(moment.micros())
    }
}

impl From<Version> for Value<'_> {
    fn from(version: Version) -> Self {
        Self::Integer(version.number().into())
    }
}

impl<'a> From<&'a TokenHash> for Value<'a> {
    fn from(hash: &'a TokenHash) -> Self {
        Self::Bytes(hash.as_bytes())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(optional: Option<T>) -> Self {
        optional.map_or(Self::Null, Into::into)
    }
}

/// The values of a statement, in the order of its parameters.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::statement::Value::from($value)),*]
    };
}

pub(crate) use values;
