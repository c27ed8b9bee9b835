//! The one way to change data: events become rows.

mod annotations;
mod audit;
mod batch;
mod conversations;
mod factors;
mod facts;
mod messages;
mod order;
mod people;
mod plan;
mod projects;
mod providers;
mod runs;
mod secret_keys;
mod sessions;
mod tags;
mod upkeep;
mod uses;
mod workspaces;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use diesel::sql_types::BigInt;
use domain::ports::{
    Checkpoint, CommitObserver, Committed, Fact, FactScope, Journal, Place, Position, StorageError,
};
use domain::{
    CredentialUse, Event, Expectation, MessageId, NodeId, RunId, Timestamp, UnitOfWork, UserId, WorkspaceId,
};
use storage::{Outage, rules};

use crate::Postgres;
use crate::errors::{CONFLICT, Outcome, rejected};
use crate::session::Scope;
use crate::statement::{ids, values};
use batch::{Undone, carry_out};
use plan::Plan;

pub(crate) use order::Order;
#[cfg(test)]
pub(crate) use uses::NOTE;

/// How long one statement may take where a person goes with all they ever said.
const DELETING_A_PERSON: Duration = Duration::from_mins(5);

#[async_trait]
impl Journal for Postgres {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, StorageError> {
        // Once begun it goes on when nobody waits for it any more: what is committed is told to the observer.
        let Some(database) = self.itself.upgrade() else { return Err(stopping()) };
        let committing = self.tasks.spawn_on(async move { database.commit_unit(unit).await }, &self.runtime);
        committing.await.unwrap_or_else(|_| Err(stopping()))
    }

    async fn read_after(
        &self,
        workspace_id: WorkspaceId,
        scope: FactScope,
        after: Position,
        limit: u16,
    ) -> Result<Vec<Fact>, StorageError> {
        self.facts_after(workspace_id, scope, after, limit).await
    }

    async fn forgotten(&self, workspace_id: WorkspaceId, scope: FactScope) -> Result<Position, StorageError> {
        self.forgotten_of(workspace_id, scope).await
    }

    async fn head(&self, workspace_id: WorkspaceId, scope: FactScope) -> Result<Position, StorageError> {
        self.head_of(workspace_id, scope).await
    }

    async fn heads(&self, owners: &[UserId]) -> Result<Vec<(UserId, Position)>, StorageError> {
        self.heads_of(owners).await
    }

    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StorageError> {
        self.store_checkpoint(&checkpoint).await
    }

    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<Vec<RunId>, StorageError> {
        self.renew_run_leases(owner, until).await
    }

    async fn note_uses(&self, uses: Vec<CredentialUse>) -> Result<(), StorageError> {
        self.store_uses(uses).await
    }

    fn commits_alone(&self) -> bool {
        false
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        *self.observer.write() = Some(observer);
    }
}

impl Postgres {
    async fn commit_unit(&self, unit: UnitOfWork) -> Result<Committed, StorageError> {
        let unit = Arc::new(unit);
        let looks_across = unit.crosses_workspaces() || unit.expected.iter().any(asks_other_workspaces);
        let scope = if looks_across { Scope::System } else { Scope::Workspace(unit.workspace_id) };
        let mut session = self.write(scope).await?;
        if unit.events.iter().any(|event| matches!(event, Event::UserDeleted(_))) {
            session = session.patient(DELETING_A_PERSON);
        }
        let steps = Plan::of(&unit, &self.settings.search_language)?;
        let given = match carry_out(&session, steps).await {
            Ok(given) => given,
            Err(Undone::Because(error)) => return Err(error),
            Err(Undone::Parents(parents)) => {
                drop(session);
                return Err(self.missing_parent(unit.workspace_id, &parents).await);
            }
        };
        let places = facts::places(&unit, given)?;
        let turn = self.order.enter(&places);
        session.commit().await?;
        self.order.wait(&places, &turn).await;
        let committed = Committed { places };
        self.tell(&unit, &committed);
        drop(turn);
        Ok(committed)
    }

    /// Tells everybody of what was just committed: here at once, elsewhere soon.
    fn tell(&self, unit: &Arc<UnitOfWork>, committed: &Committed) {
        for Place { owner_id, position, .. } in committed.places.iter().flatten() {
            if let Some(owner_id) = owner_id {
                self.seen.note(*owner_id, *position);
                self.outbox.facts(*owner_id, *position);
            }
        }
        if !unit.jobs.is_empty() {
            self.outbox.jobs();
        }
        for event in &unit.events {
            if let Event::RunStopRequested(run) = event {
                self.outbox.stop(run.id);
            }
        }
        let observer = self.observer.read().clone();
        if let Some(observer) = observer {
            observer.committed(unit, committed);
        }
    }

    /// Why messages cannot stand under these parents: one of them stands elsewhere, or is gone.
    async fn missing_parent(&self, workspace_id: WorkspaceId, parents: &[MessageId]) -> StorageError {
        let wanted: std::collections::HashSet<MessageId> = parents.iter().copied().collect();
        let found: Outcome<i64> = async {
            let session = self.read(Scope::Workspace(workspace_id)).await?;
            let parents = ids(wanted.iter().map(|id| id.uuid()));
            let sql = "SELECT count(*) FROM messages WHERE id = ANY ($1) AND workspace_id = $2";
            session.one::<BigInt, i64>(sql, values![parents, workspace_id]).await
        }
        .await;
        match found {
            Ok(found) if usize::try_from(found).is_ok_and(|found| found == wanted.len()) => {
                rejected(rules::FOREIGN_PARENT).into()
            }
            Ok(_) => CONFLICT.into(),
            Err(error) => error.into(),
        }
    }
}

/// Whether what is expected is a question to other workspaces than that of the unit.
const fn asks_other_workspaces(expectation: &Expectation) -> bool {
    matches!(expectation, Expectation::NoAccountExists | Expectation::OthersHaveAnOwner { .. })
}

fn stopping() -> StorageError {
    Outage::new("the database is shutting down").into()
}
