//! Background work that follows from a unit of work.

use diesel::sqlite::SqliteConnection;
use domain::Job;
use storage::job_kind;

use super::context::Context;
use crate::errors::Outcome;
use crate::statement::{execute, values};

pub(super) fn insert(connection: &mut SqliteConnection, context: &Context<'_>, job: &Job) -> Outcome<()> {
    context.check_workspace(job.workspace_id)?;
    let (kind, conversation_id) = job_kind(&job.kind);
    execute(
        connection,
        "INSERT INTO jobs (id, workspace_id, kind, conversation_id, run_at, attempts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![job.id, job.workspace_id, kind, conversation_id, job.run_at, job.attempts],
    )?;
    Ok(())
}
