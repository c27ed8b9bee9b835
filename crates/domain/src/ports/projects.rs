//! Reading projects and links.

use async_trait::async_trait;

use super::StorageError;
use crate::{
    ConversationId, Page, PageRequest, Project, ProjectAccess, ProjectId, ProjectMember, Share, ShareId,
    UserId, WorkspaceId,
};

/// Reading projects and who sees them.
#[async_trait]
pub trait Projects: Send + Sync {
    /// One project.
    async fn project(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
    ) -> Result<Option<Project>, StorageError>;

    /// What a person may do in a project; `None` where they do not see it.
    async fn access(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
        user_id: UserId,
    ) -> Result<Option<ProjectAccess>, StorageError>;

    /// The projects that a person sees, with what they may do there, newest first.
    async fn projects_of(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        page: PageRequest<ProjectId>,
    ) -> Result<Page<(Project, ProjectAccess), ProjectId>, StorageError>;

    /// Who sees a project, in the order of their ids.
    async fn project_members(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
        page: PageRequest<UserId>,
    ) -> Result<Page<ProjectMember, UserId>, StorageError>;
}

/// Reading links to conversations.
#[async_trait]
pub trait Shares: Send + Sync {
    /// A link, in any workspace, expired or not.
    async fn share(&self, id: ShareId) -> Result<Option<Share>, StorageError>;

    /// The links to a conversation, newest first, expired ones too, without their snapshots.
    async fn shares_of(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<Vec<Share>, StorageError>;
}
