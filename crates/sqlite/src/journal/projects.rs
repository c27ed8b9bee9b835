//! Projects, who sees them, and links.

use diesel::sqlite::SqliteConnection;
use domain::{
    ConversationId, Project, ProjectAccess, ProjectDescription, ProjectId, ProjectMember, Share, ShareId,
    UserId,
};

use super::context::Context;
use crate::columns::Word;
use crate::errors::{Outcome, expect_one};
use crate::statement::{execute, values};

/// Makes a project, which its maker manages.
pub(super) fn create(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    project: &Project,
) -> Outcome<()> {
    context.check_workspace(project.workspace_id)?;
    execute(
        connection,
        "INSERT INTO projects (id, workspace_id, name, description, created_by, version, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
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
    )?;
    let maker = ProjectMember {
        project_id: project.id,
        user_id: project.created_by,
        access: ProjectAccess::Manage,
        added_at: project.created_at,
    };
    set_member(connection, context, &maker)
}

pub(super) fn update(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    project: &Project,
) -> Outcome<()> {
    context.check_workspace(project.workspace_id)?;
    expect_one(execute(
        connection,
        "UPDATE projects SET name = ?4, description = ?5, version = ?6, updated_at = ?7
         WHERE id = ?1 AND workspace_id = ?2 AND version = ?3",
        values![
            project.id,
            project.workspace_id,
            project.version.previous(),
            project.name.as_str(),
            project.description.as_ref().map(ProjectDescription::as_str),
            project.version,
            project.updated_at,
        ],
    )?)
}

pub(super) fn delete(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    project: &Project,
) -> Outcome<()> {
    context.check_workspace(project.workspace_id)?;
    expect_one(execute(
        connection,
        "DELETE FROM projects WHERE id = ?1 AND workspace_id = ?2 AND version = ?3",
        values![project.id, project.workspace_id, project.version.previous()],
    )?)
}

pub(super) fn set_member(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    member: &ProjectMember,
) -> Outcome<()> {
    execute(
        connection,
        "INSERT INTO project_members (workspace_id, project_id, user_id, access, added_at)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (project_id, user_id) DO UPDATE SET
             workspace_id = excluded.workspace_id, access = excluded.access, added_at = excluded.added_at",
        values![
            context.workspace_id,
            member.project_id,
            member.user_id,
            member.access.word(),
            member.added_at,
        ],
    )?;
    Ok(())
}

pub(super) fn remove_member(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    id: ProjectId,
    user_id: UserId,
) -> Outcome<()> {
    expect_one(execute(
        connection,
        "DELETE FROM project_members WHERE project_id = ?1 AND user_id = ?2 AND workspace_id = ?3",
        values![id, user_id, context.workspace_id],
    )?)
}

pub(super) fn share(connection: &mut SqliteConnection, context: &Context<'_>, share: &Share) -> Outcome<()> {
    context.check_workspace(share.workspace_id)?;
    execute(
        connection,
        "INSERT INTO shares (
             id, workspace_id, conversation_id, owner_id, kind, token_hash, leaf_id, created_at, expires_at, snapshot
         ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        values![
            share.id,
            share.workspace_id,
            share.conversation_id,
            share.owner_id,
            share.kind.word(),
            &share.token_hash,
            share.leaf_id,
            share.created_at,
            share.expires_at,
            share.snapshot.as_deref(),
        ],
    )?;
    Ok(())
}

pub(super) fn revoke_share(
    connection: &mut SqliteConnection,
    context: &Context<'_>,
    id: ShareId,
    conversation_id: ConversationId,
) -> Outcome<()> {
    expect_one(execute(
        connection,
        "DELETE FROM shares WHERE id = ?1 AND conversation_id = ?2 AND workspace_id = ?3",
        values![id, conversation_id, context.workspace_id],
    )?)
}
