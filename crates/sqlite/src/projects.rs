//! Reading projects, and who sees them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use domain::ports::{Projects, StorageError};
use domain::{
    Page, PageRequest, Project, ProjectAccess, ProjectDescription, ProjectId, ProjectMember, ProjectName,
    UserId, WorkspaceId,
};

use crate::Sqlite;
use crate::columns::{Id, Word, moment, text, version};
use crate::errors::{Failure, Outcome};
use crate::statement::{all, query, values};

/// A `SELECT` of projects, from a table or join in which they are called `p`, with what `m` may do there.
macro_rules! select_projects {
    ($access:literal, $rest:literal) => {
        concat!(
            "SELECT p.id, p.workspace_id, p.name, p.description, p.created_by, p.version, p.created_at, p.updated_at, ",
            $access,
            " ",
            $rest
        )
    };
}

const GET: &str = select_projects!("NULL", "FROM projects p WHERE p.id = ?1 AND p.workspace_id = ?2");

const ACCESS: &str =
    "SELECT access FROM project_members WHERE project_id = ?1 AND user_id = ?2 AND workspace_id = ?3";

pub(crate) const OF_USER: &str = select_projects!(
    "m.access",
    "FROM project_members m CROSS JOIN projects p ON p.id = m.project_id
     WHERE m.workspace_id = ?1 AND m.user_id = ?2 AND m.project_id < ?3
     ORDER BY m.project_id DESC LIMIT (SELECT ?4)"
);

pub(crate) const MEMBERS: &str = "SELECT project_id, user_id, access, added_at FROM project_members
     WHERE project_id = ?1 AND user_id > ?3 AND workspace_id = ?2 ORDER BY user_id LIMIT (SELECT ?4)";

#[async_trait]
impl Projects for Sqlite {
    async fn project(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
    ) -> Result<Option<Project>, StorageError> {
        self.readers
            .read(move |connection| {
                let row = query::<Types>(GET, values![id, workspace_id])
                    .get_result::<Row>(connection)
                    .optional()?;
                row.map(Project::try_from).transpose()
            })
            .await
    }

    async fn access(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
        user_id: UserId,
    ) -> Result<Option<ProjectAccess>, StorageError> {
        self.readers
            .read(move |connection| {
                let access = query::<Text>(ACCESS, values![id, user_id, workspace_id])
                    .get_result::<String>(connection)
                    .optional()?;
                Ok(access.as_deref().map(ProjectAccess::from_word).transpose()?)
            })
            .await
    }

    async fn projects_of(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        page: PageRequest<ProjectId>,
    ) -> Result<Page<(Project, ProjectAccess), ProjectId>, StorageError> {
        self.readers
            .read(move |connection| {
                let before = page.after.unwrap_or(ProjectId::from_uuid(uuid::Uuid::max()));
                let values = values![workspace_id, user_id, before, u32::from(page.limit) + 1];
                let rows = query::<Types>(OF_USER, values).load::<Row>(connection)?;
                let projects = rows.into_iter().map(Row::with_access).collect::<Outcome<Vec<_>>>()?;
                Ok(Page::from_surplus(projects, page.limit, |(project, _)| project.id))
            })
            .await
    }

    async fn project_members(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
        page: PageRequest<UserId>,
    ) -> Result<Page<ProjectMember, UserId>, StorageError> {
        self.readers
            .read(move |connection| {
                let after = page.after.unwrap_or(UserId::from_uuid(uuid::Uuid::nil()));
                let values = values![id, workspace_id, after, u32::from(page.limit) + 1];
                let members = all::<(Binary, Binary, Text, BigInt), MemberRow, ProjectMember>(
                    connection, MEMBERS, values,
                )?;
                Ok(Page::from_surplus(members, page.limit, |member| member.user_id))
            })
            .await
    }
}

type Types = (Binary, Binary, Text, Nullable<Text>, Binary, BigInt, BigInt, BigInt, Nullable<Text>);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    name: String,
    description: Option<String>,
    created_by: Id,
    version: i64,
    created_at: i64,
    updated_at: i64,
    access: Option<String>,
}

impl Row {
    fn with_access(mut self) -> Outcome<(Project, ProjectAccess)> {
        let access = self.access.take().unwrap_or_default();
        Ok((self.try_into()?, ProjectAccess::from_word(&access)?))
    }
}

impl TryFrom<Row> for Project {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        let description = row.description.as_deref();
        Ok(Self {
            id: row.id.typed(ProjectId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            name: text(&row.name, ProjectName::new)?,
            description: description.map(|it| text(it, ProjectDescription::new)).transpose()?,
            created_by: row.created_by.typed(UserId::from_uuid),
            version: version(row.version)?,
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
        })
    }
}

#[derive(Queryable)]
struct MemberRow {
    project_id: Id,
    user_id: Id,
    access: String,
    added_at: i64,
}

impl TryFrom<MemberRow> for ProjectMember {
    type Error = Failure;

    fn try_from(row: MemberRow) -> Outcome<Self> {
        Ok(Self {
            project_id: row.project_id.typed(ProjectId::from_uuid),
            user_id: row.user_id.typed(UserId::from_uuid),
            access: ProjectAccess::from_word(&row.access)?,
            added_at: moment(row.added_at),
        })
    }
}
