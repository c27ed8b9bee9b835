//! Workspaces, who belongs to them, and who is invited.

use domain::{Invitation, InvitationId, Membership, Workspace};
use storage::Word;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::Outcome;
use crate::statement::values;

pub(super) fn create<'a>(plan: &mut Plan<'a>, workspace: &'a Workspace, language: &str) -> Outcome<()> {
    plan.check_workspace(workspace.id)?;
    plan.add(
        "INSERT INTO workspaces (id, name, version, created_at, search_language) VALUES ($1, $2, $3, $4, $5)",
        values![
            workspace.id,
            workspace.name.as_str(),
            workspace.version,
            workspace.created_at,
            language.to_owned(),
        ],
        Expected::Anything,
    );
    Ok(())
}

pub(super) fn update<'a>(plan: &mut Plan<'a>, workspace: &'a Workspace) -> Outcome<()> {
    plan.check_workspace(workspace.id)?;
    plan.add(
        "UPDATE workspaces SET name = $3, version = $4 WHERE id = $1 AND version = $2",
        values![workspace.id, workspace.version.previous(), workspace.name.as_str(), workspace.version,],
        Expected::Rows(1),
    );
    Ok(())
}

pub(super) fn add_member(plan: &mut Plan<'_>, membership: &Membership) -> Outcome<()> {
    plan.check_workspace(membership.workspace_id)?;
    plan.add(
        "INSERT INTO memberships (workspace_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
        values![membership.workspace_id, membership.user_id, membership.role.word(), membership.created_at,],
        Expected::Anything,
    );
    Ok(())
}

/// Sessions, keys and places in projects go with the membership, by reference. Nobody leaves their last workspace; whoever
/// leaves their home is at home where they joined first of what is left, in a new version: who manages the account changes.
pub(super) fn remove_member(plan: &mut Plan<'_>, membership: &Membership) -> Outcome<()> {
    plan.check_workspace(membership.workspace_id)?;
    // Of two workspaces that somebody leaves at once, the second has to see that the first is gone.
    plan.add(
        "SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE",
        values![membership.user_id],
        Expected::Rows(1),
    );
    plan.add(
        "DELETE FROM memberships m WHERE m.workspace_id = $1 AND m.user_id = $2
             AND EXISTS (SELECT 1 FROM memberships o WHERE o.user_id = $2 AND o.workspace_id <> $1)",
        values![membership.workspace_id, membership.user_id],
        Expected::Rows(1),
    );
    plan.add(
        "UPDATE users SET version = version + 1, home_workspace_id = (
             SELECT m.workspace_id FROM memberships m WHERE m.user_id = $2 ORDER BY m.created_at, m.workspace_id LIMIT 1
         ) WHERE id = $2 AND home_workspace_id = $1",
        values![membership.workspace_id, membership.user_id],
        Expected::Anything,
    );
    Ok(())
}

pub(super) fn invite<'a>(plan: &mut Plan<'a>, invitation: &'a Invitation) -> Outcome<()> {
    plan.check_workspace(invitation.workspace_id)?;
    plan.add(
        "INSERT INTO invitations (id, workspace_id, email, role, token_hash, invited_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
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
        Expected::Anything,
    );
    Ok(())
}

/// Removes an invitation that was taken back, or followed: of two who do so at once, one finds it.
pub(super) fn end_invitation(plan: &mut Plan<'_>, id: InvitationId) {
    plan.add(
        "DELETE FROM invitations WHERE id = $1 AND workspace_id = $2",
        values![id, plan.workspace_id()],
        Expected::Rows(1),
    );
}
