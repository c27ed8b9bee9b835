//! Model providers that administrators connected.

use diesel::sqlite::SqliteConnection;
use domain::Provider;

use super::context::Context;
use crate::errors::{Outcome, expect_one};
use crate::statement::{execute, values};

pub(super) fn create(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    provider: &Provider,
) -> Outcome<()> {
    context.check_workspace(provider.workspace_id)?;
    let models = serde_json::to_string(&provider.models)?;
    execute(
        connection,
        "INSERT INTO providers (
             id, workspace_id, name, kind, base_url, sealed_api_key, models, enabled, version, created_at, updated_at
         ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        values![
            provider.id,
            provider.workspace_id,
            provider.name.as_str(),
            &provider.kind,
            provider.base_url.as_deref(),
            provider.sealed_api_key.as_deref(),
            &models,
            provider.enabled,
            provider.version,
            provider.created_at,
            provider.updated_at,
        ],
    )?;
    Ok(())
}

pub(super) fn update(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    provider: &Provider,
) -> Outcome<()> {
    context.check_workspace(provider.workspace_id)?;
    let models = serde_json::to_string(&provider.models)?;
    expect_one(execute(
        connection,
        "UPDATE providers
         SET name = ?4, kind = ?5, base_url = ?6, sealed_api_key = ?7, models = ?8, enabled = ?9, version = ?10,
             updated_at = ?11
         WHERE id = ?1 AND workspace_id = ?2 AND version = ?3",
        values![
            provider.id,
            provider.workspace_id,
            provider.version.previous(),
            provider.name.as_str(),
            &provider.kind,
            provider.base_url.as_deref(),
            provider.sealed_api_key.as_deref(),
            &models,
            provider.enabled,
            provider.version,
            provider.updated_at,
        ],
    )?)
}

pub(super) fn delete(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    provider: &Provider,
) -> Outcome<()> {
    context.check_workspace(provider.workspace_id)?;
    expect_one(execute(
        connection,
        "DELETE FROM providers WHERE id = ?1 AND workspace_id = ?2 AND version = ?3",
        values![provider.id, provider.workspace_id, provider.version.previous()],
    )?)
}
