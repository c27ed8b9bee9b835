//! Reading messages.

mod rows;
mod siblings;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{Messages, StorageError, ThreadMessage};
use domain::{
    ConversationId, EditId, Message, MessageEdit, MessageId, MessageRole, MessageStatus, MessageTree, Page,
    PageRequest, TreeNode, UserId, WorkspaceId,
};

use crate::Sqlite;
use crate::columns::{Id, Word, id_list, json, moment, version};
use crate::errors::Outcome;
use crate::statement::{query, values};
use rows::{Row, Types, select_messages};
#[cfg(test)]
pub(crate) use siblings::{ROOTS, UNDER_PARENTS as SIBLINGS};

const GET: &str = select_messages!("FROM messages m WHERE m.id = ?1 AND m.workspace_id = ?2");

const GET_MANY: &str = select_messages!(
    "FROM messages m WHERE m.workspace_id = ?1 AND m.id IN (SELECT unhex(value) FROM json_each(?2))"
);

/// Walks from `?2` towards the root, `?3` messages at most.
pub(crate) const THREAD: &str = concat!(
    "WITH RECURSIVE thread (depth, id) AS (
         SELECT 1, ?2
         UNION ALL
         SELECT t.depth + 1, m.parent_id FROM thread t CROSS JOIN messages m ON m.id = t.id
         WHERE m.parent_id IS NOT NULL AND t.depth < ?3
     ) ",
    select_messages!(
        "FROM thread t CROSS JOIN messages m ON m.id = t.id WHERE m.workspace_id = ?1 ORDER BY t.depth"
    )
);

/// The message above the last one of a page, when that one is in the conversation of the leaf.
const ABOVE: &str = "SELECT below.parent_id FROM messages below
     JOIN messages leaf ON leaf.id = ?2 AND leaf.conversation_id = below.conversation_id
     WHERE below.id = ?1 AND below.workspace_id = ?3 AND below.parent_id IS NOT NULL";

pub(crate) const LIST: &str = select_messages!(
    "FROM messages m WHERE m.conversation_id = ?1 AND m.workspace_id = ?2 AND m.id < ?3
     ORDER BY m.id DESC LIMIT (SELECT ?4)"
);

pub(crate) const TREE: &str =
    "SELECT id, parent_id, role, status FROM messages WHERE conversation_id = ?1 AND workspace_id = ?2";

pub(crate) const EDITS: &str =
    "SELECT e.id, e.message_id, e.edited_by, e.edited_at, e.replaced_version, e.replaced_parts
     FROM messages m CROSS JOIN message_edits e ON e.message_id = m.id
     WHERE m.id = ?1 AND m.workspace_id = ?2 AND e.id < ?3
     ORDER BY e.id DESC LIMIT (SELECT ?4)";

#[async_trait]
impl Messages for Sqlite {
    async fn get(&self, workspace_id: WorkspaceId, id: MessageId) -> Result<Option<Message>, StorageError> {
        self.readers
            .read(move |connection| {
                let row = query::<Types>(GET, values![id, workspace_id])
                    .get_result::<Row>(connection)
                    .optional()?;
                row.map(Message::try_from).transpose()
            })
            .await
    }

    async fn get_many(
        &self,
        workspace_id: WorkspaceId,
        ids: &[MessageId],
    ) -> Result<Vec<Message>, StorageError> {
        let ids = id_list(ids.iter().map(|id| id.uuid()));
        self.readers
            .read(move |connection| {
                let rows = query::<Types>(GET_MANY, values![workspace_id, &ids]).load::<Row>(connection)?;
                rows.into_iter().map(Message::try_from).collect()
            })
            .await
    }

    async fn thread(
        &self,
        workspace_id: WorkspaceId,
        leaf: MessageId,
        page: PageRequest<MessageId>,
    ) -> Result<Page<ThreadMessage, MessageId>, StorageError> {
        self.readers
            .read(move |connection| {
                let Some(start) = thread_start(connection, workspace_id, leaf, page.after)? else {
                    return Ok(Page { items: Vec::new(), next: None });
                };
                let most = u32::from(page.limit) + 1;
                let rows =
                    query::<Types>(THREAD, values![workspace_id, start, most]).load::<Row>(connection)?;
                message_page(connection, rows, page.limit)
            })
            .await
    }

