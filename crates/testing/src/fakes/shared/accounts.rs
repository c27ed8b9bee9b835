//! Accounts and credentials.

use async_trait::async_trait;
use domain::ports::{ApiKeyIdentity, Identities, SessionIdentity, StorageError};
use domain::{ApiKey, ApiKeyId, Email, Page, PageRequest, TokenHash, User, UserId, Workspace, WorkspaceId};

use super::SharedNode;

#[async_trait]
impl Identities for SharedNode {
    async fn any_account(&self) -> Result<bool, StorageError> {
        self.read(|tables| !tables.users.is_empty()).await
    }

    async fn first_workspace(&self) -> Result<Option<Workspace>, StorageError> {
        self.read(|tables| tables.workspaces.values().next().cloned()).await
    }

    async fn user(&self, workspace_id: WorkspaceId, id: UserId) -> Result<Option<User>, StorageError> {
        self.read(|tables| tables.users.get(&id).filter(|user| user.workspace_id == workspace_id).cloned())
            .await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StorageError> {
        self.read(|tables| tables.users.values().find(|user| user.email == *email).cloned()).await
    }

    async fn session_by_token(&self, hash: TokenHash) -> Result<Option<SessionIdentity>, StorageError> {
        self.read(|tables| {
            let session = tables.sessions.values().find(|session| session.token_hash == hash)?.clone();
            let user = tables.users.get(&session.user_id)?.clone();
            Some(SessionIdentity { session, user })
        })
        .await
    }

    async fn api_key_by_hash(&self, hash: TokenHash) -> Result<Option<ApiKeyIdentity>, StorageError> {
        self.read(|tables| {
            let api_key = tables.api_keys.values().find(|key| key.key_hash == hash)?.clone();
            let user = tables.users.get(&api_key.user_id)?.clone();
            Some(ApiKeyIdentity { api_key, user })
        })
        .await
    }

    async fn api_key(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StorageError> {
        let is_theirs = |key: &&ApiKey| (key.workspace_id, key.user_id) == (workspace_id, user_id);
        self.read(|tables| tables.api_keys.get(&id).filter(is_theirs).cloned()).await
    }

    async fn api_keys(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StorageError> {
        self.read(|tables| {
            let older =
                tables.api_keys.values().rev().filter(|key| page.after.is_none_or(|after| key.id < after));
            let theirs = older.filter(|key| (key.workspace_id, key.user_id) == (workspace_id, user_id));
            let rows = theirs.take(usize::from(page.limit) + 1).cloned().collect();
            Page::from_surplus(rows, page.limit, |key| key.id)
        })
        .await
    }

    async fn users(
        &self,
        workspace_id: WorkspaceId,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StorageError> {
        self.read(|tables| {
            let older =
                tables.users.values().rev().filter(|user| page.after.is_none_or(|after| user.id < after));
            let theirs = older.filter(|user| user.workspace_id == workspace_id);
            let rows = theirs.take(usize::from(page.limit) + 1).cloned().collect();
            Page::from_surplus(rows, page.limit, |user| user.id)
        })
        .await
    }
}
