//! Accounts and credentials.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::ports::{ApiKeyIdentity, Identities, SessionIdentity, StorageError};
use domain::{
    ApiKey, ApiKeyId, Email, ExternalIdentity, Money, Page, PageRequest, Passkey, PasskeyId, Session,
    SessionId, SessionKind, Ticket, Timestamp, TokenHash, Totp, User, UserId, UserState, Workspace,
    WorkspaceId,
};
use storage::month;

use super::SharedNode;
use super::tables::Tables;

impl Tables {
    fn with_person(&self, session: &Session) -> Option<SessionIdentity> {
        let user = self.seen(session.workspace_id, session.user_id)?;
        Some(SessionIdentity { session: session.clone(), user })
    }
}

#[async_trait]
impl Identities for SharedNode {
    async fn any_account(&self) -> Result<bool, StorageError> {
        self.read(|tables| !tables.users.is_empty()).await
    }

    async fn first_workspace(&self) -> Result<Option<Workspace>, StorageError> {
        self.read(|tables| tables.workspaces.values().min_by_key(|it| (it.created_at, it.id)).cloned()).await
    }

    async fn user(&self, workspace_id: WorkspaceId, id: UserId) -> Result<Option<User>, StorageError> {
        self.read(|tables| tables.seen(workspace_id, id)).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StorageError> {
        self.read(|tables| {
            let user = tables.users.values().find(|user| user.email == *email)?;
            tables.seen_from_home(user)
        })
        .await
    }

    async fn known_addresses(&self, email: &Email) -> Result<Vec<IpAddr>, StorageError> {
        self.read(|tables| {
            let is_theirs = |id: UserId| tables.users.get(&id).is_some_and(|user| user.email == *email);
            let sessions = tables.sessions.values().filter(|it| is_theirs(it.user_id));
            let entries = tables.audit.iter().map(|it| &it.record).filter(|it| it.name == "session.opened");
            let opened = entries.filter(|it| it.actor_id.is_some_and(is_theirs));
            sessions.filter_map(|it| it.last_address).chain(opened.filter_map(|it| it.address)).collect()
        })
        .await
    }

    async fn user_by_external(&self, issuer: &str, subject: &str) -> Result<Option<User>, StorageError> {
        let key = (issuer.to_owned(), subject.to_owned());
        self.read(|tables| {
            let identity = tables.external.get(&key)?;
            tables.seen_from_home(tables.users.get(&identity.user_id)?)
        })
        .await
    }

    async fn users(
        &self,
        workspace_id: WorkspaceId,
        state: Option<UserState>,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StorageError> {
        self.read(|tables| {
            let older =
                tables.users.values().rev().filter(|user| page.after.is_none_or(|after| user.id < after));
            let wanted = older.filter(|user| state.is_none_or(|state| user.state == state));
            let theirs = wanted.filter_map(|user| tables.seen(workspace_id, user.id));
            let rows = theirs.take(usize::from(page.limit) + 1).collect();
            Page::from_surplus(rows, page.limit, |user| user.id)
        })
        .await
    }

    async fn session_by_token(&self, hash: TokenHash) -> Result<Option<SessionIdentity>, StorageError> {
        self.read(|tables| {
            let is_wanted = |it: &&Session| it.token_hash == hash && it.kind == SessionKind::Browser;
            tables.with_person(tables.sessions.values().find(is_wanted)?)
        })
        .await
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionIdentity>, StorageError> {
        self.read(|tables| tables.with_person(tables.sessions.get(&id)?)).await
    }

    async fn sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        page: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>, StorageError> {
        self.read(|tables| {
            let older =
                tables.sessions.values().rev().filter(|it| page.after.is_none_or(|after| it.id < after));
            let theirs = older.filter(|it| it.user_id == user_id && it.expires_at > now);
            let rows = theirs.take(usize::from(page.limit) + 1).cloned().collect();
            Page::from_surplus(rows, page.limit, |session| session.id)
        })
        .await
    }

    async fn api_key_by_hash(&self, hash: TokenHash) -> Result<Option<ApiKeyIdentity>, StorageError> {
        self.read(|tables| {
            let api_key = tables.api_keys.values().find(|key| key.key_hash == hash)?.clone();
            let user = tables.seen(api_key.workspace_id, api_key.user_id)?;
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

    async fn spent_with_key(&self, id: ApiKeyId, at: Timestamp) -> Result<Money, StorageError> {
        self.read(|tables| tables.spent.get(&(id, month(at))).copied().unwrap_or_default()).await
    }

    async fn ticket(&self, hash: TokenHash) -> Result<Option<Ticket>, StorageError> {
        self.read(|tables| tables.tickets.values().find(|ticket| ticket.token_hash == hash).cloned()).await
    }

    async fn totp(&self, user_id: UserId) -> Result<Option<Totp>, StorageError> {
        self.read(|tables| tables.totp.get(&user_id).cloned()).await
    }

    async fn recovery_codes(&self, user_id: UserId) -> Result<Vec<TokenHash>, StorageError> {
        self.read(|tables| {
            let theirs = tables.recovery_codes.iter().filter(|(owner, _)| *owner == user_id);
            theirs.map(|(_, code)| *code).collect()
        })
        .await
    }

    async fn passkeys(&self, user_id: UserId) -> Result<Vec<Passkey>, StorageError> {
        self.read(|tables| {
            tables.passkeys.values().rev().filter(|passkey| passkey.user_id == user_id).cloned().collect()
        })
        .await
    }

    async fn passkey(&self, user_id: UserId, id: PasskeyId) -> Result<Option<Passkey>, StorageError> {
        self.read(|tables| tables.passkeys.get(&id).filter(|passkey| passkey.user_id == user_id).cloned())
            .await
    }

    async fn passkey_by_credential(
        &self,
        credential_id: &[u8],
    ) -> Result<Option<(Passkey, User)>, StorageError> {
        self.read(|tables| {
            let passkey = tables.passkeys.values().find(|passkey| passkey.credential_id == credential_id)?;
            Some((passkey.clone(), tables.seen_from_home(tables.users.get(&passkey.user_id)?)?))
        })
        .await
    }

    async fn external_identities(&self, user_id: UserId) -> Result<Vec<ExternalIdentity>, StorageError> {
        self.read(|tables| {
            let theirs = tables.external.values().filter(|identity| identity.user_id == user_id);
            let mut theirs: Vec<ExternalIdentity> = theirs.cloned().collect();
            theirs.sort_by_key(|identity| identity.created_at);
            theirs
        })
        .await
    }
}
