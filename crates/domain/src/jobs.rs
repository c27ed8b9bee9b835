//! Background work that must survive a restart.

use crate::{ConversationId, JobId, Timestamp, WorkspaceId};

/// A unit of background work, enqueued in the same transaction as the facts that call for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// What is to be done.
    pub kind: JobKind,
    /// Not before this moment.
    pub run_at: Timestamp,
    /// How often it was claimed before.
    pub attempts: u32,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Ask a model for a better title.
    TitleConversation {
        /// The conversation.
        conversation_id: ConversationId,
    },
}
