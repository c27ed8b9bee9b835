//! Reading the audit log. It is written by the journal, in the transaction of what it tells of.

use async_trait::async_trait;

use super::StorageError;
use crate::{AuditEntry, Page, PageRequest, Timestamp, UserId, WorkspaceId};

/// Reading the audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// The entries of a workspace that fit, newest first.
    async fn audit_entries(
        &self,
        workspace_id: WorkspaceId,
        filter: AuditFilter,
        page: PageRequest<u64>,
    ) -> Result<Page<AuditEntry, u64>, StorageError>;

    /// Up to `limit` entries of a workspace after a place, oldest first, for checking the chain of their hashes.
    async fn audit_chain(
        &self,
        workspace_id: WorkspaceId,
        after: u64,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, StorageError>;

    /// Where the audit log of each workspace ends: its newest place and the hash there, kept apart from the entries. Where
    /// there are entries and somebody removed that, the beginning: place 0, and a hash of zeros.
    async fn audit_heads(&self) -> Result<Vec<(WorkspaceId, u64, [u8; 32])>, StorageError>;
}

/// Which entries are wanted. `None` means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those with this name; a trailing `*` stands for any ending, such as `session.*`.
    pub name: Option<String>,
    /// Those caused by this person, or about them.
    pub user_id: Option<UserId>,
    /// Those at this moment or later.
    pub since: Option<Timestamp>,
    /// Those before this moment.
    pub until: Option<Timestamp>,
}
