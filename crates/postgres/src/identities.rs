//! Reading accounts and credentials.

pub(crate) mod factors;
pub(crate) mod rows;

use std::net::IpAddr;

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Bool, Text};
use domain::ports::{ApiKeyIdentity, Identities, SessionIdentity, StorageError};
use domain::{
    ApiKey, ApiKeyId, Email, ExternalIdentity, Money, Page, PageRequest, Passkey, PasskeyId, Session,
    SessionId, Ticket, Timestamp, TokenHash, Totp, User, UserId, UserState, Workspace, WorkspaceId,
};
use storage::{Word, address, money, month};
use uuid::Uuid;

use crate::Postgres;
use crate::errors::Outcome;
use crate::session::Scope;
use crate::statement::{Value, values};
use crate::workspaces::{WorkspaceRow, WorkspaceTypes, select_workspaces};
use rows::{
    ApiKeyRow, ApiKeyTypes, SessionRow, SessionTypes, UserRow, UserTypes, api_key_columns, select_api_keys,
    select_api_keys_with_users, select_sessions_with_users, select_user_at_home, select_users,
    session_columns, user_columns,
};

const USER: &str = select_users!(
    "memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1 AND m.user_id = $2"
);
const FIRST_WORKSPACE: &str = select_workspaces!("workspaces w ORDER BY w.created_at, w.id LIMIT 1");
pub(crate) const USER_BY_EMAIL: &str =
    select_user_at_home!("users u JOIN memberships m ON m.user_id = u.id WHERE u.email_folded = lower($1)");
pub(crate) const USER_BY_EXTERNAL: &str = select_user_at_home!(
    "external_identities e JOIN users u ON u.id = e.user_id JOIN memberships m ON m.user_id = u.id
     WHERE e.issuer = $1 AND e.subject = $2"
);
pub(crate) const USERS: &str = select_users!(
    "memberships m JOIN users u ON u.id = m.user_id
     WHERE m.workspace_id = $1 AND m.user_id < $2 AND ($4::text IS NULL OR u.state = $4)
     ORDER BY m.user_id DESC LIMIT $3"
);
pub(crate) const SESSION_BY_TOKEN: &str =
    select_sessions_with_users!("WHERE s.token_hash = $1 AND s.kind = 'browser'");
const SESSION: &str = select_sessions_with_users!("WHERE s.id = $1");
pub(crate) const SESSIONS: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions s WHERE s.user_id = $1 AND s.expires_at > $2 AND s.id < $3 ORDER BY s.id DESC LIMIT $4"
);
/// From where sessions of a person were used last, and among the newest that they did from where they signed in.
pub(crate) const KNOWN_ADDRESSES: &str = "SELECT k.address FROM users u CROSS JOIN LATERAL (
         (SELECT s.last_address AS address FROM sessions s WHERE s.user_id = u.id ORDER BY s.id DESC LIMIT 50)
         UNION ALL
         (SELECT n.address FROM memberships m CROSS JOIN LATERAL (
             SELECT a.name, a.address FROM audit_entries a WHERE a.workspace_id = m.workspace_id AND a.actor_id = u.id
             ORDER BY a.sequence DESC LIMIT 1000
         ) n WHERE m.user_id = u.id AND n.name = 'session.opened' LIMIT 50)
     ) k WHERE u.email_folded = lower($1) AND k.address IS NOT NULL";
pub(crate) const API_KEY_BY_HASH: &str = select_api_keys_with_users!("WHERE k.key_hash = $1");
const API_KEY: &str = select_api_keys!("WHERE k.id = $1 AND k.workspace_id = $2 AND k.user_id = $3");
pub(crate) const API_KEYS: &str = select_api_keys!(
    "WHERE k.workspace_id = $1 AND k.user_id = $2 AND k.id < $3 ORDER BY k.id DESC LIMIT $4"
);

#[async_trait]
impl Identities for Postgres {
    async fn any_account(&self) -> Result<bool, StorageError> {
        let session = self.read(Scope::System).await?;
        Ok(session.one::<Bool, bool>("SELECT EXISTS (SELECT 1 FROM users)", values![]).await?)
    }

