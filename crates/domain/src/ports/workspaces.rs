//! Reading workspaces, and who may join them.

use async_trait::async_trait;

use super::StorageError;
use crate::{Invitation, InvitationId, Page, PageRequest, Role, TokenHash, UserId, Workspace, WorkspaceId};

/// Reading workspaces, and who may join them.
#[async_trait]
pub trait Workspaces: Send + Sync {
    /// One workspace.
    async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError>;

    /// The workspaces that a person belongs to and their role in each, the one they joined first before the others.
    async fn workspaces_of(&self, user_id: UserId) -> Result<Vec<(Workspace, Role)>, StorageError>;

    /// One invitation of a workspace, expired or not.
    async fn invitation(
        &self,
        workspace_id: WorkspaceId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StorageError>;

    /// The invitation behind a token, in any workspace, expired or not.
    async fn invitation_by_token(&self, hash: TokenHash) -> Result<Option<Invitation>, StorageError>;

    /// The invitations of a workspace, newest first, expired ones too.
    async fn invitations(
        &self,
        workspace_id: WorkspaceId,
        page: PageRequest<InvitationId>,
    ) -> Result<Page<Invitation, InvitationId>, StorageError>;
}
