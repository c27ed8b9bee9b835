//! The one way to change data.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::StorageError;
use crate::{
    ConversationId, CredentialUse, MessageId, NodeId, Parts, RunId, RunStatus, Timestamp, UnitOfWork, UserId,
    Version, WorkspaceId,
};

/// The place of a fact in the event log. Grows with every commit of facts of the same person; never reused by them; gaps
/// are possible.
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

    /// The position of the newest fact that is no longer kept, of the person whom a scope belongs to; zero while all
    /// are. Whoever has seen less has missed something that [`Journal::read_after`] does not give.
    async fn forgotten(&self, workspace_id: WorkspaceId, scope: FactScope) -> Result<Position, StorageError>;

    /// The position of the newest fact of a scope; zero while there is none.
    async fn head(&self, workspace_id: WorkspaceId, scope: FactScope) -> Result<Position, StorageError>;

    /// The position of the newest fact of each of the given people, of those who have any; in no particular order.
    async fn heads(&self, owners: &[UserId]) -> Result<Vec<(UserId, Position)>, StorageError>;

    /// Stores what a run has produced so far: replaces the parts of its message and sets it `streaming`, without a
    /// new version and without a fact. A run that is over is left alone and gives `Conflict`.
    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StorageError>;

    /// Extends the lease of every running run of `owner`, and gives those of them that somebody asked to stop.
    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<Vec<RunId>, StorageError>;

    /// Notes when and from where credentials were used last. Uses of what no longer exists, and older ones than are
    /// stored, are left out.
    async fn note_uses(&self, uses: Vec<CredentialUse>) -> Result<(), StorageError>;

    /// Whether this process alone commits, so that nothing can happen behind its back.
    fn commits_alone(&self) -> bool;

    /// Names the observer of commits; a second call replaces the first observer.
    ///
    /// The observer learns of every unit that this process committed, after the unit is durable and before
    /// [`Journal::commit`] returns. Where this process commits alone, units come in the order of their positions, one at
    /// a time; where others commit too, [`Place::previous`] tells what is missing.
    fn observe(&self, observer: Arc<dyn CommitObserver>);
}

/// Learns what was committed. Must be quick and must not block: the writer waits for it.
pub trait CommitObserver: Send + Sync {
    /// One unit was committed by this process.
    fn committed(&self, unit: &Arc<UnitOfWork>, committed: &Committed);

    /// Another process has something to tell. News may come late, twice or, after a disturbance, not at all: then
    /// [`News::Disturbed`] comes.
    fn news(&self, news: News);
}

/// What another process has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It committed facts of a person, up to this position.
    Facts(UserId, Position),
    /// It committed jobs that anybody may claim.
    Jobs,
    /// It was asked to stop a run that is not its own.
    StopRun(RunId),
    /// Any of these may have been lost, or none came for a while: look for yourself.
    Disturbed,
}

/// What a commit assigned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The place of each event of the unit, in order; `None` for an event that the log does not keep.
    pub places: Vec<Option<Place>>,
}

/// The place of one event in the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its position: greater than that of every earlier fact of the same person.
    pub position: Position,
    /// The person whose conversation or account it is about.
    pub owner_id: Option<UserId>,
    /// The position of the person's fact just before it (zero where it is the first), where other processes commit too;
    /// `None` where this process commits alone, so that nothing can be missing.
    pub previous: Option<Position>,
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
    /// What else it is about, such as a project, a session, a key or a link: its identifier.
    pub subject_id: Option<Uuid>,
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
