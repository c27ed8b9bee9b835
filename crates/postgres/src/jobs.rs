//! Claiming background work.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{Jobs, StorageError};
use domain::{ConversationId, Job, JobId, NodeId, Timestamp, WorkspaceId};
use storage::{count, job_from_row};

use crate::Postgres;
use crate::columns::{Id, Moment};
use crate::errors::{Failure, Outcome};
use crate::session::Scope;
use crate::statement::values;

/// Steps over what another process claims at this moment, so that nobody waits and nobody shares.
pub(crate) const CLAIM: &str = "UPDATE jobs j
     SET lease_owner = $1, lease_expires_at = $3, attempts = j.attempts + 1
     FROM (
         SELECT id FROM jobs
         WHERE run_at <= $2 AND (lease_expires_at IS NULL OR lease_expires_at <= $2)
         ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED
     ) due
     WHERE j.id = due.id
     RETURNING j.id, j.workspace_id, j.kind, j.conversation_id, j.run_at, j.attempts - 1";

#[async_trait]
impl Jobs for Postgres {
    async fn claim(
        &self,
        owner: NodeId,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<Job>, StorageError> {
        let session = self.write(Scope::System).await?;
        let rows = session.load::<Types, Row>(CLAIM, values![owner, now, lease_until, limit]).await?;
        session.commit().await?;
        let mut jobs = rows.into_iter().map(Job::try_from).collect::<Outcome<Vec<_>>>()?;
        jobs.sort_by_key(|job| (job.run_at, job.id));
        Ok(jobs)
    }

    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<(), StorageError> {
        let session = self.write(Scope::System).await?;
        let renew = "UPDATE jobs SET lease_expires_at = $2 WHERE lease_owner = $1";
        session.execute(renew, values![owner, until]).await?;
        Ok(session.commit().await?)
    }

    async fn finish(&self, id: JobId) -> Result<(), StorageError> {
        let session = self.write(Scope::System).await?;
        session.execute("DELETE FROM jobs WHERE id = $1", values![id]).await?;
        Ok(session.commit().await?)
    }

    async fn retry(&self, id: JobId, run_at: Timestamp) -> Result<(), StorageError> {
        let session = self.write(Scope::System).await?;
        let give_back =
            "UPDATE jobs SET run_at = $2, lease_owner = NULL, lease_expires_at = NULL WHERE id = $1";
        session.execute(give_back, values![id, run_at]).await?;
        Ok(session.commit().await?)
    }
}

type Types = (SqlUuid, SqlUuid, Text, Nullable<SqlUuid>, Timestamptz, BigInt);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    kind: String,
    conversation_id: Option<Id>,
    run_at: Moment,
    attempts: i64,
}

impl TryFrom<Row> for Job {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        let conversation_id = row.conversation_id.map(|id| id.typed(ConversationId::from_uuid));
        Ok(Self {
            id: row.id.typed(JobId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            kind: job_from_row(&row.kind, conversation_id)?,
            run_at: row.run_at.into(),
            attempts: count(row.attempts)?,
        })
    }
}
