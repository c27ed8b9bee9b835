//! Domain events: what happened, in the past tense.

use crate::{
    ApiKey, ApiKeyId, Conversation, ConversationId, Message, MessageEdit, MessageId, Run, Session, SessionId,
    UsageEntry, User, UserId, Workspace,
};

/// Something that happened. An event carries the state *after* it, so that storage can write its tables from the
/// event alone. A versioned entity of version `v` may only replace the stored version `v - 1`; storage answers
/// anything else with a conflict.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A workspace was founded.
    WorkspaceCreated(Workspace),
    /// An account was made.
    UserCreated(User),
    /// Somebody signed in.
    SessionOpened(Session),
    /// Somebody signed out.
    SessionClosed {
        /// The session that ended.
        session_id: SessionId,
        /// Whose it was.
        user_id: UserId,
    },
    /// An API key was made.
    ApiKeyCreated(ApiKey),
    /// An API key was revoked.
    ApiKeyRevoked {
        /// The key.
        api_key_id: ApiKeyId,
        /// Whose it was.
        user_id: UserId,
    },
    /// A conversation was created, from nothing or as a fork.
    ConversationCreated(Conversation),
    /// Something about a conversation changed, its active leaf among other things.
    ConversationUpdated(Conversation),
    /// A conversation and everything in it was deleted. Carries its last state with the version one on.
    ConversationDeleted(Conversation),
    /// A message was added.
    MessagePosted(Message),
    /// A person changed what a message says.
    MessageEdited {
        /// The message as it is now.
        message: Message,
        /// What it said before.
        edit: MessageEdit,
    },
    /// A message and everything below it was deleted.
    MessageDeleted {
        /// The conversation.
        conversation_id: ConversationId,
        /// The message that was named.
        message_id: MessageId,
        /// Everything that is gone, parents before children, `message_id` first.
        removed: Vec<MessageId>,
    },
    /// A model began to answer.
    RunStarted(Run),
    /// Somebody asked to stop a run that another process carries out.
    RunStopRequested(Run),
    /// A run ended in one way or another.
    RunEnded {
        /// The run as it ended.
        run: Run,
        /// The answer as the run left it.
        message: Message,
    },
    /// Models were used; adds to the usage ledger. Kept in the ledger only, not in the event log.
    UsageRecorded(Vec<UsageEntry>),
}

impl Event {
    /// The stable name of the event, `<noun>.<verb in the past tense>`.
    pub const fn name(&self) -> &'static str {
        use crate::RunStatus;
        match self {
            Self::WorkspaceCreated(_) => "workspace.created",
            Self::UserCreated(_) => "user.created",
            Self::SessionOpened(_) => "session.opened",
            Self::SessionClosed { .. } => "session.closed",
            Self::ApiKeyCreated(_) => "api_key.created",
            Self::ApiKeyRevoked { .. } => "api_key.revoked",
            Self::ConversationCreated(_) => "conversation.created",
            Self::ConversationUpdated(_) => "conversation.updated",
            Self::ConversationDeleted(_) => "conversation.deleted",
            Self::MessagePosted(_) => "message.posted",
            Self::MessageEdited { .. } => "message.edited",
            Self::MessageDeleted { .. } => "message.deleted",
            Self::RunStarted(_) => "run.started",
            Self::RunStopRequested(_) => "run.stop_requested",
            Self::RunEnded { run, .. } => match run.status {
                RunStatus::Running | RunStatus::Completed => "run.completed",
                RunStatus::Failed => "run.failed",
                RunStatus::Cancelled => "run.cancelled",
                RunStatus::Interrupted => "run.interrupted",
            },
            Self::UsageRecorded(_) => "usage.recorded",
        }
    }
}
