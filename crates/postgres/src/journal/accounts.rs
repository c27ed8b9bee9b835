//! Workspaces, people, sessions and API keys.

use domain::{ApiKey, ApiKeyId, Session, SessionId, User, UserId, Workspace};
use storage::Word;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::Outcome;
use crate::statement::{made_jsonb, values};

pub(super) fn create_workspace(plan: &mut Plan<'_>, workspace: &Workspace, language: &str) -> Outcome<()> {
    plan.check_workspace(workspace.id)?;
    plan.add(
        "INSERT INTO workspaces (id, name, created_at, search_language) VALUES ($1, $2, $3, $4)",
        values![workspace.id, workspace.name.as_str().to_owned(), workspace.created_at, language.to_owned()],
        Expected::Anything,
    );
    Ok(())
}

pub(super) fn create_user<'a>(plan: &mut Plan<'a>, user: &'a User) -> Outcome<()> {
    plan.check_workspace(user.workspace_id)?;
    plan.add(
        "INSERT INTO users (id, email, display_name, state, password_hash, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![
            user.id,
            user.email.as_str(),
            user.display_name.as_str(),
            user.state.word(),
            user.password_hash.as_ref().map(domain::PasswordHash::as_phc),
            user.version,
            user.created_at,
        ],
        Expected::Anything,
    );
    plan.add(
        "INSERT INTO memberships (workspace_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
        values![user.workspace_id, user.id, user.role.word(), user.created_at],
        Expected::Anything,
    );
    Ok(())
}

pub(super) fn open_session<'a>(plan: &mut Plan<'a>, session: &'a Session) -> Outcome<()> {
    plan.check_workspace(session.workspace_id)?;
    plan.add(
        "INSERT INTO sessions (id, workspace_id, user_id, token_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        values![
            session.id,
            session.workspace_id,
            session.user_id,
            &session.token_hash,
            session.created_at,
            session.expires_at,
        ],
        Expected::Anything,
    );
    Ok(())
}

pub(super) fn close_session(plan: &mut Plan<'_>, session_id: SessionId, user_id: UserId) {
    plan.add(
        "DELETE FROM sessions WHERE id = $1 AND workspace_id = $2 AND user_id = $3",
        values![session_id, plan.workspace_id(), user_id],
        Expected::Rows(1),
    );
}

pub(super) fn create_api_key<'a>(plan: &mut Plan<'a>, api_key: &'a ApiKey) -> Outcome<()> {
    plan.check_workspace(api_key.workspace_id)?;
    plan.add(
        "INSERT INTO api_keys (id, workspace_id, user_id, name, prefix, key_hash, scopes, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
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
