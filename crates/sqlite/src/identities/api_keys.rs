//! API keys, and what was spent with them.

use std::num::NonZeroU32;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::ApiKeyIdentity;
use domain::{
    ApiKey, ApiKeyId, ApiKeyName, KeyLimits, Money, Page, PageRequest, Timestamp, TokenHash, UserId,
    WorkspaceId,
};
use storage::month;

use super::people;
use crate::columns::{Id, count, json, moment, money, text, token_hash};
use crate::errors::{Failure, Outcome, corrupt};
use crate::statement::{all, one, query, values};

macro_rules! select_api_keys {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, user_id, name, prefix, key_hash, scopes, created_at, expires_at, last_used_at, \
             requests_per_minute, monthly_budget FROM api_keys ",
            $rest
        )
    };
}

pub(crate) const BY_HASH: &str = select_api_keys!("WHERE key_hash = ?1");
const GET: &str = select_api_keys!("WHERE id = ?1 AND workspace_id = ?2 AND user_id = ?3");
pub(crate) const OF_USER: &str = select_api_keys!(
    "WHERE workspace_id = ?1 AND user_id = ?2 AND id < ?3 ORDER BY id DESC LIMIT (SELECT ?4)"
);

pub(super) fn by_hash(
    connection: &mut SqliteConnection,
    hash: &TokenHash,
) -> Outcome<Option<ApiKeyIdentity>> {
    let Some(api_key) = one::<Types, Row, ApiKey>(connection, BY_HASH, values![hash])? else {
        return Ok(None);
    };
    let user = people::get(connection, api_key.workspace_id, api_key.user_id)?;
    Ok(user.map(|user| ApiKeyIdentity { api_key, user }))
}

pub(super) fn get(
    connection: &mut SqliteConnection,
    workspace_id: WorkspaceId,
    user_id: UserId,
    id: ApiKeyId,
) -> Outcome<Option<ApiKey>> {
    one::<Types, Row, _>(connection, GET, values![id, workspace_id, user_id])
}

pub(super) fn list(
    connection: &mut SqliteConnection,
    workspace_id: WorkspaceId,
    user_id: UserId,
    page: &PageRequest<ApiKeyId>,
) -> Outcome<Page<ApiKey, ApiKeyId>> {
    let before = page.after.unwrap_or(ApiKeyId::from_uuid(uuid::Uuid::max()));
    let most = u32::from(page.limit) + 1;
    let keys = all::<Types, Row, ApiKey>(connection, OF_USER, values![workspace_id, user_id, before, most])?;
    Ok(Page::from_surplus(keys, page.limit, |key| key.id))
}

pub(super) fn spent(connection: &mut SqliteConnection, id: ApiKeyId, at: Timestamp) -> Outcome<Money> {
    let spent = query::<BigInt>(
        "SELECT cost_microusd FROM api_key_spend WHERE api_key_id = ?1 AND month = ?2",
        values![id, month(at)],
    )
    .get_result::<i64>(connection)
    .optional()?;
    Ok(spent.map(money).transpose()?.unwrap_or_default())
}

type Types = (
    Binary,
    Binary,
    Binary,
    Text,
    Text,
    Binary,
    Text,
    BigInt,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    user_id: Id,
    name: String,
    prefix: String,
    key_hash: Vec<u8>,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    requests_per_minute: Option<i64>,
    monthly_budget: Option<i64>,
}

impl TryFrom<Row> for ApiKey {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        let rate = |number| NonZeroU32::new(count(number)?).ok_or_else(|| corrupt("a limit is zero"));
        Ok(Self {
            id: row.id.typed(ApiKeyId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            user_id: row.user_id.typed(UserId::from_uuid),
            name: text(&row.name, ApiKeyName::new)?,
            prefix: row.prefix,
            key_hash: token_hash(&row.key_hash)?,
            scopes: json(&row.scopes)?,
            created_at: moment(row.created_at),
            expires_at: row.expires_at.map(moment),
            last_used_at: row.last_used_at.map(moment),
            limits: KeyLimits {
                requests_per_minute: row.requests_per_minute.map(rate).transpose()?,
                monthly_budget: row.monthly_budget.map(money).transpose()?,
            },
        })
    }
}
