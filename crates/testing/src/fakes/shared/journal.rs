//! Committing, the event log, background work and upkeep.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{
    Checkpoint, CommitObserver, Committed, Drift, Fact, FactScope, IdempotencyRecords, Jobs, Journal,
    Maintenance, Position, StorageError, StorageHealth,
};
use domain::{
    CredentialUse, IdempotencyKey, IdempotencyRecord, Job, JobId, KeyPurpose, Message, MessageStatus, NodeId,
    RunId, RunStatus, SecretKey, Timestamp, UnitOfWork, UsedCredential, UserId, WorkspaceId,
};

use super::SharedNode;
use super::tables::Tables;

impl Tables {
    /// How many rows there are of what is forgotten one day.
    fn perishable(&self) -> usize {
        let Self { records, sessions, tickets, invitations, secret_keys, .. } = self;
        records.len() + sessions.len() + tickets.len() + invitations.len() + secret_keys.len()
    }
}

fn is_in(scope: FactScope, fact: &Fact) -> bool {
    match scope {
        FactScope::User(id) => fact.owner_id == Some(id),
        FactScope::Conversation(id) => fact.conversation_id == Some(id),
    }
}

#[async_trait]
impl Journal for SharedNode {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, StorageError> {
        let unit = Arc::new(unit);
        let committed = self.write(|tables| tables.commit(&unit)).await?;
        if self.loses_answer() {
            return Err(StorageError::Unavailable("the answer was lost, as planned".into()));
        }
        // The observer may learn of two commits in another order than they were made.
        self.database.pause().await;
        self.tell_committed(&unit, &committed);
        Ok(committed)
    }

    async fn read_after(
        &self,
        workspace_id: WorkspaceId,
        scope: FactScope,
        after: Position,
        limit: u16,
    ) -> Result<Vec<Fact>, StorageError> {
        self.read(|tables| {
            let wanted = tables.facts.iter().filter(|(workspace, fact)| {
                *workspace == workspace_id && fact.position > after && is_in(scope, fact)
            });
            wanted.take(limit.into()).map(|(_, fact)| fact.clone()).collect()
        })
        .await
    }

    async fn forgotten(&self, _: WorkspaceId, _: FactScope) -> Result<Position, StorageError> {
        // Everything is kept.
        Ok(Position(0))
    }

    async fn head(&self, workspace_id: WorkspaceId, scope: FactScope) -> Result<Position, StorageError> {
        self.read(|tables| {
            let mut newest = tables.facts.iter().rev();
            let newest = newest.find(|(workspace, fact)| *workspace == workspace_id && is_in(scope, fact));
            newest.map_or(Position(0), |(_, fact)| fact.position)
        })
        .await
    }

    async fn heads(&self, owners: &[UserId]) -> Result<Vec<(UserId, Position)>, StorageError> {
        self.read(|tables| {
            let head = |owner: &UserId| {
                let newest = tables.facts.iter().rev().find(|(_, fact)| fact.owner_id == Some(*owner));
                newest.map(|(_, fact)| (*owner, fact.position))
            };
            owners.iter().filter_map(head).collect()
        })
        .await
    }

    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StorageError> {
        self.write(|tables| {
            let is_running = tables.is_running(checkpoint.run_id);
            let answer = tables.messages.get_mut(&checkpoint.message_id);
            let answer = answer.filter(|it| is_running && it.workspace_id == checkpoint.workspace_id);
            let answer = answer.ok_or(StorageError::Conflict)?;
            *answer = Message { parts: checkpoint.parts, status: MessageStatus::Streaming, ..answer.clone() };
            Ok(())
        })
        .await
    }

    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<Vec<RunId>, StorageError> {
        self.write(|tables| {
            let mut unwanted = Vec::new();
            for run in tables.runs.values_mut() {
                if run.lease_owner == owner && run.status == RunStatus::Running {
                    run.lease_expires_at = until;
                    unwanted.extend(Some(run.id).filter(|id| tables.stops.contains(id)));
                }
            }
            Ok(unwanted)
        })
        .await
    }

