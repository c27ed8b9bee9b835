//! Reading annotations.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{Annotations, AnnotationsIn, StorageError};
use domain::{Annotation, AnnotationId, ConversationId, MessageId, Page, PageRequest, UserId, WorkspaceId};
use storage::{annotation_content, version};
use uuid::Uuid;

use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::{Failure, Outcome};
use crate::session::Scope;
use crate::statement::values;

macro_rules! select_annotations {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, conversation_id, message_id, author_id, kind, rating, note, version, created_at, \
             updated_at FROM annotations WHERE ",
            $rest
        )
    };
}

const GET: &str = select_annotations!("id = $1 AND workspace_id = $2");
pub(crate) const OF_AUTHOR: &str =
    select_annotations!("author_id = $1 AND workspace_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4");
pub(crate) const IN_CONVERSATION: &str = select_annotations!(
    "author_id = $1 AND conversation_id = $5 AND workspace_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
);
pub(crate) const OF_MESSAGE: &str = select_annotations!(
    "author_id = $1 AND message_id = $5 AND workspace_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
);

#[async_trait]
impl Annotations for Postgres {
    async fn annotation(
        &self,
        workspace_id: WorkspaceId,
        id: AnnotationId,
    ) -> Result<Option<Annotation>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row = session.optional::<Types, Row>(GET, values![id, workspace_id]).await?;
        Ok(row.map(Annotation::try_from).transpose()?)
    }

    async fn annotations_of(
        &self,
        workspace_id: WorkspaceId,
        author_id: UserId,
        place: AnnotationsIn,
        page: PageRequest<AnnotationId>,
    ) -> Result<Page<Annotation, AnnotationId>, StorageError> {
        let session = self.read_list(workspace_id, author_id).await?;
        let before = page.after.unwrap_or(AnnotationId::from_uuid(Uuid::max()));
        let mut values = values![author_id, workspace_id, before, u32::from(page.limit) + 1].to_vec();
        let sql = match place {
            AnnotationsIn::Anywhere => OF_AUTHOR,
            AnnotationsIn::Conversation(id) => {
                values.push(id.into());
                IN_CONVERSATION
            }
            AnnotationsIn::Message(id) => {
                values.push(id.into());
                OF_MESSAGE
            }
        };
        let rows = session.load::<Types, Row>(sql, &values).await?;
        let annotations = rows.into_iter().map(Annotation::try_from).collect::<Outcome<Vec<_>>>()?;
        Ok(Page::from_surplus(annotations, page.limit, |annotation| annotation.id))
    }
}

type Types = (
    SqlUuid,
    SqlUuid,
    SqlUuid,
    SqlUuid,
    SqlUuid,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    BigInt,
    Timestamptz,
    Timestamptz,
);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    conversation_id: Id,
    message_id: Id,
    author_id: Id,
    kind: String,
    rating: Option<String>,
    note: Option<String>,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl TryFrom<Row> for Annotation {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(AnnotationId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            conversation_id: row.conversation_id.typed(ConversationId::from_uuid),
            message_id: row.message_id.typed(MessageId::from_uuid),
            author_id: row.author_id.typed(UserId::from_uuid),
            content: annotation_content(&row.kind, row.rating.as_deref(), row.note.as_deref())?,
            version: version(row.version)?,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}
