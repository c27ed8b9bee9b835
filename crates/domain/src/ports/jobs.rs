//! Claiming background work.

use async_trait::async_trait;

use super::StorageError;
use crate::{Job, JobId, NodeId, Timestamp};

/// Claiming background work. Jobs are enqueued by [`super::Journal::commit`].
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Takes up to `limit` jobs that are due and not leased, oldest first, and leases them to `owner`; counts an
    /// attempt.
    async fn claim(
        &self,
        owner: NodeId,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<Job>, StorageError>;

    /// Extends the lease of every job that `owner` has claimed and neither finished nor given back, and that nobody else
    /// has claimed since.
    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<(), StorageError>;

    /// Removes a job that is done, or that is not worth another attempt.
    async fn finish(&self, id: JobId) -> Result<(), StorageError>;

    /// Gives a job back, to be tried again at `run_at`.
    async fn retry(&self, id: JobId, run_at: Timestamp) -> Result<(), StorageError>;
}
