//! Reading annotations.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use domain::ports::{Annotations, AnnotationsIn, StorageError};
use domain::{Annotation, AnnotationId, ConversationId, MessageId, Page, PageRequest, UserId, WorkspaceId};
use storage::annotation_content;

use crate::Sqlite;
use crate::columns::{Id, moment, version};
use crate::errors::{Failure, Outcome};
use crate::statement::{Value, all, one, values};

macro_rules! select_annotations {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, conversation_id, message_id, author_id, kind, rating, note, version, created_at, \
             updated_at FROM annotations WHERE ",
            $rest
        )
    };
}

const GET: &str = select_annotations!("id = ?1 AND workspace_id = ?2");
pub(crate) const OF_AUTHOR: &str = select_annotations!(
    "author_id = ?1 AND workspace_id = ?3 AND id < ?4 ORDER BY id DESC LIMIT (SELECT ?5)"
);
pub(crate) const IN_CONVERSATION: &str = select_annotations!(
    "author_id = ?1 AND conversation_id = ?2 AND workspace_id = ?3 AND id < ?4 ORDER BY id DESC LIMIT (SELECT ?5)"
);
pub(crate) const OF_MESSAGE: &str = select_annotations!(
    "author_id = ?1 AND message_id = ?2 AND workspace_id = ?3 AND id < ?4 ORDER BY id DESC LIMIT (SELECT ?5)"
);

#[async_trait]
impl Annotations for Sqlite {
    async fn annotation(
        &self,
        workspace_id: WorkspaceId,
        id: AnnotationId,
    ) -> Result<Option<Annotation>, StorageError> {
        self.readers
            .read(move |connection| one::<Types, Row, _>(connection, GET, values![id, workspace_id]))
            .await
    }

    async fn annotations_of(
        &self,
        workspace_id: WorkspaceId,
        author_id: UserId,
        place: AnnotationsIn,
        page: PageRequest<AnnotationId>,
    ) -> Result<Page<Annotation, AnnotationId>, StorageError> {
        self.readers
            .read(move |connection| {
                let (sql, place) = match place {
                    AnnotationsIn::Conversation(id) => (IN_CONVERSATION, Value::from(id)),
                    AnnotationsIn::Message(id) => (OF_MESSAGE, Value::from(id)),
                    AnnotationsIn::Anywhere => (OF_AUTHOR, Value::Null),
                };
                let before = page.after.unwrap_or(AnnotationId::from_uuid(uuid::Uuid::max()));
                let most = u32::from(page.limit) + 1;
                let values = &[author_id.into(), place, workspace_id.into(), before.into(), most.into()];
                let annotations = all::<Types, Row, Annotation>(connection, sql, values)?;
                Ok(Page::from_surplus(annotations, page.limit, |annotation| annotation.id))
            })
            .await
    }
}

type Types =
    (Binary, Binary, Binary, Binary, Binary, Text, Nullable<Text>, Nullable<Text>, BigInt, BigInt, BigInt);

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
    created_at: i64,
    updated_at: i64,
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
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
        })
    }
}
