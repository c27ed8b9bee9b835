//! Reading tags.

use async_trait::async_trait;

use super::StorageError;
use crate::{Page, PageRequest, Tag, TagId, UserId, WorkspaceId};

/// Reading tags.
#[async_trait]
pub trait Tags: Send + Sync {
    /// One tag.
    async fn tag(&self, workspace_id: WorkspaceId, id: TagId) -> Result<Option<Tag>, StorageError>;

    /// The tags of a person, newest first.
    async fn tags_of(
        &self,
        workspace_id: WorkspaceId,
        owner_id: UserId,
        page: PageRequest<TagId>,
    ) -> Result<Page<Tag, TagId>, StorageError>;
}
