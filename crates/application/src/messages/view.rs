//! What people see of a message.

use domain::ports::ThreadMessage;
use domain::{
    ContentFlag, ConversationId, EditId, EffectiveRequest, FinishReason, Message, MessageEdit, MessageId,
    MessageRole, MessageStatus, ModelName, Parts, RunFailure, Timestamp, Usage, UserId, Version,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::runs::RunView;

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "Message")]
pub struct MessageView {
    /// Its identifier.
    pub id: MessageId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// The message it answers or continues.
    pub parent_id: Option<MessageId>,
    /// Who speaks.
    pub role: MessageRole,
    /// What is said.
    pub parts: Parts,
    /// How far it is.
    pub status: MessageStatus,
    /// For optimistic locking; also the strong `ETag`.
    pub version: Version,
    /// Which model wrote it.
    pub model: Option<ModelName>,
    /// Why the model stopped.
    pub finish_reason: Option<FinishReason>,
    /// What the generation consumed.
    pub usage: Option<Usage>,
    /// Why the generation failed.
    pub problem: Option<ProblemView>,
    /// What is remarkable about its content, where it came from a tool or an import.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<ContentFlag>,
    /// When it was posted.
    pub created_at: Timestamp,
    /// When it was last edited by a person.
    pub edited_at: Option<Timestamp>,
}

/// Why a generation failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "RunProblem")]
pub struct ProblemView {
    /// A stable URI of the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened and what to do next.
    pub detail: String,
}

impl From<RunFailure> for ProblemView {
    fn from(failure: RunFailure) -> Self {
        Self { kind: format!("/problems/{}", failure.code), detail: failure.detail }
    }
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            conversation_id: message.conversation_id,
            parent_id: message.parent_id,
            role: message.role,
            parts: message.parts,
            status: message.status,
            version: message.version,
            model: message.model,
            finish_reason: message.finish_reason,
            usage: message.usage,
            problem: message.failure.map(Into::into),
            flags: message.flags,
            created_at: message.created_at,
            edited_at: message.edited_at,
        }
    }
}

/// A message in a list, with its place among its siblings.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "ThreadMessage")]
pub struct ThreadMessageView {
    /// The message.
    #[serde(flatten)]
    pub message: MessageView,
    /// All messages under the same parent, oldest first, this one among them.
    pub sibling_ids: Vec<MessageId>,
}

impl From<ThreadMessage> for ThreadMessageView {
    fn from(entry: ThreadMessage) -> Self {
        Self { message: entry.message.into(), sibling_ids: entry.siblings }
    }
}

/// A message with what the model was asked.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "MessageDetail")]
pub struct MessageDetail {
    /// The message.
    #[serde(flatten)]
    pub message: MessageView,
    /// What the model was asked; `null` for messages that no model wrote.
    pub effective_request: Option<EffectiveRequest>,
}

/// One entry in the history of a message's edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "MessageEdit")]
pub struct MessageEditView {
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
    /// What the message said before.
    pub replaced_parts: Parts,
}

impl From<MessageEdit> for MessageEditView {
    fn from(edit: MessageEdit) -> Self {
        Self {
            id: edit.id,
            message_id: edit.message_id,
            edited_by: edit.edited_by,
            edited_at: edit.edited_at,
            replaced_version: edit.replaced_version,
            replaced_parts: edit.replaced_parts,
        }
    }
}

/// A question and, where one was asked for, the answer that has begun.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "Exchange")]
pub struct Exchange {
    /// The question.
    pub message: MessageView,
    /// The answer, still pending.
    pub reply: Option<MessageView>,
    /// The run that writes the answer.
    pub run: Option<RunView>,
}
