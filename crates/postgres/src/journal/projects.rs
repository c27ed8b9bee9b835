//! Projects, who sees them, and links to conversations.

use domain::{
    ConversationId, Project, ProjectAccess, ProjectDescription, ProjectId, ProjectMember, Share, ShareId,
    UserId,
};
use storage::Word;

use super::batch::Expected;
use super::plan::Plan;
use crate::errors::Outcome;
use crate::statement::values;

/// Its maker manages it.
pub(super) fn create<'a>(plan: &mut Plan<'a>, project: &'a Project) -> Outcome<()> {
    plan.check_workspace(project.workspace_id)?;
    plan.add(
        "INSERT INTO projects (id, workspace_id, name, description, created_by, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            project.id,
            project.workspace_id,
            project.name.as_str(),
            project.description.as_ref().map(ProjectDescription::as_str),
            project.created_by,
            project.version,
            project.created_at,
            project.updated_at,
        ],
        Expected::Anything,
    );
    let maker = ProjectMember {
        project_id: project.id,
        user_id: project.created_by,
        access: ProjectAccess::Manage,
        added_at: project.created_at,
    };
    set_member(plan, &maker);
    Ok(())
}

pub(super) fn update<'a>(plan: &mut Plan<'a>, project: &'a Project) -> Outcome<()> {
    plan.check_workspace(project.workspace_id)?;
    plan.add(
        "UPDATE projects SET name = $4, description = $5, version = $6, updated_at = $7
         WHERE id = $1 AND workspace_id = $2 AND version = $3",
        values![
            project.id,
            project.workspace_id,
            project.version.previous(),
            project.name.as_str(),
            project.description.as_ref().map(ProjectDescription::as_str),
            project.version,
            project.updated_at,
        ],
        Expected::Rows(1),
    );
    Ok(())
}

pub(super) fn delete(plan: &mut Plan<'_>, project: &Project) -> Outcome<()> {
    plan.check_workspace(project.workspace_id)?;
    plan.add(
        "DELETE FROM projects WHERE id = $1 AND workspace_id = $2 AND version = $3",
        values![project.id, project.workspace_id, project.version.previous()],
        Expected::Rows(1),
    );
    Ok(())
}

/// Refused when there is no such project, or the person does not belong to its workspace.
pub(super) fn set_member(plan: &mut Plan<'_>, member: &ProjectMember) {
    plan.add(
        "INSERT INTO project_members (workspace_id, project_id, user_id, access, added_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project_id, user_id) DO UPDATE SET access = excluded.access, added_at = excluded.added_at",
        values![
            plan.workspace_id(),
            member.project_id,
            member.user_id,
            member.access.word(),
            member.added_at,
        ],
        Expected::Rows(1),
    );
}

pub(super) fn remove_member(plan: &mut Plan<'_>, project_id: ProjectId, user_id: UserId) {
    plan.add(
        "DELETE FROM project_members WHERE project_id = $1 AND user_id = $2 AND workspace_id = $3",
        values![project_id, user_id, plan.workspace_id()],
        Expected::Rows(1),
    );
}

/// Refused when there is no such conversation of this owner.
pub(super) fn share<'a>(plan: &mut Plan<'a>, share: &'a Share) -> Outcome<()> {
    plan.check_workspace(share.workspace_id)?;
    plan.add(
        "INSERT INTO shares (
             id, workspace_id, conversation_id, owner_id, kind, token_hash, leaf_id, snapshot, created_at, expires_at
         ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        values![
            share.id,
            share.workspace_id,
            share.conversation_id,
            share.owner_id,
            share.kind.word(),
            &share.token_hash,
            share.leaf_id,
            share.snapshot.as_ref(),
            share.created_at,
            share.expires_at,
        ],
        Expected::Rows(1),
    );
    Ok(())
}

pub(super) fn revoke_share(plan: &mut Plan<'_>, id: ShareId, conversation_id: ConversationId) {
    plan.add(
        "DELETE FROM shares WHERE id = $1 AND conversation_id = $2 AND workspace_id = $3",
        values![id, conversation_id, plan.workspace_id()],
        Expected::Rows(1),
    );
}
