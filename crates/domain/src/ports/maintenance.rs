//! Keeping a database in order.

use async_trait::async_trait;

use super::StorageError;
use crate::Timestamp;

/// Keeping a database in order.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Forgets what has expired: idempotency records and sessions. Gives how many rows went. Where several processes
    /// share the database, one of them does it at a time; for the others nothing goes meanwhile.
    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StorageError>;

    /// The time of day by the clock that all processes share, the database's; `None` where one process alone uses the
    /// database, so that its own clock will do.
    async fn shared_time(&self) -> Result<Option<Timestamp>, StorageError>;

    /// Whether a read and a write would succeed now; the readiness probe.
    async fn health(&self) -> Result<StorageHealth, StorageError>;
}

/// What the readiness probe shows of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageHealth {
    /// The kind and version of the database, such as `sqlite 3.50.2`.
    pub engine: String,
    /// The newest migration that was applied.
    pub schema: String,
}
