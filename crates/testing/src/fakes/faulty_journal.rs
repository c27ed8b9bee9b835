//! A journal that fails when it is told to.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{
    Checkpoint, CommitObserver, Committed, Fact, FactScope, Journal, Position, StorageError,
};
use domain::{CredentialUse, NodeId, RunId, Timestamp, UnitOfWork, UserId, WorkspaceId};
use parking_lot::Mutex;

/// What happens to one commit or checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It goes through.
    None,
    /// It fails with `Unavailable`; nothing is stored.
    Unavailable,
    /// It fails with `Conflict`; nothing is stored.
    Conflict,
    /// It is stored, but the answer is `Unavailable`: the connection broke after the commit.
    CommitUnclear,
    /// It goes through after a while.
    Delay(Duration),
}

/// A journal in front of another one. Every commit and checkpoint takes the next fault that was planned; without a
/// plan it passes everything through.
pub struct FaultyJournal {
    inner: Arc<dyn Journal>,
    plan: Mutex<VecDeque<Fault>>,
}

impl FaultyJournal {
    /// A journal that passes everything through to `inner` for now.
    pub fn new(inner: Arc<dyn Journal>) -> Self {
        Self { inner, plan: Mutex::default() }
    }

    /// Adds faults for the next commits and checkpoints, in order.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.plan.lock().extend(faults);
    }

    /// How many planned faults have not happened yet.
    pub fn planned(&self) -> usize {
        self.plan.lock().len()
    }

    async fn through<T>(
        &self,
        work: impl Future<Output = Result<T, StorageError>> + Send,
    ) -> Result<T, StorageError> {
        let fault = self.plan.lock().pop_front().unwrap_or(Fault::None);
        match fault {
            Fault::None => work.await,
            Fault::Unavailable => Err(StorageError::Unavailable("a planned fault".into())),
            Fault::Conflict => Err(StorageError::Conflict),
            Fault::CommitUnclear => {
                work.await?;
                Err(StorageError::Unavailable("a planned fault after the commit".into()))
            }
            Fault::Delay(duration) => {
                tokio::time::sleep(duration).await;
                work.await
            }
        }
    }
}

#[async_trait]
impl Journal for FaultyJournal {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, StorageError> {
        self.through(self.inner.commit(unit)).await
    }

    async fn read_after(
        &self,
        workspace_id: WorkspaceId,
        scope: FactScope,
        after: Position,
        limit: u16,
    ) -> Result<Vec<Fact>, StorageError> {
        self.inner.read_after(workspace_id, scope, after, limit).await
    }

    async fn forgotten(&self, workspace_id: WorkspaceId, scope: FactScope) -> Result<Position, StorageError> {
        self.inner.forgotten(workspace_id, scope).await
    }

    async fn head(&self, workspace_id: WorkspaceId, scope: FactScope) -> Result<Position, StorageError> {
        self.inner.head(workspace_id, scope).await
    }

    async fn heads(&self, owners: &[UserId]) -> Result<Vec<(UserId, Position)>, StorageError> {
        self.inner.heads(owners).await
    }

    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StorageError> {
        self.through(self.inner.checkpoint(checkpoint)).await
    }

    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<Vec<RunId>, StorageError> {
        self.inner.renew_leases(owner, until).await
    }

    async fn note_uses(&self, uses: Vec<CredentialUse>) -> Result<(), StorageError> {
        self.inner.note_uses(uses).await
    }

    fn commits_alone(&self) -> bool {
        self.inner.commits_alone()
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.inner.observe(observer);
    }
}