    async fn list(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
        page: PageRequest<MessageId>,
    ) -> Result<Page<ThreadMessage, MessageId>, StorageError> {
        self.readers
            .read(move |connection| {
                let before = page.after.unwrap_or(MessageId::from_uuid(uuid::Uuid::max()));
                let most = u32::from(page.limit) + 1;
                let rows = query::<Types>(LIST, values![conversation_id, workspace_id, before, most])
                    .load::<Row>(connection)?;
                message_page(connection, rows, page.limit)
            })
            .await
    }

    async fn tree(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<MessageTree, StorageError> {
        self.readers
            .read(move |connection| {
                let rows = query::<(Binary, Nullable<Binary>, Text, Text)>(
                    TREE,
                    values![conversation_id, workspace_id],
                )
                .load::<(Id, Option<Id>, String, String)>(connection)?;
                let nodes = rows
                    .into_iter()
                    .map(|(id, parent_id, role, status)| {
                        Ok(TreeNode {
                            id: id.typed(MessageId::from_uuid),
                            parent_id: parent_id.map(|id| id.typed(MessageId::from_uuid)),
                            role: MessageRole::from_word(&role)?,
                            status: MessageStatus::from_word(&status)?,
                        })
                    })
                    .collect::<Outcome<Vec<_>>>()?;
                Ok(MessageTree::new(nodes))
            })
            .await
    }

    async fn edits(
        &self,
        workspace_id: WorkspaceId,
        message_id: MessageId,
        page: PageRequest<EditId>,
    ) -> Result<Page<MessageEdit, EditId>, StorageError> {
        self.readers
            .read(move |connection| {
                let before = page.after.unwrap_or(EditId::from_uuid(uuid::Uuid::max()));
                let most = u32::from(page.limit) + 1;
                let rows = query::<(Binary, Binary, Binary, BigInt, BigInt, Text)>(
                    EDITS,
                    values![message_id, workspace_id, before, most],
                )
                .load::<(Id, Id, Id, i64, i64, String)>(connection)?;
                let edits = rows
                    .into_iter()
                    .map(|(id, message_id, edited_by, edited_at, replaced_version, replaced_parts)| {
                        Ok(MessageEdit {
                            id: id.typed(EditId::from_uuid),
                            message_id: message_id.typed(MessageId::from_uuid),
                            edited_by: edited_by.typed(UserId::from_uuid),
                            edited_at: moment(edited_at),
                            replaced_version: version(replaced_version)?,
                            replaced_parts: json(&replaced_parts)?,
                        })
                    })
                    .collect::<Outcome<Vec<_>>>()?;
                Ok(Page::from_surplus(edits, page.limit, |edit| edit.id))
            })
            .await
    }
}

/// Where a page of a thread begins; `None` when there is nothing there.
fn thread_start(
    connection: &mut SqliteConnection,
    workspace_id: WorkspaceId,
    leaf: MessageId,
    after: Option<MessageId>,
) -> Outcome<Option<MessageId>> {
    let Some(after) = after else { return Ok(Some(leaf)) };
    let above =
        query::<Binary>(ABOVE, values![after, leaf, workspace_id]).get_result::<Id>(connection).optional()?;
    Ok(above.map(|id| id.typed(MessageId::from_uuid)))
}

/// A page of messages of one conversation, each with its siblings, from up to one row too many.
fn message_page(
    connection: &mut SqliteConnection,
    rows: Vec<Row>,
    limit: u16,
) -> Outcome<Page<ThreadMessage, MessageId>> {
    let messages = rows.into_iter().map(Message::try_from).collect::<Outcome<Vec<_>>>()?;
    let page = Page::from_surplus(messages, limit, |message| message.id);
    let siblings = siblings::of(connection, &page.items)?;
    Ok(page.map(|message| {
        let siblings = siblings.get(&message.parent_id).cloned().unwrap_or_default();
        ThreadMessage { message, siblings }
    }))
}
