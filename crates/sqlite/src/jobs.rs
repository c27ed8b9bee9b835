//! Claiming background work.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{Jobs, StorageError};
use domain::{ConversationId, Job, JobId, NodeId, Timestamp, WorkspaceId};
use storage::job_from_row;

use crate::Sqlite;
use crate::columns::{Id, count, moment};
use crate::errors::{Failure, Outcome};
use crate::statement::{execute, query, values};

pub(crate) const CLAIM: &str =
    "UPDATE jobs SET lease_owner = ?1, lease_expires_at = ?3, attempts = attempts + 1
     WHERE id IN (
         SELECT id FROM jobs
         WHERE run_at <= ?2 AND (lease_expires_at IS NULL OR lease_expires_at <= ?2)
         ORDER BY run_at, id LIMIT (SELECT ?4)
     )
     RETURNING id, workspace_id, kind, conversation_id, run_at, attempts - 1";

#[async_trait]
impl Jobs for Sqlite {
    async fn claim(
        &self,
        owner: NodeId,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u16,
    ) -> Result<Vec<Job>, StorageError> {
        self.writer
            .write(move |connection| {
                let rows =
                    query::<Types>(CLAIM, values![owner, now, lease_until, limit]).load::<Row>(connection)?;
                let mut jobs = rows.into_iter().map(Job::try_from).collect::<Outcome<Vec<_>>>()?;
                jobs.sort_by_key(|job| (job.run_at, job.id));
                Ok(jobs)
            })
            .await
    }

    async fn renew_leases(&self, owner: NodeId, until: Timestamp) -> Result<(), StorageError> {
        self.writer
            .write(move |connection| {
                execute(
                    connection,
                    "UPDATE jobs SET lease_expires_at = ?2 WHERE lease_owner = ?1",
                    values![owner, until],
                )?;
                Ok(())
            })
            .await
    }

    async fn finish(&self, id: JobId) -> Result<(), StorageError> {
        self.writer
            .write(move |connection| {
                execute(connection, "DELETE FROM jobs WHERE id = ?1", values![id])?;
                Ok(())
            })
            .await
    }

    async fn retry(&self, id: JobId, run_at: Timestamp) -> Result<(), StorageError> {
        self.writer
            .write(move |connection| {
                execute(
                    connection,
                    "UPDATE jobs SET run_at = ?2, lease_owner = NULL, lease_expires_at = NULL WHERE id = ?1",
                    values![id, run_at],
                )?;
                Ok(())
            })
            .await
    }
}

/// Ends all leases. Only for the process that has just locked the database: whoever held a lease is gone.
pub(crate) fn free_leases(connection: &mut SqliteConnection) -> QueryResult<()> {
    execute(
        connection,
        "UPDATE jobs SET lease_owner = NULL, lease_expires_at = NULL WHERE lease_owner IS NOT NULL",
        values![],
    )?;
    Ok(())
}

type Types = (Binary, Binary, Text, Nullable<Binary>, BigInt, BigInt);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    kind: String,
    conversation_id: Option<Id>,
    run_at: i64,
    attempts: i64,
}

impl TryFrom<Row> for Job {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        let conversation_id = row.conversation_id.map(|id| id.typed(ConversationId::from_uuid));
        let kind = job_from_row(&row.kind, conversation_id)?;
        Ok(Self {
            id: row.id.typed(JobId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            kind,
            run_at: moment(row.run_at),
            attempts: count(row.attempts)?,
        })
    }
}
