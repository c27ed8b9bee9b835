//! Runs: started, checkpointed, kept alive, ended.

use diesel::prelude::*;
use diesel::sql_types::Binary;
use diesel::sqlite::SqliteConnection;
use domain::ports::Checkpoint;
use domain::{Message, NodeId, Run, RunId, Timestamp};

use super::context::Context;
use super::messages;
use crate::columns::{Id, Word};
use crate::errors::{CONFLICT, Outcome};
use crate::statement::{execute, query, values};

/// Records a run of a pending answer; a conflict when the answer is not pending.
pub(super) fn start(connection: &mut SqliteConnection, context: &mut Context<'_>, run: &Run) -> Outcome<()> {
    context.check_workspace(run.workspace_id)?;
    context.owner(connection, run.conversation_id)?;
    let started = execute(
        connection,
        "INSERT INTO runs (
             id, workspace_id, conversation_id, message_id, user_id, model, status, lease_owner, lease_expires_at,
             started_at
         )
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, 'running', ?7, ?8, ?9
         WHERE EXISTS (SELECT 1 FROM messages WHERE conversation_id = ?3 AND id = ?4 AND status = 'pending')",
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
    )?;
    if started == 1 { Ok(()) } else { Err(CONFLICT) }
}

/// Notes that a running run is to be stopped by whoever carries it out.
pub(super) fn request_stop(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    run: &Run,
) -> Outcome<()> {
    context.check_workspace(run.workspace_id)?;
    let noted = execute(
        connection,
        "UPDATE runs SET stop_requested = 1 WHERE id = ?1 AND workspace_id = ?2 AND status = 'running'",
        values![run.id, run.workspace_id],
    )?;
    if noted == 1 { Ok(()) } else { Err(CONFLICT) }
}

/// Ends a running run and replaces its answer.
pub(super) fn end(
    connection: &mut SqliteConnection,
    context: &mut Context<'_>,
    run: &Run,
    message: &Message,
) -> Outcome<()> {
    context.check_workspace(run.workspace_id)?;
    let failure = run.failure.as_ref().map(serde_json::to_string).transpose()?;
    let ended = execute(
        connection,
        "UPDATE runs SET status = ?4, failure = ?5, ended_at = ?6
         WHERE id = ?1 AND workspace_id = ?2 AND message_id = ?3 AND status = 'running'",
        values![run.id, run.workspace_id, message.id, run.status.word(), failure.as_deref(), run.ended_at],
    )?;
    if ended == 0 {
        return Err(CONFLICT);
    }
    messages::replace(connection, context, message)
}

/// Stores what a running run has produced so far.
pub(super) fn checkpoint(connection: &mut SqliteConnection, checkpoint: &Checkpoint) -> Outcome<()> {
    let parts = serde_json::to_string(&checkpoint.parts)?;
    let stored = execute(
        connection,
        "UPDATE messages SET parts = ?1, status = 'streaming'
         WHERE id = ?2 AND workspace_id = ?3 AND status IN ('pending', 'streaming')
             AND EXISTS (SELECT 1 FROM runs WHERE id = ?4 AND message_id = ?2 AND status = 'running')",
        values![&parts, checkpoint.message_id, checkpoint.workspace_id, checkpoint.run_id],
    )?;
    if stored == 1 { Ok(()) } else { Err(CONFLICT) }
}

/// Extends the lease of every running run of a process, and gives those that are to be stopped.
pub(super) fn renew_leases(
    connection: &mut SqliteConnection,
    owner: NodeId,
    until: Timestamp,
) -> Outcome<Vec<RunId>> {
    execute(
        connection,
        "UPDATE runs SET lease_expires_at = ?1 WHERE lease_owner = ?2 AND status = 'running'",
        values![until, owner],
    )?;
    let unwanted = query::<Binary>(
        "SELECT id FROM runs WHERE lease_owner = ?1 AND status = 'running' AND stop_requested = 1",
        values![owner],
    )
    .load::<Id>(connection)?;
    Ok(unwanted.into_iter().map(|id| id.typed(RunId::from_uuid)).collect())
}
