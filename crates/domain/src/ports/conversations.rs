//! Reading conversations.

use async_trait::async_trait;

use super::StorageError;
use crate::{
    Conversation, ConversationId, Page, PageRequest, ProjectId, TagId, Timestamp, UserId, WorkspaceId,
};

/// Reading conversations.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// One conversation.
    async fn get(
        &self,
        workspace_id: WorkspaceId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StorageError>;

    /// Those of the given conversations that exist, in no particular order.
    async fn get_many(
        &self,
        workspace_id: WorkspaceId,
        ids: &[ConversationId],
    ) -> Result<Vec<Conversation>, StorageError>;

    /// The conversations of one person, or of everybody in a project, most recently updated first; ties newest id first.
    async fn list(
        &self,
        workspace_id: WorkspaceId,
        of: ConversationsOf,
        filter: ConversationFilter,
        page: PageRequest<ConversationCursor>,
    ) -> Result<Page<Conversation, ConversationCursor>, StorageError>;
}

/// Whose conversations a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationsOf {
    /// Those of a person.
    Owner(UserId),
    /// Those that their owners put into a project.
    Project(ProjectId),
}

/// Which conversations a list shows. `None` means both kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// Only pinned ones, or only the others.
    pub pinned: Option<bool>,
    /// Only archived ones, or only the others.
    pub archived: Option<bool>,
    /// Only those with this tag.
    pub tag_id: Option<TagId>,
    /// Only those whose title contains this text, without regard to case.
    pub title_contains: Option<String>,
    /// Only those last updated at this moment or later.
    pub updated_from: Option<Timestamp>,
    /// Only those last updated before this moment.
    pub updated_before: Option<Timestamp>,
}

/// The key of a conversation in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConversationCursor {
    /// When it was last updated.
    pub updated_at: Timestamp,
    /// Its identifier.
    pub id: ConversationId,
}

impl From<&Conversation> for ConversationCursor {
    fn from(conversation: &Conversation) -> Self {
        Self { updated_at: conversation.updated_at, id: conversation.id }
    }
}
