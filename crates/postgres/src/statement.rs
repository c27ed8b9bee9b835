//! Plain SQL through diesel, with typed values in and typed rows out.
//!
//! A [`Statement`] is always prepared and cached, by its text; the texts are constants, so the cache is bounded.
//! Its values are `$1`, `$2`, … in their order. Postgres wants to know the type of a value that is NULL too, hence
//! `Option<T>` becomes a value of the type of `T`. Moments compare and add as `timestamptz`, ids as `uuid`,
//! numbers as `bigint`; structured values go as [`json`] or [`jsonb`], lists of ids as `uuid[]`.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::net::IpAddr;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{Error, QueryResult};
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Json, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use domain::{
    AnnotationId, ApiKeyId, ConversationId, EditId, InvitationId, JobId, MessageId, NodeId, PasskeyId,
    ProjectId, ProviderId, RunId, SecretKeyId, SessionId, ShareId, TagId, TicketId, Timestamp, TokenHash,
    UserId, Version, WorkspaceId,
};
use uuid::Uuid;

use crate::columns::{Id, JsonIn, Moment};

/// A statement with constant text whose rows have the SQL types `Types`.
pub(crate) struct Statement<'a, Types> {
    sql: &'a str,
    values: &'a [Value<'a>],
    types: PhantomData<fn() -> Types>,
}

impl<'a, Types> Statement<'a, Types> {
    pub(crate) const fn new(sql: &'a str, values: &'a [Value<'a>]) -> Self {
        Self { sql, values, types: PhantomData }
    }
}

impl<Types> QueryId for Statement<'_, Types> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Types> Query for Statement<'_, Types> {
    type SqlType = Types;
}

impl<Types> QueryFragment<Pg> for Statement<'_, Types> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.sql);
        for value in self.values {
            value.bind(&mut out)?;
        }
        Ok(())
    }
}

/// A value bound to a statement; `None` is SQL's NULL.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    /// `bigint`: a number or a version.
    Integer(Option<i64>),
    /// `boolean`.
    Flag(Option<bool>),
    /// `timestamptz`.
    Moment(Option<Moment>),
    /// `text`.
    Text(Option<Cow<'a, str>>),
    /// `bytea`.
    Bytes(Option<&'a [u8]>),
    /// `uuid`.
    Id(Option<Id>),
    /// `json`.
    Json(Option<JsonIn<'a>>),
    /// `jsonb`.
    Jsonb(Option<JsonIn<'a>>),
    /// `uuid[]`, of which each may be NULL.
    Ids(Option<Vec<Option<Id>>>),
    /// `bigint[]`, of which each may be NULL.
    Integers(Vec<Option<i64>>),
    /// `text[]`, of which each may be NULL.
    Texts(Vec<Option<Cow<'a, str>>>),
    /// `timestamptz[]`.
    Moments(Vec<Moment>),
    /// `bytea[]`.
    BytesList(Vec<Vec<u8>>),
}

impl Value<'_> {
    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::Integer(value) => out.push_bind_param_value_only::<Nullable<BigInt>, _>(value),
            Self::Flag(value) => out.push_bind_param_value_only::<Nullable<Bool>, _>(value),
            Self::Moment(value) => out.push_bind_param_value_only::<Nullable<Timestamptz>, _>(value),
            Self::Text(value) => {
                refuse_nul(value.as_deref())?;
                out.push_bind_param_value_only::<Nullable<Text>, _>(value)
            }
            Self::Bytes(value) => out.push_bind_param_value_only::<Nullable<Binary>, _>(value),
            Self::Id(value) => out.push_bind_param_value_only::<Nullable<SqlUuid>, _>(value),
            Self::Json(value) => out.push_bind_param_value_only::<Nullable<Json>, _>(value),
            Self::Jsonb(value) => out.push_bind_param_value_only::<Nullable<Jsonb>, _>(value),
            Self::Ids(value) => {
                out.push_bind_param_value_only::<Nullable<Array<Nullable<SqlUuid>>>, _>(value)
            }
            Self::Integers(value) => out.push_bind_param_value_only::<Array<Nullable<BigInt>>, _>(value),
            Self::Texts(value) => {
                value.iter().try_for_each(|text| refuse_nul(text.as_deref()))?;
                out.push_bind_param_value_only::<Array<Nullable<Text>>, _>(value)
            }
            Self::Moments(value) => out.push_bind_param_value_only::<Array<Timestamptz>, _>(value),
            Self::BytesList(value) => out.push_bind_param_value_only::<Array<Binary>, _>(value),
        }
    }
}

/// The one character that Postgres has no room for in a text.
fn refuse_nul(text: Option<&str>) -> QueryResult<()> {
    match text {
        Some(text) if text.contains('\0') => Err(Error::SerializationError("a text contains NUL".into())),
        Some(_) | None => Ok(()),
    }
}

/// A `json` value made on the way.
pub(crate) fn made_json(text: impl Into<Option<String>>) -> Value<'static> {
    Value::Json(text.into().map(|text| JsonIn(Cow::Owned(text))))
}

