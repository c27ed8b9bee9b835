//! Workspaces, and who may join them.

use async_trait::async_trait;
use domain::ports::{StorageError, Workspaces};
use domain::{
    Invitation, InvitationId, Membership, Page, PageRequest, Role, TokenHash, UserId, Workspace, WorkspaceId,
};

use super::SharedNode;

#[async_trait]
impl Workspaces for SharedNode {
    async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError> {
        self.read(|tables| tables.workspaces.get(&id).cloned()).await
    }

    async fn workspaces_of(&self, user_id: UserId) -> Result<Vec<(Workspace, Role)>, StorageError> {
        self.read(|tables| {
            let theirs = tables.memberships.values().filter(|membership| membership.user_id == user_id);
            let mut theirs: Vec<&Membership> = theirs.collect();
            theirs.sort_by_key(|membership| (membership.created_at, membership.workspace_id));
            let workspace = |id| tables.workspaces.get(id).cloned();
            theirs.iter().filter_map(|it| Some((workspace(&it.workspace_id)?, it.role))).collect()
        })
        .await
    }

    async fn invitation(
        &self,
        workspace_id: WorkspaceId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StorageError> {
        self.read(|tables| {
            tables.invitations.get(&id).filter(|invitation| invitation.workspace_id == workspace_id).cloned()
        })
        .await
    }

    async fn invitation_by_token(&self, hash: TokenHash) -> Result<Option<Invitation>, StorageError> {
        self.read(|tables| tables.invitations.values().find(|it| it.token_hash == hash).cloned()).await
    }

    async fn invitations(
        &self,
        workspace_id: WorkspaceId,
        page: PageRequest<InvitationId>,
    ) -> Result<Page<Invitation, InvitationId>, StorageError> {
        self.read(|tables| {
            let older =
                tables.invitations.values().rev().filter(|it| page.after.is_none_or(|after| it.id < after));
            let theirs = older.filter(|it| it.workspace_id == workspace_id);
            let rows = theirs.take(usize::from(page.limit) + 1).cloned().collect();
            Page::from_surplus(rows, page.limit, |invitation| invitation.id)
        })
        .await
    }
}
