//! Workspaces, accounts, and who belongs where.

use diesel::sqlite::SqliteConnection;
use domain::{
    Invitation, InvitationId, Membership, PasswordHash, User, UserChange, UserId, Workspace, WorkspaceId,
};

use super::context::Context;
use crate::columns::Word;
use crate::errors::{Outcome, expect_one};
use crate::statement::{execute, values};

pub(super) fn create_workspace(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    workspace: &Workspace,
) -> Outcome<()> {
    context.check_workspace(workspace.id)?;
    execute(
        connection,
        "INSERT INTO workspaces (id, name, version, created_at) VALUES (?1, ?2, ?3, ?4)",
        values![workspace.id, workspace.name.as_str(), workspace.version, workspace.created_at],
    )?;
    Ok(())
}

pub(super) fn update_workspace(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    workspace: &Workspace,
) -> Outcome<()> {
    context.check_workspace(workspace.id)?;
    expect_one(execute(
        connection,
        "UPDATE workspaces SET name = ?3, version = ?4 WHERE id = ?1 AND version = ?2",
        values![workspace.id, workspace.version.previous(), workspace.name.as_str(), workspace.version],
    )?)
}

pub(super) fn create_user(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    user: &User,
) -> Outcome<()> {
    context.check_workspace(user.workspace_id)?;
    execute(
        connection,
        "INSERT INTO users (id, home_workspace_id, email, display_name, state, password_hash, version, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        values![
            user.id,
            user.home_workspace_id,
            user.email.as_str(),
            user.display_name.as_str(),
            user.state.word(),
            user.password_hash.as_ref().map(PasswordHash::as_phc),
            user.version,
            user.created_at,
        ],
    )?;
    let membership = Membership {
        workspace_id: user.workspace_id,
        user_id: user.id,
        role: user.role,
        created_at: user.created_at,
    };
    add_member(connection, context, &membership)
}

/// Replaces an account, and its role in the workspace from which it is seen.
pub(super) fn update_user(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    user: &User,
    change: UserChange,
) -> Outcome<()> {
    context.check_workspace(user.workspace_id)?;
    expect_one(execute(
        connection,
        "UPDATE users SET email = ?3, display_name = ?4, state = ?5, password_hash = ?6, version = ?7
         WHERE id = ?1 AND version = ?2",
        values![
            user.id,
            user.version.previous(),
            user.email.as_str(),
            user.display_name.as_str(),
            user.state.word(),
            user.password_hash.as_ref().map(PasswordHash::as_phc),
            user.version,
        ],
    )?)?;
    expect_one(execute(
        connection,
        "UPDATE memberships SET role = ?3 WHERE workspace_id = ?1 AND user_id = ?2",
        values![user.workspace_id, user.id, user.role.word()],
    )?)?;
    if change == UserChange::Password {
        execute(
            connection,
            "DELETE FROM tickets WHERE user_id = ?1 AND kind IN ('password_reset', 'activation')",
            values![user.id],
        )?;
    }
    Ok(())
}

/// Deletes an account with all that it has in any workspace. What refers to it goes along.
pub(super) fn delete_user(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    user: &User,
) -> Outcome<()> {
    execute(connection, "DELETE FROM conversations WHERE owner_id = ?1", values![user.id])?;
    context.forget();
    expect_one(execute(
        connection,
        "DELETE FROM users WHERE id = ?1 AND version = ?2",
        values![user.id, user.version.previous()],
    )?)
}

pub(super) fn add_member(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    membership: &Membership,
) -> Outcome<()> {
    context.check_workspace(membership.workspace_id)?;
    execute(
        connection,
        "INSERT INTO memberships (workspace_id, user_id, role, created_at) VALUES (?1, ?2, ?3, ?4)",
        values![membership.workspace_id, membership.user_id, membership.role.word(), membership.created_at,],
    )?;
    Ok(())
}

/// Ends a membership. Sessions, keys and what projects showed go along with it. Nobody leaves their last workspace; whoever
/// leaves their home is at home where they joined first of what is left, in a new version: who manages the account changes.
pub(super) fn remove_member(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    workspace_id: WorkspaceId,
    user_id: UserId,
) -> Outcome<()> {
    context.check_workspace(workspace_id)?;
    expect_one(execute(
        connection,
        "DELETE FROM memberships WHERE workspace_id = ?1 AND user_id = ?2
             AND EXISTS (SELECT 1 FROM memberships o WHERE o.user_id = ?2 AND o.workspace_id <> ?1)",
        values![workspace_id, user_id],
    )?)?;
    execute(
        connection,
        "UPDATE users SET version = version + 1, home_workspace_id = (
             SELECT m.workspace_id FROM memberships m WHERE m.user_id = ?2 ORDER BY m.created_at, m.workspace_id LIMIT 1
         ) WHERE id = ?2 AND home_workspace_id = ?1",
        values![workspace_id, user_id],
    )?;
    Ok(())
}

pub(super) fn invite(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    invitation: &Invitation,
) -> Outcome<()> {
    context.check_workspace(invitation.workspace_id)?;
    execute(
        connection,
        "INSERT INTO invitations (id, workspace_id, email, role, token_hash, invited_by, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        values![
            invitation.id,
            invitation.workspace_id,
            invitation.email.as_str(),
            invitation.role.word(),
            &invitation.token_hash,
            invitation.invited_by,
            invitation.created_at,
            invitation.expires_at,
        ],
    )?;
    Ok(())
}

/// Ends an invitation, whether it was followed or taken back.
pub(super) fn end_invitation(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    id: InvitationId,
) -> Outcome<()> {
    expect_one(execute(
        connection,
        "DELETE FROM invitations WHERE id = ?1 AND workspace_id = ?2",
        values![id, context.workspace_id],
    )?)
}
