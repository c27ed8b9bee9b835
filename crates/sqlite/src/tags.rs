//! Reading tags.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use domain::ports::{StorageError, Tags};
use domain::{Page, PageRequest, Tag, TagColor, TagId, TagName, UserId, WorkspaceId};

use crate::Sqlite;
use crate::columns::{Id, Word, moment, text, version};
use crate::errors::{Failure, Outcome};
use crate::statement::{all, one, values};

macro_rules! select_tags {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, owner_id, name, color, version, created_at, updated_at FROM tags ",
            $rest
        )
    };
}

const GET: &str = select_tags!("WHERE id = ?1 AND workspace_id = ?2");
pub(crate) const OF_PERSON: &str =
    select_tags!("WHERE owner_id = ?1 AND workspace_id = ?2 AND id < ?3 ORDER BY id DESC LIMIT (SELECT ?4)");

#[async_trait]
impl Tags for Sqlite {
    async fn tag(&self, workspace_id: WorkspaceId, id: TagId) -> Result<Option<Tag>, StorageError> {
        self.readers
            .read(move |connection| one::<Types, Row, _>(connection, GET, values![id, workspace_id]))
            .await
    }

    async fn tags_of(
        &self,
        workspace_id: WorkspaceId,
        owner_id: UserId,
        page: PageRequest<TagId>,
    ) -> Result<Page<Tag, TagId>, StorageError> {
        self.readers
            .read(move |connection| {
                let before = page.after.unwrap_or(TagId::from_uuid(uuid::Uuid::max()));
                let values = values![owner_id, workspace_id, before, u32::from(page.limit) + 1];
                let tags = all::<Types, Row, Tag>(connection, OF_PERSON, values)?;
                Ok(Page::from_surplus(tags, page.limit, |tag| tag.id))
            })
            .await
    }
}

type Types = (Binary, Binary, Binary, Text, Text, BigInt, BigInt, BigInt);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    owner_id: Id,
    name: String,
    color: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
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
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
        })
    }
}
