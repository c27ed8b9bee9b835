//! Reading accounts and credentials.

mod rows;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{ApiKeyIdentity, Identities, SessionIdentity, StorageError};
use domain::{
    ApiKey, ApiKeyId, Email, Page, PageRequest, TokenHash, User, UserId, Workspace, WorkspaceId,
    WorkspaceName,
};

use crate::Sqlite;
use crate::columns::{Id, moment, text};
use crate::errors::Outcome;
use crate::statement::{query, values};
use rows::{
    ApiKeyRow, ApiKeyTypes, SessionRow, SessionTypes, UserRow, UserTypes, select_api_keys, select_users,
};

const USER: &str = select_users!(
    "FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = ?1 AND m.user_id = ?2"
);
pub(crate) const USER_BY_EMAIL: &str = select_users!(
    "FROM users u JOIN memberships m ON m.user_id = u.id WHERE u.email = ?1 ORDER BY m.created_at LIMIT 1"
);
pub(crate) const USERS: &str = select_users!(
    "FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = ?1 AND m.user_id < ?2
     ORDER BY m.user_id DESC LIMIT (SELECT ?3)"
);
pub(crate) const SESSION_BY_TOKEN: &str =
    "SELECT id, workspace_id, user_id, token_hash, created_at, expires_at
     FROM sessions WHERE token_hash = ?1";
pub(crate) const API_KEY_BY_HASH: &str = select_api_keys!("WHERE key_hash = ?1");
const API_KEY: &str = select_api_keys!("WHERE id = ?1 AND workspace_id = ?2 AND user_id = ?3");
pub(crate) const API_KEYS: &str = select_api_keys!(
    "WHERE workspace_id = ?1 AND user_id = ?2 AND id < ?3 ORDER BY id DESC LIMIT (SELECT ?4)"
);

#[async_trait]
impl Identities for Sqlite {
    async fn any_account(&self) -> Result<bool, StorageError> {
        self.readers
            .read(|connection| {
                let exists = query::<BigInt>("SELECT EXISTS (SELECT 1 FROM users)", values![]);
                Ok(exists.get_result::<i64>(connection)? != 0)
            })
            .await
    }

    async fn first_workspace(&self) -> Result<Option<Workspace>, StorageError> {
        self.readers
            .read(|connection| {
                let oldest = "SELECT id, name, created_at FROM workspaces ORDER BY created_at, id LIMIT 1";
                query::<(Binary, Text, BigInt)>(oldest, values![])
                    .get_result::<(Id, String, i64)>(connection)
                    .optional()?
                    .map(|(id, name, created_at)| {
                        Ok(Workspace {
                            id: id.typed(WorkspaceId::from_uuid),
                            name: text(&name, WorkspaceName::new)?,
                            created_at: moment(created_at),
                        })
                    })
                    .transpose()
            })
            .await
    }

    async fn user(&self, workspace_id: WorkspaceId, id: UserId) -> Result<Option<User>, StorageError> {
        self.readers.read(move |connection| user(connection, workspace_id, id)).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StorageError> {
        let email = email.clone();
        self.readers
            .read(move |connection| {
                let row = query::<UserTypes>(USER_BY_EMAIL, values![email.as_str()])
                    .get_result::<UserRow>(connection)
                    .optional()?;
                row.map(User::try_from).transpose()
            })
            .await
    }

    async fn session_by_token(&self, hash: TokenHash) -> Result<Option<SessionIdentity>, StorageError> {
        self.readers
            .read(move |connection| {
                let row = query::<SessionTypes>(SESSION_BY_TOKEN, values![&hash])
                    .get_result::<SessionRow>(connection)
                    .optional()?;
                let Some(row) = row else { return Ok(None) };
                let session = domain::Session::try_from(row)?;
                let user = user(connection, session.workspace_id, session.user_id)?;
                Ok(user.map(|user| SessionIdentity { session, user }))
            })
            .await
    }

    async fn api_key_by_hash(&self, hash: TokenHash) -> Result<Option<ApiKeyIdentity>, StorageError> {
        self.readers
            .read(move |connection| {
                let row = query::<ApiKeyTypes>(API_KEY_BY_HASH, values![&hash])
                    .get_result::<ApiKeyRow>(connection)
                    .optional()?;
                let Some(row) = row else { return Ok(None) };
                let api_key = ApiKey::try_from(row)?;
                let user = user(connection, api_key.workspace_id, api_key.user_id)?;
                Ok(user.map(|user| ApiKeyIdentity { api_key, user }))
            })
            .await
    }

    async fn api_key(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StorageError> {
        self.readers
            .read(move |connection| {
                let row = query::<ApiKeyTypes>(API_KEY, values![id, workspace_id, user_id])
                    .get_result::<ApiKeyRow>(connection)
                    .optional()?;
                row.map(ApiKey::try_from).transpose()
            })
            .await
    }

    async fn api_keys(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StorageError> {
        self.readers
            .read(move |connection| {
                let before = page.after.unwrap_or(ApiKeyId::from_uuid(uuid::Uuid::max()));
                let most = u32::from(page.limit) + 1;
                let rows = query::<ApiKeyTypes>(API_KEYS, values![workspace_id, user_id, before, most])
                    .load::<ApiKeyRow>(connection)?;
                let keys = rows.into_iter().map(ApiKey::try_from).collect::<Outcome<Vec<_>>>()?;
                Ok(Page::from_surplus(keys, page.limit, |key| key.id))
            })
            .await
    }

    async fn users(
        &self,
        workspace_id: WorkspaceId,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StorageError> {
        self.readers
            .read(move |connection| {
                let before = page.after.unwrap_or(UserId::from_uuid(uuid::Uuid::max()));
                let most = u32::from(page.limit) + 1;
                let rows = query::<UserTypes>(USERS, values![workspace_id, before, most])
                    .load::<UserRow>(connection)?;
                let users = rows.into_iter().map(User::try_from).collect::<Outcome<Vec<_>>>()?;
                Ok(Page::from_surplus(users, page.limit, |user| user.id))
            })
            .await
    }
}

fn user(connection: &mut SqliteConnection, workspace_id: WorkspaceId, id: UserId) -> Outcome<Option<User>> {
    let row =
        query::<UserTypes>(USER, values![workspace_id, id]).get_result::<UserRow>(connection).optional()?;
    row.map(User::try_from).transpose()
}
