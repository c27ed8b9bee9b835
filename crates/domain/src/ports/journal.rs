//! The one way to change data.

use std::sync::Arc;

use async_trait::async_trait;

use super::StorageError;
use crate::{
    ConversationId, MessageId, NodeId, Parts, RunId, RunStatus, Timestamp, UnitOfWork, UserId, Version,
    WorkspaceId,
};

/// The place of a fact in the event log: grows with every commit, never reused; gaps are possible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// The one way to change data.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes the tables, the event log, the idempotency record and the jobs in one transaction. When it returns
    /// `Ok`, all of it is durable; when it returns an error, none of it is stored.
    ///
    /// # Errors
    /// `Conflict` when a version, an expectation or the idempotency record does not fit what is stored;
    /// `Rejected` when a rule of the database is broken, such as a second account with one e-mail address.
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, StorageError>;

    /// Up to `limit` facts after `after`, oldest first.
    async fn read_after(
        &self,
        workspace_id: WorkspaceId,
        scope: FactScope,
        after: Position,
        limit: u16,
    ) -> Result<Vec<Fact>, StorageError>;

    /// The position of the newest fact of any workspace; zero while there is none.
    async fn head(&self) -> Result<Position, StorageError>;

    /// Stores what a run has produced so far: replaces the parts of its message and sets it `streaming`, without a
    /// new version and without a fact. A run that is over is left alone and gives `Conflict`.
    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StorageError>;

    /// Extends the lease of every running run of `owner`.
    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<(), StorageError>;

    /// Names the observer of commits; a second call replaces the first observer.
    ///
    /// The observer learns of every unit that this process committed, in the order of its positions, after the unit
    /// is durable and before [`Journal::commit`] returns. Calls never overlap.
    fn observe(&self, observer: Arc<dyn CommitObserver>);
}

/// Learns what was committed, in order. Must be quick and must not block: the writer waits for it.
pub trait CommitObserver: Send + Sync {
    /// One unit was committed.
    fn committed(&self, unit: &Arc<UnitOfWork>, committed: &Committed);
}

/// What a commit assigned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The position of each event of the unit, in order; `None` for an event that the log does not keep.
    pub positions: Vec<Option<Position>>,
}

/// Which facts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactScope {
    /// Those about the conversations of one person, and about their account.
    User(UserId),
    /// Those about one conversation.
    Conversation(ConversationId),
}

/// One entry of the event log: that something happened, not what was said. Readers load the entities by id, so
/// that deleting a conversation really deletes its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its place.
    pub position: Position,
    /// The name of the event, see [`crate::Event::name`].
    pub name: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who caused it; `None` for the server itself.
    pub user_id: Option<UserId>,
    /// The person whose conversation or account it is about.
    pub owner_id: Option<UserId>,
    /// The conversation it is about.
    pub conversation_id: Option<ConversationId>,
    /// The message it is about.
    pub message_id: Option<MessageId>,
    /// The run it is about.
    pub run_id: Option<RunId>,
    /// The version of the entity after it.
    pub version: Option<Version>,
    /// For `message.deleted`: everything that is gone.
    pub removed: Vec<MessageId>,
    /// For facts about runs: what the run was then.
    pub run_status: Option<RunStatus>,
}

/// What a run has produced so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// The run.
    pub run_id: RunId,
    /// The answer.
    pub message_id: MessageId,
    /// Everything so far.
    pub parts: Parts,
}
