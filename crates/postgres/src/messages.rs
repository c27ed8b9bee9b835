//! Reading messages. Each answer is one statement, and reads only the partitions in which its messages can be.

mod rows;

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Json, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{Messages, StorageError, ThreadMessage};
use domain::{
    ConversationId, EditId, Message, MessageEdit, MessageId, MessageRole, MessageStatus, MessageTree, Page,
    PageRequest, TreeNode, UserId, WorkspaceId,
};
use storage::{Word, version};
use uuid::Uuid;

use crate::Postgres;
use crate::columns::{Id, JsonText, Moment};
use crate::errors::Outcome;
use crate::session::Scope;
use crate::statement::{ids, values};
use rows::{Row, ThreadRow, ThreadTypes, Types, select_messages, select_thread};

const GET: &str = select_messages!("messages m WHERE m.id = $1 AND m.workspace_id = $2");

/// Looks each id up by itself, because only then each is looked for in its partition alone.
pub(crate) const GET_MANY: &str = select_messages!(
    "(SELECT DISTINCT id FROM unnest($2) AS ids (id)) w
     CROSS JOIN LATERAL (SELECT * FROM messages m WHERE m.id = w.id AND m.workspace_id = $1 OFFSET 0) m"
);

/// Walks from `$2`, or from above `$4` when that is in the same conversation, towards the root; `$3` messages at most.
pub(crate) const THREAD: &str = concat!(
    "WITH RECURSIVE thread (depth, id) AS (
         SELECT 1::bigint, CASE WHEN $4::uuid IS NULL THEN $2 ELSE (
             SELECT below.parent_id FROM messages below
             JOIN messages leaf ON leaf.id = $2 AND leaf.conversation_id = below.conversation_id
             WHERE below.id = $4 AND below.workspace_id = $1
         ) END
         UNION ALL
         SELECT t.depth + 1, m.parent_id FROM thread t
         CROSS JOIN LATERAL (
             SELECT m.parent_id FROM messages m WHERE m.id = t.id AND m.workspace_id = $1 OFFSET 0
         ) m
         WHERE m.parent_id IS NOT NULL AND t.depth < $3
     ) ",
    select_thread!(
        "thread t
         CROSS JOIN LATERAL (SELECT * FROM messages m WHERE m.id = t.id AND m.workspace_id = $1 OFFSET 0) m
         JOIN conversations c ON c.id = m.conversation_id
         ORDER BY t.depth"
    )
);

pub(crate) const LIST: &str = select_thread!(
    "conversations c CROSS JOIN LATERAL (
         SELECT * FROM messages m
         WHERE m.conversation_id = c.id AND m.workspace_id = $2 AND m.id < $3
             AND m.id >= c.oldest_message_id AND m.id <= c.newest_message_id
         ORDER BY m.id DESC LIMIT $4
     ) m
     WHERE c.id = $1 AND c.workspace_id = $2
     ORDER BY m.id DESC"
);

pub(crate) const TREE: &str = "SELECT m.id, m.parent_id, m.role, m.status
     FROM conversations c CROSS JOIN LATERAL (
         SELECT m.id, m.parent_id, m.role, m.status FROM messages m
         WHERE m.conversation_id = c.id AND m.workspace_id = $2
             AND m.id >= c.oldest_message_id AND m.id <= c.newest_message_id OFFSET 0
     ) m
     WHERE c.id = $1 AND c.workspace_id = $2";

pub(crate) const EDITS: &str = "SELECT id, message_id, edited_by, edited_at, replaced_version, replaced_parts
     FROM message_edits WHERE message_id = $1 AND workspace_id = $2 AND id < $3
     ORDER BY id DESC LIMIT $4";

#[async_trait]
impl Messages for Postgres {
    async fn get(&self, workspace_id: WorkspaceId, id: MessageId) -> Result<Option<Message>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row = session.optional::<Types, Row>(GET, values![id, workspace_id]).await?;
        Ok(row.map(Message::try_from).transpose()?)
    }

    async fn get_many(
        &self,
        workspace_id: WorkspaceId,
        wanted: &[MessageId],
    ) -> Result<Vec<Message>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let wanted = ids(wanted.iter().map(|id| id.uuid()));
        let rows = session.load::<Types, Row>(GET_MANY, &[workspace_id.into(), wanted]).await?;
        Ok(rows.into_iter().map(Message::try_from).collect::<Outcome<_>>()?)
    }

    async fn thread(
        &self,
        workspace_id: WorkspaceId,
        leaf: MessageId,
        page: PageRequest<MessageId>,
    ) -> Result<Page<ThreadMessage, MessageId>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let most = u32::from(page.limit) + 1;
        let values = values![workspace_id, leaf, most, page.after];
        let rows = session.load::<ThreadTypes, ThreadRow>(THREAD, values).await?;
        Ok(message_page(rows, page.limit)?)
    }

    async fn list(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
        page: PageRequest<MessageId>,
    ) -> Result<Page<ThreadMessage, MessageId>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let before = page.after.unwrap_or(MessageId::from_uuid(Uuid::max()));
        let most = u32::from(page.limit) + 1;
        let values = values![conversation_id, workspace_id, before, most];
        let rows = session.load::<ThreadTypes, ThreadRow>(LIST, values).await?;
        Ok(message_page(rows, page.limit)?)
    }

    async fn tree(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<MessageTree, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let rows = session
            .load::<(SqlUuid, Nullable<SqlUuid>, Text, Text), (Id, Option<Id>, String, String)>(
                TREE,
                values![conversation_id, workspace_id],
            )
            .await?;
        let nodes = rows.into_iter().map(|(id, parent_id, role, status)| {
            Ok(TreeNode {
                id: id.typed(MessageId::from_uuid),
                parent_id: parent_id.map(|id| id.typed(MessageId::from_uuid)),
                role: MessageRole::from_word(&role)?,
                status: MessageStatus::from_word(&status)?,
            })
        });
        Ok(MessageTree::new(nodes.collect::<Outcome<Vec<_>>>()?))
    }

    async fn edits(
        &self,
        workspace_id: WorkspaceId,
        message_id: MessageId,
        page: PageRequest<EditId>,
    ) -> Result<Page<MessageEdit, EditId>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let before = page.after.unwrap_or(EditId::from_uuid(Uuid::max()));
        let most = u32::from(page.limit) + 1;
        let rows = session
            .load::<(SqlUuid, SqlUuid, SqlUuid, Timestamptz, BigInt, Json), (Id, Id, Id, Moment, i64, JsonText)>(
                EDITS,
                values![message_id, workspace_id, before, most],
            )
            .await?;
        let edits = rows.into_iter().map(
            |(id, message_id, edited_by, edited_at, replaced_version, replaced_parts)| {
                Ok(MessageEdit {
                    id: id.typed(EditId::from_uuid),
                    message_id: message_id.typed(MessageId::from_uuid),
                    edited_by: edited_by.typed(UserId::from_uuid),
                    edited_at: edited_at.into(),
                    replaced_version: version(replaced_version)?,
                    replaced_parts: replaced_parts.value()?,
                })
            },
        );
        Ok(Page::from_surplus(edits.collect::<Outcome<_>>()?, page.limit, |edit| edit.id))
    }
}

/// A page of messages of one conversation, each with its siblings, from up to one row too many.
fn message_page(rows: Vec<ThreadRow>, limit: u16) -> Outcome<Page<ThreadMessage, MessageId>> {
    let messages = rows.into_iter().map(ThreadMessage::try_from).collect::<Outcome<Vec<_>>>()?;
    Ok(Page::from_surplus(messages, limit, |item| item.message.id))
}
