//! How domain values stand in columns.

use std::borrow::Cow;
use std::io::Write;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Json, Jsonb, Timestamptz, Uuid as SqlUuid};
use domain::Timestamp;
use serde::de::DeserializeOwned;
use storage::Corrupt;
use uuid::Uuid;

/// Microseconds from 1970-01-01 to 2000-01-01, from which Postgres counts.
const EPOCH: i64 = 946_684_800_000_000;

/// An identifier in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromSqlRow)]
#[diesel(sql_type = SqlUuid)]
pub(crate) struct Id(pub(crate) Uuid);

impl Id {
    /// The typed identifier, by the constructor of its type.
    pub(crate) fn typed<T>(self, from_uuid: impl FnOnce(Uuid) -> T) -> T {
        from_uuid(self.0)
    }
}

impl FromSql<SqlUuid, Pg> for Id {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<SqlUuid, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

/// A moment in a row, a `timestamptz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromSqlRow)]
#[diesel(sql_type = Timestamptz)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl From<Moment> for Timestamp {
    fn from(Moment(moment): Moment) -> Self {
        moment
    }
}

impl FromSql<Timestamptz, Pg> for Moment {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_be_bytes(value.as_bytes().try_into()?);
        let micros = micros.checked_add(EPOCH).ok_or("a moment is beyond what can be told")?;
        Ok(Self(Timestamp::from_micros(micros)))
    }
}

impl ToSql<Timestamptz, Pg> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = self.0.micros().checked_sub(EPOCH).ok_or("a moment is beyond what can be stored")?;
        out.write_all(&micros.to_be_bytes())?;
        Ok(IsNull::No)
    }
}

/// A structured value in a row, `json` or `jsonb`, as its text.
#[derive(Debug, Clone, PartialEq, Eq, FromSqlRow)]
#[diesel(sql_type = Json, sql_type = Jsonb)]
pub(crate) struct JsonText(pub(crate) String);

impl JsonText {
    /// The value.
    pub(crate) fn value<T: DeserializeOwned>(&self) -> Result<T, Corrupt> {
        storage::json(&self.0)
    }
}

impl FromSql<Json, Pg> for JsonText {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(std::str::from_utf8(value.as_bytes())?.to_owned()))
    }
}

impl FromSql<Jsonb, Pg> for JsonText {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let Some((1, text)) = value.as_bytes().split_first() else {
            return Err("an unknown version of jsonb".into());
        };
        Ok(Self(std::str::from_utf8(text)?.to_owned()))
    }
}

/// JSON text on its way into a `json` or `jsonb` column.
#[derive(Debug, Clone)]
pub(crate) struct JsonIn<'a>(pub(crate) Cow<'a, str>);

impl ToSql<Json, Pg> for JsonIn<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl ToSql<Jsonb, Pg> for JsonIn<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[1])?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
