//! Messages: the nodes of a conversation's tree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    ContentFlag, ConversationId, EditId, FinishReason, MessageId, ModelName, Parameters, Parts, RunOutcome,
    Timestamp, Usage, UserId, Version, WorkspaceId, runs::RunFailure,
};

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its identifier.
    pub id: MessageId,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// The message it answers or continues; `None` for a root.
    pub parent_id: Option<MessageId>,
    /// Who speaks.
    pub role: MessageRole,
    /// What is said.
    pub parts: Parts,
    /// How far it is.
    pub status: MessageStatus,
    /// For optimistic locking.
    pub version: Version,
    /// Which model wrote it.
    pub model: Option<ModelName>,
    /// Why the model stopped.
    pub finish_reason: Option<FinishReason>,
    /// What the generation consumed.
    pub usage: Option<Usage>,
    /// What the model was asked, so that the answer can be explained and replayed.
    pub effective_request: Option<EffectiveRequest>,
    /// Why the generation failed.
    pub failure: Option<RunFailure>,
    /// What is remarkable about its content, where it came from a tool or an import; sorted, each once.
    pub flags: Vec<ContentFlag>,
    /// When it was posted.
    pub created_at: Timestamp,
    /// When it was last edited by a person.
    pub edited_at: Option<Timestamp>,
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum MessageRole {
    /// The operator or the person, to the model.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool, to the model.
    Tool,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum MessageStatus {
    /// Its run has not produced anything yet.
    Pending,
    /// Its run is producing it.
    Streaming,
    /// All of it is there.
    Complete,
    /// The server stopped before the model did; what had arrived is kept.
    Interrupted,
    /// The provider failed; what had arrived is kept.
    Failed,
    /// A person stopped it; what had arrived is kept.
    Cancelled,
}

impl MessageStatus {
    /// Whether a run is still working on the message.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Pending | Self::Streaming)
    }
}

/// What a model was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectiveRequest {
    /// The model, with its provider.
    pub model: ModelName,
    /// The parameters in force.
    pub parameters: Parameters,
    /// The system prompt in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// The messages that the model saw.
    pub context: PromptContext,
}

/// The part of a branch that a model saw: from one message down to another, without those that had no content. Named by
/// its ends, so that the answers of a long conversation do not each carry a list of all that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromptContext {
    /// The oldest message.
    pub first_message_id: MessageId,
    /// The newest message: the question.
    pub last_message_id: MessageId,
    /// How many messages there were.
    pub messages: u32,
}

/// What is needed to post a message.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    /// Its identifier.
    pub id: MessageId,
    /// Who speaks.
    pub role: MessageRole,
    /// What is said; not empty.
    pub parts: Parts,
}

/// One entry in the history of a message's edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageEdit {
    /// Its identifier.
    pub id: EditId,
    /// The message.
    pub message_id: MessageId,
    /// Who edited it.
    pub edited_by: UserId,
    /// When.
    pub edited_at: Timestamp,
    /// The version that the edit replaced.
    pub replaced_version: Version,
    /// What the message said before the edit.
    pub replaced_parts: Parts,
}

/// Why a message refuses a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageRejection {
    /// A run is still writing the message.
    #[error("the answer is still being written; stop it or wait until it is complete")]
    StillRunning,
    /// The new content holds nothing.
    #[error("a message needs some content")]
    Empty,
}

impl Message {
    /// The largest total size of the parts of a message that a person posts or edits, in bytes.
    pub const MAX_BYTES: usize = 512 * 1024;
    /// The largest number of parts of a message that a person posts or edits.
    pub const MAX_PARTS: usize = 64;

    /// Replaces what the message says and keeps what it said before.
    pub fn edit(
        &self,
        edit_id: EditId,
        parts: Parts,
        edited_by: UserId,
        edited_at: Timestamp,
    ) -> Result<(Self, MessageEdit), MessageRejection> {
        if self.status.is_running() {
            return Err(MessageRejection::StillRunning);
        }
        if parts.bytes() == 0 {
            return Err(MessageRejection::Empty);
        }
        let edit = MessageEdit {
            id: edit_id,
            message_id: self.id,
            edited_by,
            edited_at,
            replaced_version: self.version,
            replaced_parts: self.parts.clone(),
        };
        let edited = Self { parts, version: self.version.next(), edited_at: Some(edited_at), ..self.clone() };
        Ok((edited, edit))
    }

    /// The message as its run left it. `parts` is everything that arrived.
    #[must_use]
    pub fn end(&self, parts: Parts, outcome: &RunOutcome) -> Self {
        let ended = Self { parts, version: self.version.next(), ..self.clone() };
        match outcome {
            RunOutcome::Completed { finish_reason, usage } => Self {
                status: MessageStatus::Complete,
                finish_reason: Some(*finish_reason),
                usage: *usage,
                ..ended
            },
            RunOutcome::Failed { failure, usage } => {
                Self { status: MessageStatus::Failed, failure: Some(failure.clone()), usage: *usage, ..ended }
            }
            RunOutcome::Cancelled => Self { status: MessageStatus::Cancelled, ..ended },
            RunOutcome::Interrupted => Self { status: MessageStatus::Interrupted, ..ended },
        }
    }
}
