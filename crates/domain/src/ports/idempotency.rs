//! Results of earlier attempts.

use async_trait::async_trait;

use super::StorageError;
use crate::{IdempotencyKey, IdempotencyRecord, UserId, WorkspaceId};

/// Results of earlier attempts. They are written by [`super::Journal::commit`].
#[async_trait]
pub trait IdempotencyRecords: Send + Sync {
    /// The record of an attempt; an expired one may or may not be found.
    async fn find(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        operation: &str,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StorageError>;
}
