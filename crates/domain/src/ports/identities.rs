//! Reading accounts and credentials.

use async_trait::async_trait;

use super::StorageError;
use crate::{
    ApiKey, ApiKeyId, Email, Page, PageRequest, Session, TokenHash, User, UserId, Workspace, WorkspaceId,
};

/// Reading accounts and credentials. Look-ups by secret span all workspaces: the secret tells which one is meant.
#[async_trait]
pub trait Identities: Send + Sync {
    /// Whether any account exists at all.
    async fn any_account(&self) -> Result<bool, StorageError>;

    /// The oldest workspace; `None` before the first start has made one.
    async fn first_workspace(&self) -> Result<Option<Workspace>, StorageError>;

    /// One account.
    async fn user(&self, workspace_id: WorkspaceId, id: UserId) -> Result<Option<User>, StorageError>;

    /// The account that signs in with an address, in any workspace.
    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StorageError>;

    /// The session behind a token, with its person, expired or not.
    async fn session_by_token(&self, hash: TokenHash) -> Result<Option<SessionIdentity>, StorageError>;

    /// The API key behind a hash, with its person, expired or not. Revoked keys do not exist.
    async fn api_key_by_hash(&self, hash: TokenHash) -> Result<Option<ApiKeyIdentity>, StorageError>;

    /// One API key of a person.
    async fn api_key(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StorageError>;

    /// The API keys of a person, newest first.
    async fn api_keys(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StorageError>;

    /// The accounts of a workspace, newest first.
    async fn users(
        &self,
        workspace_id: WorkspaceId,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StorageError>;
}

/// A session and its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionIdentity {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
}

/// An API key and the person it acts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyIdentity {
    /// The key.
    pub api_key: ApiKey,
    /// The person.
    pub user: User,
}
