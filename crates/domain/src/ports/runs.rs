//! Reading runs.

use async_trait::async_trait;

use super::StorageError;
use crate::{ConversationId, MessageId, Run, RunId, Timestamp, WorkspaceId};

/// Reading runs.
#[async_trait]
pub trait Runs: Send + Sync {
    /// One run.
    async fn get(&self, workspace_id: WorkspaceId, id: RunId) -> Result<Option<Run>, StorageError>;

    /// The latest run that wrote a message.
    async fn of_message(
        &self,
        workspace_id: WorkspaceId,
        message_id: MessageId,
    ) -> Result<Option<Run>, StorageError>;

    /// The running runs of a conversation, oldest first.
    async fn running(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<Vec<Run>, StorageError>;

    /// Up to `limit` running runs of any workspace whose lease has run out at `now`, oldest first. For recovery.
    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<Run>, StorageError>;
}
