//! People, sessions and API keys as rows.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use domain::{
    ApiKey, ApiKeyId, ApiKeyName, DisplayName, Email, PasswordHash, Role, Session, SessionId, TokenHash,
    User, UserId, UserState, WorkspaceId,
};

use crate::columns::{Id, Word, json, moment, text, version};
use crate::errors::{Failure, Outcome, corrupt};

/// A `SELECT` of people, from a join of `users u` and `memberships m`.
macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, m.workspace_id, m.role, u.email, u.display_name, u.state, u.password_hash, u.version, \
             u.created_at ",
            $rest
        )
    };
}

/// A `SELECT` of API keys.
macro_rules! select_api_keys {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, user_id, name, prefix, key_hash, scopes, created_at, expires_at FROM api_keys ",
            $rest
        )
    };
}

pub(super) use {select_api_keys, select_users};

pub(super) type UserTypes = (Binary, Binary, Text, Text, Text, Text, Nullable<Text>, BigInt, BigInt);

#[derive(Queryable)]
pub(super) struct UserRow {
    id: Id,
    workspace_id: Id,
    role: String,
    email: String,
    display_name: String,
    state: String,
    password_hash: Option<String>,
    version: i64,
    created_at: i64,
}

impl TryFrom<UserRow> for User {
    type Error = Failure;

    fn try_from(row: UserRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(UserId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            role: Role::from_word(&row.role)?,
            email: text(&row.email, Email::new)?,
            display_name: text(&row.display_name, DisplayName::new)?,
            state: UserState::from_word(&row.state)?,
            password_hash: row.password_hash.map(PasswordHash::from_phc),
            version: version(row.version)?,
            created_at: moment(row.created_at),
        })
    }
}

pub(super) type SessionTypes = (Binary, Binary, Binary, Binary, BigInt, BigInt);

#[derive(Queryable)]
pub(super) struct SessionRow {
    id: Id,
    workspace_id: Id,
    user_id: Id,
    token_hash: Vec<u8>,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<SessionRow> for Session {
    type Error = Failure;

    fn try_from(row: SessionRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(SessionId::from_uuid),
            user_id: row.user_id.typed(UserId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            token_hash: hash(row.token_hash)?,
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
        })
    }
}

pub(super) type ApiKeyTypes = (Binary, Binary, Binary, Text, Text, Binary, Text, BigInt, Nullable<BigInt>);

#[derive(Queryable)]
pub(super) struct ApiKeyRow {
    id: Id,
    workspace_id: Id,
    user_id: Id,
    name: String,
    prefix: String,
    key_hash: Vec<u8>,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
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
            key_hash: hash(row.key_hash)?,
            scopes: json(&row.scopes)?,
            created_at: moment(row.created_at),
            expires_at: row.expires_at.map(moment),
        })
    }
}

fn hash(bytes: Vec<u8>) -> Outcome<TokenHash> {
    <[u8; 32]>::try_from(bytes).map(TokenHash::new).map_err(|_| corrupt("a hash is not 32 bytes long"))
}
