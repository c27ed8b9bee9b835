//! Reading accounts and credentials.

mod api_keys;
mod factors;
mod people;
mod sessions;

use std::net::IpAddr;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use domain::ports::{ApiKeyIdentity, Identities, SessionIdentity, StorageError};
use domain::{
    ApiKey, ApiKeyId, Email, ExternalIdentity, Money, Page, PageRequest, Passkey, PasskeyId, Session,
    SessionId, Ticket, Timestamp, TokenHash, Totp, User, UserId, UserState, Workspace, WorkspaceId,
};

use crate::Sqlite;
use crate::statement::{query, values};
use crate::workspaces;
#[cfg(test)]
pub(crate) use {
    api_keys::{BY_HASH as API_KEY_BY_HASH, OF_USER as API_KEYS},
    factors::{EXTERNAL_IDENTITIES, PASSKEY_BY_CREDENTIAL, PASSKEYS, RECOVERY_CODES, TICKET},
    people::{USER_BY_EMAIL, USER_FROM_HOME, USERS},
    sessions::{BY_TOKEN as SESSION_BY_TOKEN, OF_USER as SESSIONS, SIGNED_IN_FROM, USED_FROM},
};

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
        self.readers.read(workspaces::first).await
    }

    async fn user(&self, workspace_id: WorkspaceId, id: UserId) -> Result<Option<User>, StorageError> {
        self.readers.read(move |connection| people::get(connection, workspace_id, id)).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<User>, StorageError> {
        let email = email.clone();
        self.readers.read(move |connection| people::by_email(connection, &email)).await
    }

    async fn known_addresses(&self, email: &Email) -> Result<Vec<IpAddr>, StorageError> {
        let email = email.clone();
        self.readers.read(move |connection| sessions::known_addresses(connection, &email)).await
    }

    async fn user_by_external(&self, issuer: &str, subject: &str) -> Result<Option<User>, StorageError> {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        self.readers.read(move |connection| factors::user_by_external(connection, &issuer, &subject)).await
    }

    async fn users(
        &self,
        workspace_id: WorkspaceId,
        state: Option<UserState>,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StorageError> {
        self.readers.read(move |connection| people::list(connection, workspace_id, state, &page)).await
    }

    async fn session_by_token(&self, hash: TokenHash) -> Result<Option<SessionIdentity>, StorageError> {
        self.readers.read(move |connection| sessions::by_token(connection, &hash)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionIdentity>, StorageError> {
        self.readers.read(move |connection| sessions::get(connection, id)).await
    }

    async fn sessions(
        &self,
        user_id: UserId,
        now: Timestamp,
        page: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>, StorageError> {
        self.readers.read(move |connection| sessions::list(connection, user_id, now, &page)).await
    }

    async fn api_key_by_hash(&self, hash: TokenHash) -> Result<Option<ApiKeyIdentity>, StorageError> {
        self.readers.read(move |connection| api_keys::by_hash(connection, &hash)).await
    }

    async fn api_key(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StorageError> {
        self.readers.read(move |connection| api_keys::get(connection, workspace_id, user_id, id)).await
    }

    async fn api_keys(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StorageError> {
        self.readers.read(move |connection| api_keys::list(connection, workspace_id, user_id, &page)).await
    }

    async fn spent_with_key(&self, id: ApiKeyId, at: Timestamp) -> Result<Money, StorageError> {
        self.readers.read(move |connection| api_keys::spent(connection, id, at)).await
    }

    async fn ticket(&self, hash: TokenHash) -> Result<Option<Ticket>, StorageError> {
        self.readers.read(move |connection| factors::ticket(connection, &hash)).await
    }

    async fn totp(&self, user_id: UserId) -> Result<Option<Totp>, StorageError> {
        self.readers.read(move |connection| factors::totp(connection, user_id)).await
    }

    async fn recovery_codes(&self, user_id: UserId) -> Result<Vec<TokenHash>, StorageError> {
        self.readers.read(move |connection| factors::recovery_codes(connection, user_id)).await
    }

    async fn passkeys(&self, user_id: UserId) -> Result<Vec<Passkey>, StorageError> {
        self.readers.read(move |connection| factors::passkeys(connection, user_id)).await
    }

    async fn passkey(&self, user_id: UserId, id: PasskeyId) -> Result<Option<Passkey>, StorageError> {
        self.readers.read(move |connection| factors::passkey(connection, user_id, id)).await
    }

    async fn passkey_by_credential(
        &self,
        credential_id: &[u8],
    ) -> Result<Option<(Passkey, User)>, StorageError> {
        let credential_id = credential_id.to_owned();
        self.readers.read(move |connection| factors::passkey_by_credential(connection, &credential_id)).await
    }

    async fn external_identities(&self, user_id: UserId) -> Result<Vec<ExternalIdentity>, StorageError> {
        self.readers.read(move |connection| factors::external_identities(connection, user_id)).await
    }
}
