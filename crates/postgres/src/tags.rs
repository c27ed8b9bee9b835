//! Reading tags.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{StorageError, Tags};
use domain::{Page, PageRequest, Tag, TagColor, TagId, TagName, UserId, WorkspaceId};
use storage::{Word, text, version};
use uuid::Uuid;

use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::{Failure, Outcome};
use crate::session::Scope;
use crate::statement::values;

macro_rules! select_tags {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, owner_id, name, color, version, created_at, updated_at FROM tags WHERE ",
            $rest
        )
    };
}

const GET: &str = select_tags!("id = $1 AND workspace_id = $2");
pub(crate) const OF_PERSON: &str =
    select_tags!("owner_id = $1 AND workspace_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4");

#[async_trait]
impl Tags for Postgres {
    async fn tag(&self, workspace_id: WorkspaceId, id: TagId) -> Result<Option<Tag>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row = session.optional::<Types, Row>(GET, values![id, workspace_id]).await?;
        Ok(row.map(Tag::try_from).transpose()?)
    }

    async fn tags_of(
        &self,
        workspace_id: WorkspaceId,
        owner_id: UserId,
        page: PageRequest<TagId>,
    ) -> Result<Page<Tag, TagId>, StorageError> {
        let session = self.read_list(workspace_id, owner_id).await?;
        let before = page.after.unwrap_or(TagId::from_uuid(Uuid::max()));
        let values = values![owner_id, workspace_id, before, u32::from(page.limit) + 1];
        let rows = session.load::<Types, Row>(OF_PERSON, values).await?;
        let tags = rows.into_iter().map(Tag::try_from).collect::<Outcome<Vec<_>>>()?;
        Ok(Page::from_surplus(tags, page.limit, |tag| tag.id))
    }
}

type Types = (SqlUuid, SqlUuid, SqlUuid, Text, Text, BigInt, Timestamptz, Timestamptz);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    owner_id: Id,
    name: String,
    color: String,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl TryFrom<Row> for Tag {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(TagId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            owner_id: row.owner_id.typed(UserId::from_uuid),
            name: text(&row.name, TagName::new)?,
            color: TagColor::from_word(&row.color)?,
            version: version(row.version)?,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}