    async fn first_workspace(&self) -> Result<Option<Workspace>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session.optional::<WorkspaceTypes, WorkspaceRow>(FIRST_WORKSPACE, values![]).await?;
        Ok(row.map(Workspace::try_from).transpose()?)
    }

    async fn user(&self, workspace_id: WorkspaceId, id: UserId) -> Result<Option<User>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row = session.optional::<UserTypes, UserRow>(USER, values![workspace_id, id]).await?;
        Ok(row.map(User::try_from).transpose()?)
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session.optional::<UserTypes, UserRow>(USER_BY_EMAIL, values![email.as_str()]).await?;
        Ok(row.map(User::try_from).transpose()?)
    }

    async fn known_addresses(&self, email: &Email) -> Result<Vec<IpAddr>, StorageError> {
        let session = self.read(Scope::System).await?;
        let found = session.load::<Text, String>(KNOWN_ADDRESSES, values![email.as_str()]).await?;
        Ok(found.iter().map(|text| address(text)).collect::<Result<_, _>>()?)
    }

    async fn user_by_external(&self, issuer: &str, subject: &str) -> Result<Option<User>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session.optional::<UserTypes, UserRow>(USER_BY_EXTERNAL, values![issuer, subject]).await?;
        Ok(row.map(User::try_from).transpose()?)
    }

    async fn users(
        &self,
        workspace_id: WorkspaceId,
        state: Option<UserState>,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let before = page.after.unwrap_or(UserId::from_uuid(Uuid::max()));
        let values = values![workspace_id, before, u32::from(page.limit) + 1, state.map(Word::word)];
        let rows = session.load::<UserTypes, UserRow>(USERS, values).await?;
        let users = rows.into_iter().map(User::try_from).collect::<Outcome<Vec<_>>>()?;
        Ok(Page::from_surplus(users, page.limit, |user| user.id))
    }

    async fn session_by_token(&self, hash: TokenHash) -> Result<Option<SessionIdentity>, StorageError> {
        self.session_with_user(SESSION_BY_TOKEN, (&hash).into()).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionIdentity>, StorageError> {
        self.session_with_user(SESSION, id.into()).await
    }

    async fn sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        page: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>, StorageError> {
        let session = self.read(Scope::System).await?;
        let before = page.after.unwrap_or(SessionId::from_uuid(Uuid::max()));
        let values = values![user_id, now, before, u32::from(page.limit) + 1];
        let rows = session.load::<SessionTypes, SessionRow>(SESSIONS, values).await?;
        let sessions = rows.into_iter().map(Session::try_from).collect::<Outcome<Vec<_>>>()?;
        Ok(Page::from_surplus(sessions, page.limit, |session| session.id))
    }

    async fn api_key_by_hash(&self, hash: TokenHash) -> Result<Option<ApiKeyIdentity>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session
            .optional::<(ApiKeyTypes, UserTypes), (ApiKeyRow, UserRow)>(API_KEY_BY_HASH, values![&hash])
            .await?;
        let Some((api_key, user)) = row else { return Ok(None) };
        Ok(Some(ApiKeyIdentity { api_key: api_key.try_into()?, user: user.try_into()? }))
    }

    async fn api_key(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row =
            session.optional::<ApiKeyTypes, ApiKeyRow>(API_KEY, values![id, workspace_id, user_id]).await?;
        Ok(row.map(ApiKey::try_from).transpose()?)
    }

    async fn api_keys(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let before = page.after.unwrap_or(ApiKeyId::from_uuid(Uuid::max()));
        let values = values![workspace_id, user_id, before, u32::from(page.limit) + 1];
        let rows = session.load::<ApiKeyTypes, ApiKeyRow>(API_KEYS, values).await?;
        let keys = rows.into_iter().map(ApiKey::try_from).collect::<Outcome<Vec<_>>>()?;
        Ok(Page::from_surplus(keys, page.limit, |key| key.id))
    }

    async fn spent_with_key(&self, id: ApiKeyId, at: Timestamp) -> Result<Money, StorageError> {
        let session = self.read(Scope::System).await?;
        let sql = "SELECT cost_microusd FROM api_key_spend WHERE api_key_id = $1 AND month = $2";
        let spent = session.optional::<BigInt, i64>(sql, values![id, month(at)]).await?;
        Ok(spent.map_or(Ok(Money::ZERO), money)?)
    }

    async fn ticket(&self, hash: TokenHash) -> Result<Option<Ticket>, StorageError> {
        self.ticket_by_hash(hash).await
    }

    async fn totp(&self, user_id: UserId) -> Result<Option<Totp>, StorageError> {
        self.totp_of(user_id).await
    }

    async fn recovery_codes(&self, user_id: UserId) -> Result<Vec<TokenHash>, StorageError> {
        self.recovery_codes_of(user_id).await
    }

    async fn passkeys(&self, user_id: UserId) -> Result<Vec<Passkey>, StorageError> {
        self.passkeys_of(user_id).await
    }

    async fn passkey(&self, user_id: UserId, id: PasskeyId) -> Result<Option<Passkey>, StorageError> {
        self.passkey_of(user_id, id).await
    }

    async fn passkey_by_credential(
        &self,
        credential_id: &[u8],
    ) -> Result<Option<(Passkey, User)>, StorageError> {
        self.passkey_with_user(credential_id).await
    }

    async fn external_identities(&self, user_id: UserId) -> Result<Vec<ExternalIdentity>, StorageError> {
        self.external_identities_of(user_id).await
    }
}

impl Postgres {
    async fn session_with_user(
        &self,
        sql: &str,
        key: Value<'_>,
    ) -> Result<Option<SessionIdentity>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session.optional::<(SessionTypes, UserTypes), (SessionRow, UserRow)>(sql, &[key]).await?;
        let Some((session, user)) = row else { return Ok(None) };
        Ok(Some(SessionIdentity { session: session.try_into()?, user: user.try_into()? }))
    }
}