/// A `jsonb` value made on the way.
pub(crate) fn made_jsonb(text: impl Into<Option<String>>) -> Value<'static> {
    Value::Jsonb(text.into().map(|text| JsonIn(Cow::Owned(text))))
}

/// A `uuid[]` value.
pub(crate) fn ids(ids: impl IntoIterator<Item = Uuid>) -> Value<'static> {
    Value::Ids(Some(ids.into_iter().map(|id| Some(Id(id))).collect()))
}

/// What can stand in a statement, also where it is missing.
pub(crate) trait Bind<'a> {
    /// The value, or the NULL of its type.
    fn value(optional: Option<Self>) -> Value<'a>
    where
        Self: Sized;
}

macro_rules! bind {
    ($($type:ty => |$it:ident| $variant:ident($value:expr)),+ $(,)?) => {$(
        impl<'a> Bind<'a> for $type {
            fn value(optional: Option<Self>) -> Value<'a> {
                Value::$variant(optional.map(|$it| $value))
            }
        }
    )+};
}

bind! {
    AnnotationId => |id| Id(Id(id.uuid())),
    ApiKeyId => |id| Id(Id(id.uuid())),
    ConversationId => |id| Id(Id(id.uuid())),
    EditId => |id| Id(Id(id.uuid())),
    InvitationId => |id| Id(Id(id.uuid())),
    JobId => |id| Id(Id(id.uuid())),
    MessageId => |id| Id(Id(id.uuid())),
    NodeId => |id| Id(Id(id.uuid())),
    PasskeyId => |id| Id(Id(id.uuid())),
    ProjectId => |id| Id(Id(id.uuid())),
    ProviderId => |id| Id(Id(id.uuid())),
    RunId => |id| Id(Id(id.uuid())),
    SecretKeyId => |id| Id(Id(id.uuid())),
    SessionId => |id| Id(Id(id.uuid())),
    ShareId => |id| Id(Id(id.uuid())),
    TagId => |id| Id(Id(id.uuid())),
    TicketId => |id| Id(Id(id.uuid())),
    UserId => |id| Id(Id(id.uuid())),
    WorkspaceId => |id| Id(Id(id.uuid())),
    Uuid => |id| Id(Id(id)),
    Timestamp => |moment| Moment(Moment(moment)),
    Version => |version| Integer(version.number().into()),
    i64 => |number| Integer(number),
    u32 => |number| Integer(number.into()),
    u16 => |number| Integer(number.into()),
    bool => |flag| Flag(flag),
    &'a str => |text| Text(Cow::Borrowed(text)),
    &'a String => |text| Text(Cow::Borrowed(text.as_str())),
    String => |text| Text(Cow::Owned(text)),
    IpAddr => |address| Text(Cow::Owned(address.to_string())),
    &'a [u8] => |bytes| Bytes(bytes),
    &'a TokenHash => |hash| Bytes(hash.as_bytes().as_slice()),
}

impl<'a, T: Bind<'a>> From<T> for Value<'a> {
    fn from(value: T) -> Self {
        T::value(Some(value))
    }
}

impl<'a, T: Bind<'a>> From<Option<T>> for Value<'a> {
    fn from(optional: Option<T>) -> Self {
        T::value(optional)
    }
}

/// The values of a statement, in the order of its parameters.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::statement::Value::from($value)),*]
    };
}

pub(crate) use values;
