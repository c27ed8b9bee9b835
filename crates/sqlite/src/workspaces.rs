//! Reading workspaces, and who may join them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{StorageError, Workspaces};
use domain::{
    Email, Invitation, InvitationId, Page, PageRequest, Role, TokenHash, UserId, Workspace, WorkspaceId,
    WorkspaceName,
};

use crate::Sqlite;
use crate::columns::{Id, Word, moment, text, token_hash, version};
use crate::errors::{Failure, Outcome};
use crate::statement::{all, one, query, values};

const FIRST: &str = "SELECT id, name, version, created_at FROM workspaces ORDER BY created_at, id LIMIT 1";

const GET: &str = "SELECT id, name, version, created_at FROM workspaces WHERE id = ?1";

pub(crate) const OF_USER: &str = "SELECT w.id, w.name, w.version, w.created_at, m.role
     FROM memberships m CROSS JOIN workspaces w ON w.id = m.workspace_id
     WHERE m.user_id = ?1 ORDER BY m.created_at, m.workspace_id";

macro_rules! select_invitations {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, email, role, token_hash, invited_by, created_at, expires_at FROM invitations ",
            $rest
        )
    };
}

const INVITATION: &str = select_invitations!("WHERE id = ?1 AND workspace_id = ?2");
pub(crate) const INVITATION_BY_TOKEN: &str = select_invitations!("WHERE token_hash = ?1");
pub(crate) const INVITATIONS: &str =
    select_invitations!("WHERE workspace_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT (SELECT ?3)");

/// The oldest workspace.
pub(crate) fn first(connection: &mut SqliteConnection) -> Outcome<Option<Workspace>> {
    one::<Types, Row, _>(connection, FIRST, values![])
}

#[async_trait]
impl Workspaces for Sqlite {
    async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError> {
        self.readers.read(move |connection| one::<Types, Row, _>(connection, GET, values![id])).await
    }

    async fn workspaces_of(&self, user_id: UserId) -> Result<Vec<(Workspace, Role)>, StorageError> {
        self.readers
            .read(move |connection| {
                let rows = query::<(Binary, Text, BigInt, BigInt, Text)>(OF_USER, values![user_id]).load::<(
                    Id,
                    String,
                    i64,
                    i64,
                    String,
                )>(
                    connection,
                )?;
                rows.into_iter()
                    .map(|(id, name, version, created_at, role)| {
                        let workspace = Row { id, name, version, created_at }.try_into()?;
                        Ok((workspace, Role::from_word(&role)?))
                    })
                    .collect()
            })
            .await
    }

    async fn invitation(
        &self,
        workspace_id: WorkspaceId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StorageError> {
        self.readers
            .read(move |connection| {
                one::<InvitationTypes, InvitationRow, _>(connection, INVITATION, values![id, workspace_id])
            })
            .await
    }

    async fn invitation_by_token(&self, hash: TokenHash) -> Result<Option<Invitation>, StorageError> {
        self.readers
            .read(move |connection| {
                one::<InvitationTypes, InvitationRow, _>(connection, INVITATION_BY_TOKEN, values![&hash])
            })
            .await
    }

    async fn invitations(
        &self,
        workspace_id: WorkspaceId,
        page: PageRequest<InvitationId>,
    ) -> Result<Page<Invitation, InvitationId>, StorageError> {
        self.readers
            .read(move |connection| {
                let before = page.after.unwrap_or(InvitationId::from_uuid(uuid::Uuid::max()));
                let values = values![workspace_id, before, u32::from(page.limit) + 1];
                let invitations =
                    all::<InvitationTypes, InvitationRow, Invitation>(connection, INVITATIONS, values)?;
                Ok(Page::from_surplus(invitations, page.limit, |invitation| invitation.id))
            })
            .await
    }
}

type Types = (Binary, Text, BigInt, BigInt);

#[derive(Queryable)]
struct Row {
    id: Id,
    name: String,
    version: i64,
    created_at: i64,
}

impl TryFrom<Row> for Workspace {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(WorkspaceId::from_uuid),
            name: text(&row.name, WorkspaceName::new)?,
            version: version(row.version)?,
            created_at: moment(row.created_at),
        })
    }
}

type InvitationTypes = (Binary, Binary, Text, Text, Binary, Nullable<Binary>, BigInt, BigInt);

#[derive(Queryable)]
struct InvitationRow {
    id: Id,
    workspace_id: Id,
    email: String,
    role: String,
    token_hash: Vec<u8>,
    invited_by: Option<Id>,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = Failure;

    fn try_from(row: InvitationRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(InvitationId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            email: text(&row.email, Email::new)?,
            role: Role::from_word(&row.role)?,
            token_hash: token_hash(&row.token_hash)?,
            invited_by: row.invited_by.map(|id| id.typed(UserId::from_uuid)),
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
        })
    }
}
