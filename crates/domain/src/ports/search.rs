//! Full-text search over messages.

use async_trait::async_trait;

use super::StorageError;
use crate::{
    ConversationId, MessageId, MessageRole, ModelName, ProjectId, TagId, Timestamp, Title, UserId,
    WorkspaceId,
};

/// Full-text search over messages.
#[async_trait]
pub trait Search: Send + Sync {
    /// The messages of one person that match.
    async fn messages(&self, request: SearchRequest) -> Result<Vec<SearchHit>, StorageError>;
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRequest {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// In whose conversations.
    pub owner_id: UserId,
    /// The words as a person typed them. Adapters quote them: nothing in them is query syntax.
    pub words: Vec<String>,
    /// Whether every word must occur, or any.
    pub all_words: bool,
    /// Which of them.
    pub filter: SearchFilter,
    /// The order of the hits.
    pub order: SearchOrder,
    /// For [`SearchOrder::Newest`]: only messages older than this one.
    pub before: Option<MessageId>,
    /// The largest number of hits.
    pub limit: u16,
}

/// Which messages a search is about. `None` means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// Only messages of this role.
    pub role: Option<MessageRole>,
    /// Only answers of this model.
    pub model: Option<ModelName>,
    /// Only messages posted at this moment or later.
    pub posted_from: Option<Timestamp>,
    /// Only messages posted before this moment.
    pub posted_before: Option<Timestamp>,
    /// Only in conversations with this tag.
    pub tag_id: Option<TagId>,
    /// Only in conversations that are in this project.
    pub project_id: Option<ProjectId>,
    /// Only in pinned conversations, or only in the others.
    pub pinned: Option<bool>,
    /// Only in archived conversations, or only in the others.
    pub archived: Option<bool>,
    /// Not in this conversation.
    pub except: Option<ConversationId>,
}

/// The order of hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchOrder {
    /// The newest message first.
    Newest,
    /// The best match first.
    Best,
}

/// One message that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// What the conversation is called.
    pub conversation_title: Title,
    /// The message.
    pub message_id: MessageId,
    /// Who speaks.
    pub role: MessageRole,
    /// When it was posted.
    pub created_at: Timestamp,
    /// The passage around the match, plain text of at most some 300 characters.
    pub snippet: String,
    /// The matches in the snippet, as byte ranges, in order.
    pub highlights: Vec<std::ops::Range<usize>>,
}
