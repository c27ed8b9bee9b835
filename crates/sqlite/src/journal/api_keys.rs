//! API keys.

use std::num::NonZeroU32;

use diesel::sqlite::SqliteConnection;
use domain::{ApiKey, ApiKeyId, UserId};
use storage::amount;

use super::context::Context;
use crate::errors::{Outcome, expect_one, rejected};
use crate::statement::{execute, values};

pub(super) fn create(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    api_key: &ApiKey,
) -> Outcome<()> {
    context.check_workspace(api_key.workspace_id)?;
    let scopes = serde_json::to_string(&api_key.scopes)?;
    let budget = api_key.limits.monthly_budget.map(|budget| amount(budget.micros()));
    execute(
        connection,
        "INSERT INTO api_keys (
             id, workspace_id, user_id, name, prefix, key_hash, scopes, created_at, expires_at, last_used_at,
             requests_per_minute, monthly_budget
         ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        values![
            api_key.id,
            api_key.workspace_id,
            api_key.user_id,
            api_key.name.as_str(),
            &api_key.prefix,
            &api_key.key_hash,
            &scopes,
            api_key.created_at,
            api_key.expires_at,
            api_key.last_used_at,
            api_key.limits.requests_per_minute.map(NonZeroU32::get),
            budget.transpose().map_err(rejected)?,
        ],
    )?;
    Ok(())
}

pub(super) fn revoke(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    id: ApiKeyId,
    user_id: UserId,
) -> Outcome<()> {
    expect_one(execute(
        connection,
        "DELETE FROM api_keys WHERE id = ?1 AND workspace_id = ?2 AND user_id = ?3",
        values![id, context.workspace_id, user_id],
    )?)
}
