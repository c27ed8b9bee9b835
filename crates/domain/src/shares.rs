//! Conversations that whoever has a link may read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConversationId, MessageId, ShareId, Timestamp, TokenHash, UserId, WorkspaceId};

/// A link by which anybody may read one branch of a conversation, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Its identifier, which is part of the link and no secret.
    pub id: ShareId,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Whose the conversation is.
    pub owner_id: UserId,
    /// What the link shows.
    pub kind: ShareKind,
    /// The hash of the secret part of the link.
    pub token_hash: TokenHash,
    /// Of a snapshot: the last message of the branch that is shown. A live one shows the active branch.
    pub leaf_id: Option<MessageId>,
    /// Of a snapshot: the title and the messages as they were, as JSON text.
    pub snapshot: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this the link leads nowhere; `None` means never.
    pub expires_at: Option<Timestamp>,
}

/// What a link shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ShareKind {
    /// The conversation as it is when somebody looks.
    Live,
    /// The conversation as it was when the link was made.
    Snapshot,
}
