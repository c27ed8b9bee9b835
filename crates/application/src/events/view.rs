//! What people see of an event.

use domain::{ConversationId, Event, MessageId, RunId, RunStatus, Timestamp, UnitOfWork, UserId};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::conversations::ConversationView;
use crate::messages::MessageView;

/// A committed fact. The entities in it are as they were right after it or later, never earlier; their versions tell.
/// One that was deleted meanwhile is absent.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "Event")]
pub struct EventView {
    /// `<noun>.<verb in the past tense>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who caused it; `null` for the server itself.
    pub user_id: Option<UserId>,
    /// What else it is about, by its identifier: for `project.*` the project, for `tag.*` and `conversation.tagged` the
    /// tag, for `annotation.*` the annotation, for `share.*` the link, for `session.*` the session, for `member.*` the
    /// workspace, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<Uuid>,
    /// The conversation it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// The conversation, where its own fields changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationView>,
    /// The message it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageView>,
    /// The run it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunReference>,
    /// For `message.deleted`: everything that is gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_ids: Vec<MessageId>,
}

/// A run, as far as events tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct RunReference {
    /// The run.
    pub id: RunId,
    /// How far it is.
    pub status: RunStatus,
}

impl EventView {
    /// What people see of an event that was just committed.
    pub fn from_event(event: &Event, unit: &UnitOfWork) -> Self {
        let mut view = Self::bare(event.name().to_owned(), unit.at, unit.origin.user_id);
        view.subject_id = event.subject_id();
        match event {
            Event::ConversationCreated(conversation) | Event::ConversationUpdated(conversation) => {
                view.conversation_id = Some(conversation.id);
                view.conversation = Some(conversation.clone().into());
            }
            Event::ConversationDeleted(conversation) => view.conversation_id = Some(conversation.id),
            Event::MessagePosted(message) | Event::MessageEdited { message, .. } => {
                view.conversation_id = Some(message.conversation_id);
                view.message_id = Some(message.id);
                view.message = Some(message.clone().into());
            }
            Event::ShareCreated(share) => view.conversation_id = Some(share.conversation_id),
            Event::ShareRevoked { conversation_id, .. }
            | Event::ConversationTagged { conversation_id, .. }
            | Event::ConversationUntagged { conversation_id, .. } => {
                view.conversation_id = Some(*conversation_id);
            }
            Event::MessageDeleted { conversation_id, message_id, removed } => {
                view.conversation_id = Some(*conversation_id);
                view.message_id = Some(*message_id);
                view.removed_ids.clone_from(removed);
            }
            Event::RunStarted(run) | Event::RunStopRequested(run) => {
                view.conversation_id = Some(run.conversation_id);
                view.message_id = Some(run.message_id);
                view.run = Some(RunReference { id: run.id, status: run.status });
            }
            Event::RunEnded { run, message } => {
                view.conversation_id = Some(run.conversation_id);
                view.message_id = Some(run.message_id);
                view.message = Some(message.clone().into());
                view.run = Some(RunReference { id: run.id, status: run.status });
            }
            _ => {}
        }
        view
    }

    /// The same for those who see the conversation of somebody else: its tags are its owner's alone.
    pub(super) fn for_guests(mut self) -> Self {
        if let Some(conversation) = &mut self.conversation {
            conversation.tag_ids.clear();
        }
        if matches!(self.kind.as_str(), "conversation.tagged" | "conversation.untagged") {
            self.subject_id = None;
        }
        self
    }

    /// A fact without any entity.
    pub(super) const fn bare(kind: String, at: Timestamp, user_id: Option<UserId>) -> Self {
        Self {
            kind,
            at,
            user_id,
            subject_id: None,
            conversation_id: None,
            conversation: None,
            message_id: None,
            message: None,
            run: None,
            removed_ids: Vec::new(),
        }
    }
}
