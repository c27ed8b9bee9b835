//! Workspaces, people, sessions and API keys.

use diesel::sqlite::SqliteConnection;
use domain::{ApiKey, ApiKeyId, Session, SessionId, User, UserId, Workspace};

use super::context::Context;
use crate::columns::Word;
use crate::errors::{CONFLICT, Outcome};
use crate::statement::{execute, values};

pub(super) fn create_workspace(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    workspace: &Workspace,
) -> Outcome<()> {
    context.check_workspace(workspace.id)?;
    execute(
        connection,
        "INSERT INTO workspaces (id, name, created_at) VALUES (?1, ?2, ?3)",
        values![workspace.id, workspace.name.as_str(), workspace.created_at],
    )?;
    Ok(())
}

pub(super) fn create_user(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    user: &User,
) -> Outcome<()> {
    context.check_workspace(user.workspace_id)?;
    execute(
        connection,
        "INSERT INTO users (id, email, display_name, state, password_hash, version, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        values![
            user.id,
            user.email.as_str(),
            user.display_name.as_str(),
            user.state.word(),
            user.password_hash.as_ref().map(domain::PasswordHash::as_phc),
            user.version,
            user.created_at,
        ],
    )?;
    execute(
        connection,
        "INSERT INTO memberships (workspace_id, user_id, role, created_at) VALUES (?1, ?2, ?3, ?4)",
        values![user.workspace_id, user.id, user.role.word(), user.created_at],
    )?;
    Ok(())
}

pub(super) fn open_session(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    session: &Session,
) -> Outcome<()> {
    context.check_workspace(session.workspace_id)?;
    execute(
        connection,
        "INSERT INTO sessions (id, workspace_id, user_id, token_hash, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![
            session.id,
            session.workspace_id,
            session.user_id,
            &session.token_hash,
            session.created_at,
            session.expires_at,
        ],
    )?;
    Ok(())
}

pub(super) fn close_session(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    session_id: SessionId,
    user_id: UserId,
) -> Outcome<()> {
    let closed = execute(
        connection,
        "DELETE FROM sessions WHERE id = ?1 AND workspace_id = ?2 AND user_id = ?3",
        values![session_id, context.workspace_id, user_id],
    )?;
    if closed == 1 { Ok(()) } else { Err(CONFLICT) }
}

pub(super) fn create_api_key(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    api_key: &ApiKey,
) -> Outcome<()> {
    context.check_workspace(api_key.workspace_id)?;
    let scopes = serde_json::to_string(&api_key.scopes)?;
    execute(
        connection,
        "INSERT INTO api_keys (id, workspace_id, user_id, name, prefix, key_hash, scopes, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
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
        ],
    )?;
    Ok(())
}

pub(super) fn revoke_api_key(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    api_key_id: ApiKeyId,
    user_id: UserId,
) -> Outcome<()> {
    let revoked = execute(
        connection,
        "DELETE FROM api_keys WHERE id = ?1 AND workspace_id = ?2 AND user_id = ?3",
        values![api_key_id, context.workspace_id, user_id],
    )?;
    if revoked == 1 { Ok(()) } else { Err(CONFLICT) }
}
