//! Runs: started, checkpointed, kept alive, ended.

use diesel::sql_types::{Bool, Uuid as SqlUuid};
use domain::ports::{Checkpoint, StorageError};
use domain::{Message, NodeId, Run, RunId, Timestamp};
use storage::Word;

use super::batch::Expected;
use super::messages;
use super::plan::Plan;
use crate::Postgres;
use crate::columns::Id;
use crate::errors::{Failure, Outcome};
use crate::session::Scope;
use crate::statement::{made_json, values};

/// Records a run of a pending answer; a conflict when the answer is not pending.
pub(super) fn start<'a>(plan: &mut Plan<'a>, run: &'a Run) -> Outcome<()> {
    plan.check_workspace(run.workspace_id)?;
    plan.add(
        "INSERT INTO runs (
             id, workspace_id, conversation_id, message_id, user_id, model, status, lease_owner, lease_expires_at,
             started_at
         )
         SELECT $1, $2, $3, $4, $5, $6, 'running', $7, $8, $9
         WHERE EXISTS (
             SELECT 1 FROM messages WHERE id = $4 AND conversation_id = $3 AND workspace_id = $2 AND status = 'pending'
         )",
        values![
            run.id,
            run.workspace_id,
            run.conversation_id,
            run.message_id,
            run.user_id,
            run.model.as_str(),
            run.lease_owner,
            run.lease_expires_at,
            run.started_at,
        ],
        Expected::RowsInPlace(1),
    );
    Ok(())
}

/// Notes that a running run is to be stopped by whoever carries it out.
pub(super) fn request_stop(plan: &mut Plan<'_>, run: &Run) -> Outcome<()> {
    plan.check_workspace(run.workspace_id)?;
    plan.add(
        "UPDATE runs SET stop_requested = true WHERE id = $1 AND workspace_id = $2 AND status = 'running'",
        values![run.id, run.workspace_id],
        Expected::Rows(1),
    );
    Ok(())
}

/// Ends a running run and replaces its answer.
pub(super) fn end<'a>(plan: &mut Plan<'a>, run: &'a Run, message: &'a Message) -> Outcome<()> {
    plan.check_workspace(run.workspace_id)?;
    plan.add(
        "UPDATE runs SET status = $4, failure = $5, ended_at = $6
         WHERE id = $1 AND workspace_id = $2 AND message_id = $3 AND status = 'running'",
        values![
            run.id,
            run.workspace_id,
            message.id,
            run.status.word(),
            made_json(run.failure.as_ref().map(serde_json::to_string).transpose()?),
            run.ended_at,
        ],
        Expected::Rows(1),
    );
    messages::replace(plan, message)
}

impl Postgres {
    /// Stores what a running run has produced so far. Losing it in a crash of the server costs a few words of an answer
    /// that is interrupted anyway, so nobody waits for the disk.
    pub(super) async fn store_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), StorageError> {
        let parts = serde_json::to_string(&checkpoint.parts).map_err(Failure::from)?;
        let session = self.write_hastily(Scope::Workspace(checkpoint.workspace_id)).await?;
        session
            .change_one(
                "UPDATE messages SET parts = $1, status = 'streaming'
                 WHERE id = $2 AND workspace_id = $3 AND status IN ('pending', 'streaming')
                     AND EXISTS (SELECT 1 FROM runs WHERE id = $4 AND message_id = $2 AND status = 'running')",
                values![made_json(parts), checkpoint.message_id, checkpoint.workspace_id, checkpoint.run_id],
            )
            .await?;
        Ok(session.commit().await?)
    }

    /// Extends the lease of every running run of a process, and gives those that are to be stopped.
    pub(super) async fn renew_run_leases(
        &self,
        owner: NodeId,
        until: Timestamp,
    ) -> Result<Vec<RunId>, StorageError> {
        let session = self.write_hastily(Scope::System).await?;
        let renewed = session
            .load::<(SqlUuid, Bool), (Id, bool)>(
                "UPDATE runs SET lease_expires_at = $1 WHERE lease_owner = $2 AND status = 'running'
                 RETURNING id, stop_requested",
                values![until, owner],
            )
            .await?;
        session.commit().await?;
        let unwanted = renewed.into_iter().filter(|(_, stop_requested)| *stop_requested);
        Ok(unwanted.map(|(id, _)| id.typed(RunId::from_uuid)).collect())
    }
}
