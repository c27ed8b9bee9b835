//! People, sessions and API keys as rows.

use std::num::NonZeroU32;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::{
    ApiKey, ApiKeyId, ApiKeyName, DeviceName, DisplayName, Email, KeyLimits, PasswordHash, Role, Session,
    SessionId, SessionKind, TokenHash, User, UserId, UserState, WorkspaceId,
};
use storage::{Word, address, count, hash, money, text, version};

use crate::columns::{Id, JsonText, Moment};
use crate::errors::{Failure, Outcome, corrupt};

macro_rules! user_columns {
    () => {
        "u.id, m.workspace_id, u.home_workspace_id, m.role, u.email, u.display_name, u.state, u.password_hash, u.version, \
         u.created_at"
    };
}

macro_rules! api_key_columns {
    () => {
        "k.id, k.workspace_id, k.user_id, k.name, k.prefix, k.key_hash, k.scopes, k.created_at, k.expires_at, \
         k.last_used_at, k.requests_per_minute, k.monthly_budget"
    };
}

macro_rules! session_columns {
    () => {
        "s.id, s.workspace_id, s.user_id, s.kind, s.token_hash, s.generation, s.rotated_at, s.device, s.last_address, \
         s.last_used_at, s.created_at, s.expires_at"
    };
}

/// A `SELECT` of people, from a join of `users u` and `memberships m`.
macro_rules! select_users {
    ($rest:literal) => {
        concat!("SELECT ", user_columns!(), " FROM ", $rest)
    };
}

/// A `SELECT` of one person, seen from home or from where they joined first, from tables that lead to `users u`.
macro_rules! select_user_at_home {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            user_columns!(),
            " FROM ",
            $rest,
            " ORDER BY (m.workspace_id = u.home_workspace_id) DESC, m.created_at, m.workspace_id LIMIT 1"
        )
    };
}

/// A `SELECT` of API keys.
macro_rules! select_api_keys {
    ($rest:literal) => {
        concat!("SELECT ", api_key_columns!(), " FROM api_keys k ", $rest)
    };
}

/// A `SELECT` of API keys, each with its person.
macro_rules! select_api_keys_with_users {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            api_key_columns!(),
            ", ",
            user_columns!(),
            " FROM api_keys k
             JOIN memberships m ON m.workspace_id = k.workspace_id AND m.user_id = k.user_id
             JOIN users u ON u.id = m.user_id ",
            $rest
        )
    };
}

/// A `SELECT` of sessions, each with its person.
macro_rules! select_sessions_with_users {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            session_columns!(),
            ", ",
            user_columns!(),
            " FROM sessions s
             JOIN memberships m ON m.workspace_id = s.workspace_id AND m.user_id = s.user_id
             JOIN users u ON u.id = m.user_id ",
            $rest
        )
    };
}

pub(super) use {
    api_key_columns, select_api_keys, select_api_keys_with_users, select_sessions_with_users,
    select_user_at_home, select_users, session_columns, user_columns,
};

pub(super) type UserTypes =
    (SqlUuid, SqlUuid, SqlUuid, Text, Text, Text, Text, Nullable<Text>, BigInt, Timestamptz);

#[derive(Queryable)]
pub(super) struct UserRow {
    id: Id,
    workspace_id: Id,
    home_workspace_id: Id,
    role: String,
    email: String,
    display_name: String,
    state: String,
    password_hash: Option<String>,
    version: i64,
    created_at: Moment,
}

impl TryFrom<UserRow> for User {
    type Error = Failure;

    fn try_from(row: UserRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(UserId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            home_workspace_id: row.home_workspace_id.typed(WorkspaceId::from_uuid),
            role: Role::from_word(&row.role)?,
            email: text(&row.email, Email::new)?,
            display_name: text(&row.display_name, DisplayName::new)?,
            state: UserState::from_word(&row.state)?,
            password_hash: row.password_hash.map(PasswordHash::from_phc),
            version: version(row.version)?,
            created_at: row.created_at.into(),
        })
    }
}

pub(super) type SessionTypes = (
    SqlUuid,
    SqlUuid,
    SqlUuid,
    Text,
    Binary,
    BigInt,
    Timestamptz,
    Nullable<Text>,
    Nullable<Text>,
    Timestamptz,
    Timestamptz,
    Timestamptz,
);

#[derive(Queryable)]
pub(super) struct SessionRow {
    id: Id,
    workspace_id: Id,
    user_id: Id,
    kind: String,
    token_hash: Vec<u8>,
    generation: i64,
    rotated_at: Moment,
    device: Option<String>,
    last_address: Option<String>,
    last_used_at: Moment,
    created_at: Moment,
    expires_at: Moment,
}

impl TryFrom<SessionRow> for Session {
    type Error = Failure;

    fn try_from(row: SessionRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(SessionId::from_uuid),
            user_id: row.user_id.typed(UserId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            kind: SessionKind::from_word(&row.kind)?,
            token_hash: token_hash(&row.token_hash)?,
            generation: count(row.generation)?,
            rotated_at: row.rotated_at.into(),
            device: row.device.as_deref().map(|name| text(name, DeviceName::new)).transpose()?,
            last_address: row.last_address.as_deref().map(address).transpose()?,
            last_used_at: row.last_used_at.into(),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
        })
    }
}

pub(super) type ApiKeyTypes = (
    SqlUuid,
    SqlUuid,
    SqlUuid,
    Text,
    Text,
    Binary,
    Jsonb,
    Timestamptz,
    Nullable<Timestamptz>,
    Nullable<Timestamptz>,
    Nullable<BigInt>,
    Nullable<BigInt>,
);

#[derive(Queryable)]
pub(super) struct ApiKeyRow {
    id: Id,
    workspace_id: Id,
    user_id: Id,
    name: String,
    prefix: String,
    key_hash: Vec<u8>,
    scopes: JsonText,
    created_at: Moment,
    expires_at: Option<Moment>,
    last_used_at: Option<Moment>,
    requests_per_minute: Option<i64>,
    monthly_budget: Option<i64>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Failure;

    fn try_from(row: ApiKeyRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(ApiKeyId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            user_id: row.user_id.typed(UserId::from_uuid),
            name: text(&row.name, ApiKeyName::new)?,
            prefix: row.prefix,
            key_hash: token_hash(&row.key_hash)?,
            scopes: row.scopes.value()?,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.map(Into::into),
            last_used_at: row.last_used_at.map(Into::into),
            limits: KeyLimits {
                requests_per_minute: row.requests_per_minute.map(limit).transpose()?,
                monthly_budget: row.monthly_budget.map(money).transpose()?,
            },
        })
    }
}

/// The hash of a token in a row.
pub(crate) fn token_hash(bytes: &[u8]) -> Outcome<TokenHash> {
    Ok(TokenHash::new(hash(bytes)?))
}

fn limit(number: i64) -> Outcome<NonZeroU32> {
    NonZeroU32::new(count(number)?).ok_or_else(|| corrupt("no request is allowed"))
}
