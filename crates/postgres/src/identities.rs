//! Reading accounts and credentials.

mod rows;

use async_trait::async_trait;
use diesel::sql_types::{Bool, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{ApiKeyIdentity, Identities, SessionIdentity, StorageError};
use domain::{
    ApiKey, ApiKeyId, Email, Page, PageRequest, TokenHash, User, UserId, Workspace, WorkspaceId,
    WorkspaceName,
};
use storage::text;
use uuid::Uuid;

use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::Outcome;
use crate::session::Scope;
use crate::statement::values;
use rows::{
    ApiKeyRow, ApiKeyTypes, SessionRow, SessionTypes, UserRow, UserTypes, api_key_columns, select_api_keys,
    select_api_keys_with_users, select_sessions_with_users, select_users, user_columns,
};

const USER: &str = select_users!(
    "memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1 AND m.user_id = $2"
);
pub(crate) const USER_BY_EMAIL: &str = select_users!(
    "users u JOIN memberships m ON m.user_id = u.id WHERE u.email_folded = lower($1) ORDER BY m.created_at LIMIT 1"
);
pub(crate) const USERS: &str = select_users!(
    "memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1 AND m.user_id < $2
     ORDER BY m.user_id DESC LIMIT $3"
);
pub(crate) const SESSION_BY_TOKEN: &str = select_sessions_with_users!("WHERE s.token_hash = $1");
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
        let oldest = "SELECT id, name, created_at FROM workspaces ORDER BY created_at, id LIMIT 1";
        let row =
            session.optional::<(SqlUuid, Text, Timestamptz), (Id, String, Moment)>(oldest, values![]).await?;
        let Some((id, name, created_at)) = row else { return Ok(None) };
        let name = text(&name, WorkspaceName::new)?;
        Ok(Some(Workspace { id: id.typed(WorkspaceId::from_uuid), name, created_at: created_at.into() }))
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

    async fn session_by_token(&self, hash: TokenHash) -> Result<Option<SessionIdentity>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session
            .optional::<(SessionTypes, UserTypes), (SessionRow, UserRow)>(SESSION_BY_TOKEN, values![&hash])
            .await?;
        let Some((session, user)) = row else { return Ok(None) };
        Ok(Some(SessionIdentity { session: session.try_into()?, user: user.try_into()? }))
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

    async fn users(
        &self,
        workspace_id: WorkspaceId,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let before = page.after.unwrap_or(UserId::from_uuid(Uuid::max()));
        let values = values![workspace_id, before, u32::from(page.limit) + 1];
        let rows = session.load::<UserTypes, UserRow>(USERS, values).await?;
        let users = rows.into_iter().map(User::try_from).collect::<Outcome<Vec<_>>>()?;
        Ok(Page::from_surplus(users, page.limit, |user| user.id))
    }
}
