//! Sessions and API keys.

use std::num::NonZeroU32;

use domain::{ApiKey, ApiKeyId, DeviceName, Session, SessionId, UserId};
use storage::{Word, amount};

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::{Outcome, rejected};
use crate::statement::{made_jsonb, values};

pub(super) fn open<'a>(plan: &mut Plan<'a>, session: &'a Session) -> Outcome<()> {
    plan.check_workspace(session.workspace_id)?;
    plan.add(
        "INSERT INTO sessions (
             id, workspace_id, user_id, kind, token_hash, generation, rotated_at, device, last_address, last_used_at,
             created_at, expires_at
         ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        values![
            session.id,
            session.workspace_id,
            session.user_id,
            session.kind.word(),
            &session.token_hash,
            session.generation,
            session.rotated_at,
            session.device.as_ref().map(DeviceName::as_str),
            session.last_address,
            session.last_used_at,
            session.created_at,
            session.expires_at,
        ],
        Expected::Anything,
    );
    Ok(())
}

/// Of two who use the same refresh token at once, one goes on.
pub(super) fn refresh<'a>(plan: &mut Plan<'a>, session: &'a Session) -> Outcome<()> {
    plan.check_workspace(session.workspace_id)?;
    plan.add(
        "UPDATE sessions
         SET generation = $4, rotated_at = $5, device = $6, last_address = $7, last_used_at = $8, expires_at = $9
         WHERE id = $1 AND workspace_id = $2 AND user_id = $3 AND generation = $4 - 1",
        values![
            session.id,
            session.workspace_id,
            session.user_id,
            session.generation,
            session.rotated_at,
            session.device.as_ref().map(DeviceName::as_str),
            session.last_address,
            session.last_used_at,
            session.expires_at,
        ],
        Expected::Rows(1),
    );
    Ok(())
}

/// Refused when the person does not belong to the other workspace.
pub(super) fn switch(plan: &mut Plan<'_>, session: &Session) {
    plan.add(
        "UPDATE sessions SET workspace_id = $3 WHERE id = $1 AND user_id = $2",
        values![session.id, session.user_id, session.workspace_id],
        Expected::Rows(1),
    );
}

pub(super) fn close(plan: &mut Plan<'_>, session_id: SessionId, user_id: UserId) {
    plan.add(
        "DELETE FROM sessions WHERE id = $1 AND user_id = $2",
        values![session_id, user_id],
        Expected::Rows(1),
    );
}

pub(super) fn close_all(plan: &mut Plan<'_>, user_id: UserId, except: Option<SessionId>) {
    plan.add(
        "DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2",
        values![user_id, except],
        Expected::Anything,
    );
}

pub(super) fn create_api_key<'a>(plan: &mut Plan<'a>, api_key: &'a ApiKey) -> Outcome<()> {
    plan.check_workspace(api_key.workspace_id)?;
    let budget = api_key.limits.monthly_budget.map(|budget| amount(budget.micros())).transpose();
    plan.add(
        "INSERT INTO api_keys (
             id, workspace_id, user_id, name, prefix, key_hash, scopes, created_at, expires_at, last_used_at,
             requests_per_minute, monthly_budget
         ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        values![
            api_key.id,
            api_key.workspace_id,
            api_key.user_id,
            api_key.name.as_str(),
            &api_key.prefix,
            &api_key.key_hash,
            made_jsonb(serde_json::to_string(&api_key.scopes)?),
            api_key.created_at,
            api_key.expires_at,
            api_key.last_used_at,
            api_key.limits.requests_per_minute.map(NonZeroU32::get),
            budget.map_err(rejected)?,
        ],
        Expected::Anything,
    );
    Ok(())
}

pub(super) fn revoke_api_key(plan: &mut Plan<'_>, api_key_id: ApiKeyId, user_id: UserId) {
    plan.add(
        "DELETE FROM api_keys WHERE id = $1 AND workspace_id = $2 AND user_id = $3",
        values![api_key_id, plan.workspace_id(), user_id],
        Expected::Rows(1),
    );
}
