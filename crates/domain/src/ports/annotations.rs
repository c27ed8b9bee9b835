//! Reading annotations.

use async_trait::async_trait;

use super::StorageError;
use crate::{Annotation, AnnotationId, ConversationId, MessageId, Page, PageRequest, UserId, WorkspaceId};

/// Reading annotations.
#[async_trait]
pub trait Annotations: Send + Sync {
    /// One annotation.
    async fn annotation(
        &self,
        workspace_id: WorkspaceId,
        id: AnnotationId,
    ) -> Result<Option<Annotation>, StorageError>;

    /// What a person wrote beside the messages of a conversation, beside one message, or anywhere, newest first.
    async fn annotations_of(
        &self,
        workspace_id: WorkspaceId,
        author_id: UserId,
        place: AnnotationsIn,
        page: PageRequest<AnnotationId>,
    ) -> Result<Page<Annotation, AnnotationId>, StorageError>;
}

/// Where annotations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationsIn {
    /// Beside the messages of a conversation.
    Conversation(ConversationId),
    /// Beside a message.
    Message(MessageId),
    /// Beside any message of the workspace.
    Anywhere,
}