    async fn note_uses(&self, uses: Vec<CredentialUse>) -> Result<(), StorageError> {
        self.write(|tables| {
            for CredentialUse { credential, at, address } in uses {
                match credential {
                    UsedCredential::Session(id) => {
                        if let Some(session) = tables.sessions.get_mut(&id).filter(|it| it.last_used_at < at)
                        {
                            (session.last_used_at, session.last_address) = (at, address);
                        }
                    }
                    UsedCredential::ApiKey(id) => {
                        if let Some(key) = tables.api_keys.get_mut(&id) {
                            key.last_used_at = key.last_used_at.max(Some(at));
                        }
                    }
                }
            }
            Ok(())
        })
        .await
    }

    fn commits_alone(&self) -> bool {
        false
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        *self.observer.lock() = Some(observer);
    }
}

#[async_trait]
impl IdempotencyRecords for SharedNode {
    async fn find(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        operation: &str,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StorageError> {
        self.read(|tables| {
            let mut records = tables.records.iter().filter(|(workspace, _)| *workspace == workspace_id);
            let found = records.find(|(_, record)| {
                (record.user_id, record.operation.as_str(), &record.key) == (user_id, operation, key)
            });
            found.map(|(_, record)| record.clone())
        })
        .await
    }
}

#[async_trait]
impl Jobs for SharedNode {
    async fn claim(
        &self,
        owner: NodeId,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<Job>, StorageError> {
        self.write(|tables| {
            let is_free = |lease: &Option<(NodeId, Timestamp)>| lease.is_none_or(|(_, until)| until <= now);
            let mut due: Vec<Job> = tables
                .jobs
                .values()
                .filter(|(job, lease)| job.run_at <= now && is_free(lease))
                .map(|(job, _)| job.clone())
                .collect();
            due.sort_by_key(|job| (job.run_at, job.id));
            due.truncate(limit.into());
            for job in &due {
                let claimed = Job { attempts: job.attempts + 1, ..job.clone() };
                tables.jobs.insert(job.id, (claimed, Some((owner, lease_until))));
            }
            Ok(due)
        })
        .await
    }

    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<(), StorageError> {
        self.write(|tables| {
            for (_, lease) in tables.jobs.values_mut() {
                if lease.is_some_and(|(holder, _)| holder == owner) {
                    *lease = Some((owner, until));
                }
            }
            Ok(())
        })
        .await
    }

    async fn finish(&self, id: JobId) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.jobs.remove(&id);
            Ok(())
        })
        .await
    }

    async fn retry(&self, id: JobId, run_at: Timestamp) -> Result<(), StorageError> {
        self.write(|tables| {
            if let Some((job, lease)) = tables.jobs.get_mut(&id) {
                job.run_at = run_at;
                *lease = None;
            }
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Maintenance for SharedNode {
    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StorageError> {
        self.write(|tables| {
            let before = tables.perishable();
            tables.records.retain(|(_, record)| record.expires_at > now);
            tables.sessions.retain(|_, session| session.expires_at > now);
            tables.tickets.retain(|_, ticket| ticket.expires_at > now);
            let a_month_ago = now.minus(Duration::from_hours(30 * 24));
            tables.invitations.retain(|_, invitation| invitation.expires_at > a_month_ago);
            let yesterday = now.minus(Duration::from_hours(24));
            let is_needed = |key: &SecretKey| {
                key.purpose != KeyPurpose::Signing || key.retired_at.is_none_or(|at| at > yesterday)
            };
            tables.secret_keys.retain(|_, key| is_needed(key));
            let after = tables.perishable();
            Ok(u64::try_from(before - after).unwrap_or(u64::MAX))
        })
        .await
    }

    async fn shared_time(&self) -> Result<Option<Timestamp>, StorageError> {
        self.read(|_| Some(self.database.clock.now())).await
    }

    async fn health(&self) -> Result<StorageHealth, StorageError> {
        let health = StorageHealth { engine: "shared memory".to_owned(), schema: "none".to_owned() };
        self.read(|_| health).await
    }

    async fn reconcile(&self, _: bool) -> Result<Vec<Drift>, StorageError> {
        // Nothing is stored twice.
        Ok(Vec::new())
    }
}
