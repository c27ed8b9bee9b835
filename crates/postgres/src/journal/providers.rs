//! Model providers that administrators connected.

use domain::Provider;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::Outcome;
use crate::statement::{made_jsonb, values};

pub(super) fn create<'a>(plan: &mut Plan<'a>, provider: &'a Provider) -> Outcome<()> {
    plan.check_workspace(provider.workspace_id)?;
    plan.add(
        "INSERT INTO providers (
             id, workspace_id, name, kind, base_url, sealed_api_key, models, enabled, version, created_at, updated_at
         ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        values![
            provider.id,
            provider.workspace_id,
            provider.name.as_str(),
            &provider.kind,
            provider.base_url.as_ref(),
            provider.sealed_api_key.as_deref(),
            made_jsonb(serde_json::to_string(&provider.models)?),
            provider.enabled,
            provider.version,
            provider.created_at,
            provider.updated_at,
        ],
        Expected::Anything,
    );
    Ok(())
}

pub(super) fn update<'a>(plan: &mut Plan<'a>, provider: &'a Provider) -> Outcome<()> {
    plan.check_workspace(provider.workspace_id)?;
    plan.add(
        "UPDATE providers
         SET name = $4, kind = $5, base_url = $6, sealed_api_key = $7, models = $8, enabled = $9, version = $10,
             updated_at = $11
         WHERE id = $1 AND workspace_id = $2 AND version = $3",
        values![
            provider.id,
            provider.workspace_id,
            provider.version.previous(),
            provider.name.as_str(),
            &provider.kind,
            provider.base_url.as_ref(),
            provider.sealed_api_key.as_deref(),
            made_jsonb(serde_json::to_string(&provider.models)?),
            provider.enabled,
            provider.version,
            provider.updated_at,
        ],
        Expected::Rows(1),
    );
    Ok(())
}

pub(super) fn delete(plan: &mut Plan<'_>, provider: &Provider) -> Outcome<()> {
    plan.check_workspace(provider.workspace_id)?;
    plan.add(
        "DELETE FROM providers WHERE id = $1 AND workspace_id = $2 AND version = $3",
        values![provider.id, provider.workspace_id, provider.version.previous()],
        Expected::Rows(1),
    );
    Ok(())
}
