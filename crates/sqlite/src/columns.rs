//! How domain values stand in columns.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::sql_types::Binary;
use diesel::sqlite::{Sqlite, SqliteValue};
use domain::{
    FinishReason, InvalidText, MessageRole, MessageStatus, Role, RunStatus, Timestamp, TitleOrigin,
    UserState, Version,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::errors::{Outcome, corrupt};

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

/// A moment in a row.
pub(crate) const fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// A version in a row.
pub(crate) fn version(number: i64) -> Outcome<Version> {
    u32::try_from(number)
        .ok()
        .and_then(Version::new)
        .ok_or_else(|| corrupt(format!("{number} is no version")))
}

/// A count in a row.
pub(crate) fn count(number: i64) -> Outcome<u32> {
    u32::try_from(number).map_err(corrupt)
}

/// A bounded text in a row, by the constructor of its type.
pub(crate) fn text<T>(text: &str, parse: impl FnOnce(&str) -> Result<T, InvalidText>) -> Outcome<T> {
    parse(text).map_err(corrupt)
}

/// A structured value in a row.
pub(crate) fn json<T: DeserializeOwned>(text: &str) -> Outcome<T> {
    Ok(serde_json::from_str(text)?)
}

/// A structured value in a row, where there is one.
pub(crate) fn optional_json<T: DeserializeOwned>(text: Option<&str>) -> Outcome<Option<T>> {
    text.map(json).transpose()
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

/// A value that stands in a column as one of a few words.
pub(crate) trait Word: Sized {
    /// The word.
    fn word(self) -> &'static str;

    /// The value behind a word.
    fn from_word(word: &str) -> Outcome<Self>;
}

macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl Word for $type {
            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            fn from_word(word: &str) -> Outcome<Self> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    other => Err(corrupt(format!(concat!("{:?} is no ", stringify!($type)), other))),
                }
            }
        }
    )+};
}

words! {
    Role { Viewer = "viewer", Member = "member", Admin = "admin", Owner = "owner" }
    UserState { Active = "active", Suspended = "suspended" }
    TitleOrigin { Default = "default", Question = "question", Model = "model", Person = "person" }
    MessageRole { System = "system", User = "user", Assistant = "assistant", Tool = "tool" }
    MessageStatus {
        Pending = "pending", Streaming = "streaming", Complete = "complete", Interrupted = "interrupted",
        Failed = "failed", Cancelled = "cancelled",
    }
    FinishReason {
        Stop = "stop", Length = "length", ToolCalls = "tool_calls", ContentFilter = "content_filter", Other = "other",
    }
    RunStatus {
        Running = "running", Completed = "completed", Failed = "failed", Cancelled = "cancelled",
        Interrupted = "interrupted",
    }
}
