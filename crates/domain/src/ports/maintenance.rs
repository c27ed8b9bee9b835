//! Keeping a database in order.

use std::fmt;

use async_trait::async_trait;
use uuid::Uuid;

use super::StorageError;
use crate::Timestamp;

/// Keeping a database in order.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Forgets what has expired: idempotency records and sessions. Gives how many rows went. Where several processes
    /// share the database, one of them does it at a time; for the others nothing goes meanwhile. An error says that
    /// something could not be done now and should be tried again soon; the rest was done where possible.
    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StorageError>;

    /// The time of day by the clock that all processes share, the database's; `None` where one process alone uses the
    /// database, so that its own clock will do.
    async fn shared_time(&self) -> Result<Option<Timestamp>, StorageError>;

    /// Whether a read and a write would succeed now; the readiness probe.
    async fn health(&self) -> Result<StorageHealth, StorageError>;

    /// Compares what is stored twice, such as the number of messages of a conversation, and gives what does not agree:
    /// at most [`Drift::MOST`] of each kind. With `repair`, makes those agree; ask again until nothing is left.
    /// Reads everything, so it takes its time.
    async fn reconcile(&self, repair: bool) -> Result<Vec<Drift>, StorageError>;
}

/// Something that is stored twice and does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What it is.
    pub kind: DriftKind,
    /// The conversation, or for a journal head the person.
    pub id: Uuid,
    /// What stands there.
    pub stored: String,
    /// What should stand there.
    pub expected: String,
}

impl Drift {
    /// How many of each kind are given at once.
    pub const MOST: u16 = 1000;
}

/// A kind of [`Drift`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftKind {
    /// The number of messages of a conversation.
    MessageCount,
    /// The active leaf of a conversation is not one of its messages.
    ActiveLeaf,
    /// The range of ids in which the messages of a conversation lie, where the database keeps one.
    MessageRange,
    /// The position of a person's newest fact, where the database keeps it apart from the facts.
    JournalHead,
}

impl fmt::Display for DriftKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MessageCount => "number of messages",
            Self::ActiveLeaf => "active leaf",
            Self::MessageRange => "range of messages",
            Self::JournalHead => "journal head",
        })
    }
}

/// What the readiness probe shows of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageHealth {
    /// The kind and version of the database, such as `sqlite 3.50.2`.
    pub engine: String,
    /// The newest migration that was applied.
    pub schema: String,
}
