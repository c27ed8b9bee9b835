//! Reading messages.

use async_trait::async_trait;

use super::StorageError;
use crate::{
    ConversationId, EditId, Message, MessageEdit, MessageId, MessageTree, Page, PageRequest, WorkspaceId,
};

/// Reading messages.
#[async_trait]
pub trait Messages: Send + Sync {
    /// One message.
    async fn get(&self, workspace_id: WorkspaceId, id: MessageId) -> Result<Option<Message>, StorageError>;

    /// Those of the given messages that exist, in no particular order.
    async fn get_many(
        &self,
        workspace_id: WorkspaceId,
        ids: &[MessageId],
    ) -> Result<Vec<Message>, StorageError>;

    /// From `leaf` up towards the root, newest first. With a cursor (the last message of the previous page), the page
    /// begins at that message's parent.
    async fn thread(
        &self,
        workspace_id: WorkspaceId,
        leaf: MessageId,
        page: PageRequest<MessageId>,
    ) -> Result<Page<ThreadMessage, MessageId>, StorageError>;

    /// All messages of a conversation on all branches, newest first by id.
    async fn list(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
        page: PageRequest<MessageId>,
    ) -> Result<Page<ThreadMessage, MessageId>, StorageError>;

    /// The shape of a conversation, without its words.
    async fn tree(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<MessageTree, StorageError>;

    /// The edits of a message, newest first.
    async fn edits(
        &self,
        workspace_id: WorkspaceId,
        message_id: MessageId,
        page: PageRequest<EditId>,
    ) -> Result<Page<MessageEdit, EditId>, StorageError>;
}

/// A message with its place among its siblings.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadMessage {
    /// The message.
    pub message: Message,
    /// All messages under the same parent, oldest first, the message itself among them.
    pub siblings: Vec<MessageId>,
}
