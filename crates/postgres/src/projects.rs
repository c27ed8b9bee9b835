//! Reading projects, who sees them, and links to conversations.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{Projects, Shares, StorageError};
use domain::{
    ConversationId, MessageId, Page, PageRequest, Project, ProjectAccess, ProjectDescription, ProjectId,
    ProjectMember, ProjectName, Share, ShareId, ShareKind, UserId, WorkspaceId,
};
use storage::{Word, text, version};
use uuid::Uuid;

use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::{Failure, Outcome};
use crate::identities::rows::token_hash;
use crate::session::Scope;
use crate::statement::values;

macro_rules! project_columns {
    () => {
        "p.id, p.workspace_id, p.name, p.description, p.created_by, p.version, p.created_at, p.updated_at"
    };
}

macro_rules! select_shares {
    ($snapshot:literal, $rest:literal) => {
        concat!(
            "SELECT id, workspace_id, conversation_id, owner_id, kind, token_hash, leaf_id, ",
            $snapshot,
            ", created_at, expires_at FROM shares WHERE ",
            $rest
        )
    };
}

const PROJECT: &str =
    concat!("SELECT ", project_columns!(), " FROM projects p WHERE p.id = $1 AND p.workspace_id = $2");
const ACCESS: &str =
    "SELECT access FROM project_members WHERE project_id = $1 AND user_id = $2 AND workspace_id = $3";
pub(crate) const PROJECTS_OF: &str = concat!(
    "SELECT ",
    project_columns!(),
    ", m.access FROM project_members m JOIN projects p ON p.id = m.project_id
     WHERE m.workspace_id = $1 AND m.user_id = $2 AND m.project_id < $3 ORDER BY m.project_id DESC LIMIT $4"
);
pub(crate) const MEMBERS: &str = "SELECT user_id, access, added_at FROM project_members
     WHERE project_id = $1 AND workspace_id = $2 AND user_id > $3 ORDER BY user_id LIMIT $4";
const SHARE: &str = select_shares!("snapshot", "id = $1");
pub(crate) const SHARES_OF: &str =
    select_shares!("NULL::text", "conversation_id = $1 AND workspace_id = $2 ORDER BY id DESC");

#[async_trait]
impl Projects for Postgres {
    async fn project(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
    ) -> Result<Option<Project>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row = session.optional::<ProjectTypes, ProjectRow>(PROJECT, values![id, workspace_id]).await?;
        Ok(row.map(Project::try_from).transpose()?)
    }

    async fn access(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
        user_id: UserId,
    ) -> Result<Option<ProjectAccess>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let access = session.optional::<Text, String>(ACCESS, values![id, user_id, workspace_id]).await?;
        Ok(access.as_deref().map(ProjectAccess::from_word).transpose()?)
    }

    async fn projects_of(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        page: PageRequest<ProjectId>,
    ) -> Result<Page<(Project, ProjectAccess), ProjectId>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let before = page.after.unwrap_or(ProjectId::from_uuid(Uuid::max()));
        let values = values![workspace_id, user_id, before, u32::from(page.limit) + 1];
        let rows = session.load::<(ProjectTypes, Text), (ProjectRow, String)>(PROJECTS_OF, values).await?;
        let projects = rows
            .into_iter()
            .map(|(project, access)| Ok((project.try_into()?, ProjectAccess::from_word(&access)?)));
        let projects = projects.collect::<Outcome<Vec<(Project, _)>>>()?;
        Ok(Page::from_surplus(projects, page.limit, |(project, _)| project.id))
    }

    async fn project_members(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
        page: PageRequest<UserId>,
    ) -> Result<Page<ProjectMember, UserId>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let after = page.after.unwrap_or(UserId::from_uuid(Uuid::nil()));
        let values = values![id, workspace_id, after, u32::from(page.limit) + 1];
        let rows =
            session.load::<(SqlUuid, Text, Timestamptz), (Id, String, Moment)>(MEMBERS, values).await?;
        let members = rows.into_iter().map(|(user_id, access, added_at)| {
            Ok(ProjectMember {
                project_id: id,
                user_id: user_id.typed(UserId::from_uuid),
                access: ProjectAccess::from_word(&access)?,
                added_at: added_at.into(),
            })
        });
        Ok(Page::from_surplus(members.collect::<Outcome<_>>()?, page.limit, |member| member.user_id))
    }
}

#[async_trait]
impl Shares for Postgres {
    async fn share(&self, id: ShareId) -> Result<Option<Share>, StorageError> {
        let session = self.read(Scope::System).await?;
        let row = session.optional::<ShareTypes, ShareRow>(SHARE, values![id]).await?;
        Ok(row.map(Share::try_from).transpose()?)
    }

    async fn shares_of(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<Vec<Share>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let rows =
            session.load::<ShareTypes, ShareRow>(SHARES_OF, values![conversation_id, workspace_id]).await?;
        Ok(rows.into_iter().map(Share::try_from).collect::<Outcome<_>>()?)
    }
}

type ProjectTypes = (SqlUuid, SqlUuid, Text, Nullable<Text>, SqlUuid, BigInt, Timestamptz, Timestamptz);

#[derive(Queryable)]
struct ProjectRow {
    id: Id,
    workspace_id: Id,
    name: String,
    description: Option<String>,
    created_by: Id,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl TryFrom<ProjectRow> for Project {
    type Error = Failure;

    fn try_from(row: ProjectRow) -> Outcome<Self> {
        let description = row.description.as_deref().map(|it| text(it, ProjectDescription::new));
        Ok(Self {
            id: row.id.typed(ProjectId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            name: text(&row.name, ProjectName::new)?,
            description: description.transpose()?,
            created_by: row.created_by.typed(UserId::from_uuid),
            version: version(row.version)?,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

type ShareTypes = (
    SqlUuid,
    SqlUuid,
    SqlUuid,
    SqlUuid,
    Text,
    Binary,
    Nullable<SqlUuid>,
    Nullable<Text>,
    Timestamptz,
    Nullable<Timestamptz>,
);

#[derive(Queryable)]
struct ShareRow {
    id: Id,
    workspace_id: Id,
    conversation_id: Id,
    owner_id: Id,
    kind: String,
    token_hash: Vec<u8>,
    leaf_id: Option<Id>,
    snapshot: Option<String>,
    created_at: Moment,
    expires_at: Option<Moment>,
}

impl TryFrom<ShareRow> for Share {
    type Error = Failure;

    fn try_from(row: ShareRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(ShareId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            conversation_id: row.conversation_id.typed(ConversationId::from_uuid),
            owner_id: row.owner_id.typed(UserId::from_uuid),
            kind: ShareKind::from_word(&row.kind)?,
            token_hash: token_hash(&row.token_hash)?,
            leaf_id: row.leaf_id.map(|id| id.typed(MessageId::from_uuid)),
            snapshot: row.snapshot,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.map(Into::into),
        })
    }
}
