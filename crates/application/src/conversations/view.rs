//! What people see of a conversation.

use domain::{
    Conversation, ConversationId, ForkOrigin, MessageId, ModelName, Parameters, ProjectId, SystemPrompt,
    TagId, Timestamp, Title, TitleOrigin, UserId, Version,
};
use schemars::JsonSchema;
use serde::Serialize;

/// A conversation, without its messages.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "Conversation")]
pub struct ConversationView {
    /// Its identifier.
    pub id: ConversationId,
    /// Whose it is.
    pub owner_id: UserId,
    /// The project whose members see it too.
    pub project_id: Option<ProjectId>,
    /// What it is called.
    pub title: Title,
    /// Where the title comes from.
    pub title_origin: TitleOrigin,
    /// The model that answers unless a message names another.
    pub model: Option<ModelName>,
    /// What every model is told first.
    pub system_prompt: Option<SystemPrompt>,
    /// How models answer.
    pub parameters: Parameters,
    /// What its owner finds it under; empty for everybody else.
    pub tag_ids: Vec<TagId>,
    /// Whether it stands above the others.
    pub pinned: bool,
    /// Whether it is out of the way.
    pub archived: bool,
    /// The last message of the branch that is shown.
    pub active_leaf_id: Option<MessageId>,
    /// How many messages it has on all branches.
    pub message_count: u32,
    /// Where it was forked from.
    pub forked_from: Option<ForkOrigin>,
    /// For optimistic locking; also the strong `ETag`.
    pub version: Version,
    /// When it was created.
    pub created_at: Timestamp,
    /// When something was last said in it, or it was last changed.
    pub updated_at: Timestamp,
}

impl ConversationView {
    /// A conversation as somebody sees it who may read it: the tags are its owner's alone.
    pub fn for_person(conversation: Conversation, user_id: UserId) -> Self {
        let mut view = Self::from(conversation);
        if view.owner_id != user_id {
            view.tag_ids.clear();
        }
        view
    }
}

impl From<Conversation> for ConversationView {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id,
            owner_id: conversation.owner_id,
            project_id: conversation.project_id,
            title: conversation.title,
            title_origin: conversation.title_origin,
            model: conversation.model,
            system_prompt: conversation.system_prompt,
            parameters: conversation.parameters,
            tag_ids: conversation.tag_ids,
            pinned: conversation.pinned,
            archived: conversation.archived,
            active_leaf_id: conversation.active_leaf_id,
            message_count: conversation.message_count,
            forked_from: conversation.forked_from,
            version: conversation.version,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}
