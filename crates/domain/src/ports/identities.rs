//! Reading accounts and credentials.

use std::net::IpAddr;

use async_trait::async_trait;

use super::StorageError;
use crate::{
    ApiKey, ApiKeyId, Email, ExternalIdentity, Money, Page, PageRequest, Passkey, PasskeyId, Session,
    SessionId, Ticket, Timestamp, TokenHash, Totp, User, UserId, UserState, Workspace, WorkspaceId,
};

/// Reading accounts and credentials. Look-ups by secret or address span all workspaces: what is found tells which one is
/// meant.
#[async_trait]
pub trait Identities: Send + Sync {
    /// Whether any account exists at all.
    async fn any_account(&self) -> Result<bool, StorageError>;

    /// The oldest workspace; `None` before the first start has made one.
    async fn first_workspace(&self) -> Result<Option<Workspace>, StorageError>;

    /// One account, seen from a workspace that it is a member of.
    async fn user(&self, workspace_id: WorkspaceId, id: UserId) -> Result<Option<User>, StorageError>;

    /// The account that signs in with an address, seen from its home workspace.
    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StorageError>;

    /// From where the person behind an address signed in last, and from where their open sessions were used last: at most
    /// 50 of each, and some twice; in no particular order. None where there is no such account.
    async fn known_addresses(&self, email: &Email) -> Result<Vec<IpAddr>, StorageError>;

    /// The account that an `OpenID` provider knows by a subject, seen as by [`Identities::user_by_email`].
    async fn user_by_external(&self, issuer: &str, subject: &str) -> Result<Option<User>, StorageError>;

    /// The accounts of a workspace, newest first; only those in a state, where one is named.
    async fn users(
        &self,
        workspace_id: WorkspaceId,
        state: Option<UserState>,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StorageError>;

    /// The session behind a browser's token, with its person, expired or not.
    async fn session_by_token(&self, hash: TokenHash) -> Result<Option<SessionIdentity>, StorageError>;

    /// A session, with its person, expired or not.
    async fn session(&self, id: SessionId) -> Result<Option<SessionIdentity>, StorageError>;

    /// The sessions of a person in all workspaces that have not expired by `now`, newest first.
    async fn sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        page: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>, StorageError>;

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

    /// What was spent with an API key in the calendar month (UTC) of a moment.
    async fn spent_with_key(&self, id: ApiKeyId, at: Timestamp) -> Result<Money, StorageError>;

    /// The ticket behind a token, expired or not. Used ones do not exist.
    async fn ticket(&self, hash: TokenHash) -> Result<Option<Ticket>, StorageError>;

    /// The secret from which a person's codes are made, where codes are asked for.
    async fn totp(&self, user_id: UserId) -> Result<Option<Totp>, StorageError>;

    /// The hashes of a person's unused recovery codes.
    async fn recovery_codes(&self, user_id: UserId) -> Result<Vec<TokenHash>, StorageError>;

    /// The passkeys of a person, newest first.
    async fn passkeys(&self, user_id: UserId) -> Result<Vec<Passkey>, StorageError>;

    /// One passkey of a person.
    async fn passkey(&self, user_id: UserId, id: PasskeyId) -> Result<Option<Passkey>, StorageError>;

    /// The passkey that authenticators know by an id, with its person, seen as by [`Identities::user_by_email`].
    async fn passkey_by_credential(
        &self,
        credential_id: &[u8],
    ) -> Result<Option<(Passkey, User)>, StorageError>;

    /// The `OpenID` providers that know a person, oldest first.
    async fn external_identities(&self, user_id: UserId) -> Result<Vec<ExternalIdentity>, StorageError>;
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
