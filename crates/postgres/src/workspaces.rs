//! Reading workspaces, and who may join them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{StorageError, Workspaces};
use domain::{
    Email, Invitation, InvitationId, Page, PageRequest, Role, TokenHash, UserId, Workspace, WorkspaceId,
    WorkspaceName,
};
use storage::{Word, text, version};
use uuid::Uuid;

use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::{Failure, Outcome};
use crate::identities::rows::token_hash;
use crate::session::Scope;
use crate::statement::values;

/// A `SELECT` of workspaces, from a table or join in which they are called `w`.
macro_rules! select_workspaces {
    ($rest:literal) => {
        concat!("SELECT w.id, w.name, w.version, w.created_at FROM ", $rest)
    };
}

macro_rules! select_invitations {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, email, role, token_hash, invited_by, created_at, expires_at FROM invitations WHERE ",
            $rest
        )
    };
}

pub(crate) use select_workspaces;

const WORKSPACE: &str = select_workspaces!("workspaces w WHERE w.id = $1");
pub(crate) const WORKSPACES_OF: &str = "SELECT w.id, w.name, w.version, w.created_at, m.role
     FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
     WHERE m.user_id = $1 ORDER BY m.created_at, w.id";
const INVITATION: &str = select_invitations!("id = $1 AND workspace_id = $2");
pub(crate) const INVITATION_BY_TOKEN: &str = select_invitations!("token_hash = $1");
pub(crate) const INVITATIONS: &str =
    select_invitations!("workspace_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");

#[async_trait]
impl Workspaces for Postgres {
    async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>, StorageError> {
        let session = self.read(Scope::Workspace(id)).await?;
        let row = session.optional::<WorkspaceTypes, WorkspaceRow>(WORKSPACE, values![id]).await?;
        Ok(row.map(Workspace::try_from).transpose()?)
    }

    async fn workspaces_of(&self, user_id: UserId) -> Result<Vec<(Workspace, Role)>, StorageError> {
        let session = self.read(Scope::System).await?;
        let rows = session
            .load::<(SqlUuid, Text, BigInt, Timestamptz, Text), (Id, String, i64, Moment, String)>(
                WORKSPACES_OF,
                values![user_id],
            )
            .await?;
        let workspaces = rows.into_iter().map(|(id, name, version, created_at, role)| {
            let workspace = Workspace::try_from(WorkspaceRow { id, name, version, created_at })?;
            Ok((workspace, Role::from_word(&role)?))
        });
        Ok(workspaces.collect::<Outcome<_>>()?)
    }

    async fn invitation(
        &self,
        workspace_id: WorkspaceId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row =
            session.optional::<InvitationTypes, InvitationRow>(INVITATION, values![id, workspace_id]).await?;
        Ok(row.map(Invitation::try_from).transpose()?)
    }

    async fn invitation_by_token(&self, hash: TokenHash) -> Result<Option<Invitation>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row =
            session.optional::<InvitationTypes, InvitationRow>(INVITATION_BY_TOKEN, values![&hash]).await?;
        Ok(row.map(Invitation::try_from).transpose()?)
    }

    async fn invitations(
        &self,
        workspace_id: WorkspaceId,
        page: PageRequest<InvitationId>,
    ) -> Result<Page<Invitation, InvitationId>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let before = page.after.unwrap_or(InvitationId::from_uuid(Uuid::max()));
        let values = values![workspace_id, before, u32::from(page.limit) + 1];
        let rows = session.load::<InvitationTypes, InvitationRow>(INVITATIONS, values).await?;
        let invitations = rows.into_iter().map(Invitation::try_from).collect::<Outcome<Vec<_>>>()?;
        Ok(Page::from_surplus(invitations, page.limit, |invitation| invitation.id))
    }
}

pub(crate) type WorkspaceTypes = (SqlUuid, Text, BigInt, Timestamptz);

#[derive(Queryable)]
pub(crate) struct WorkspaceRow {
    id: Id,
    name: String,
    version: i64,
    created_at: Moment,
}

impl TryFrom<WorkspaceRow> for Workspace {
    type Error = Failure;

    fn try_from(row: WorkspaceRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(WorkspaceId::from_uuid),
            name: text(&row.name, WorkspaceName::new)?,
            version: version(row.version)?,
            created_at: row.created_at.into(),
        })
    }
}

type InvitationTypes = (SqlUuid, SqlUuid, Text, Text, Binary, Nullable<SqlUuid>, Timestamptz, Timestamptz);

#[derive(Queryable)]
struct InvitationRow {
    id: Id,
    workspace_id: Id,
    email: String,
    role: String,
    token_hash: Vec<u8>,
    invited_by: Option<Id>,
    created_at: Moment,
    expires_at: Moment,
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
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
        })
    }
}
