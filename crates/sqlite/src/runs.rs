//! Reading runs.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use domain::ports::{Runs, StorageError};
use domain::{
    ConversationId, MessageId, ModelName, NodeId, Run, RunId, RunStatus, Timestamp, UserId, WorkspaceId,
};

use crate::Sqlite;
use crate::columns::{Id, Word, moment, optional_json, text};
use crate::errors::{Failure, Outcome};
use crate::statement::{Value, execute, query, values};

macro_rules! select_runs {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, conversation_id, message_id, user_id, model, status, failure, lease_owner, \
             lease_expires_at, started_at, ended_at FROM runs ",
            $rest
        )
    };
}

const GET: &str = select_runs!("WHERE id = ?1 AND workspace_id = ?2");
pub(crate) const OF_MESSAGE: &str =
    select_runs!("WHERE message_id = ?1 AND workspace_id = ?2 ORDER BY id DESC LIMIT 1");
pub(crate) const RUNNING: &str =
    select_runs!("WHERE conversation_id = ?1 AND workspace_id = ?2 AND status = 'running' ORDER BY id");
pub(crate) const ABANDONED: &str = select_runs!(
    "WHERE status = 'running' AND lease_expires_at <= ?1 ORDER BY lease_expires_at, id LIMIT (SELECT ?2)"
);

#[async_trait]
impl Runs for Sqlite {
    async fn get(&self, workspace_id: WorkspaceId, id: RunId) -> Result<Option<Run>, StorageError> {
        self.readers.read(move |connection| one(connection, GET, values![id, workspace_id])).await
    }

    async fn of_message(
        &self,
        workspace_id: WorkspaceId,
        message_id: MessageId,
    ) -> Result<Option<Run>, StorageError> {
        self.readers
            .read(move |connection| one(connection, OF_MESSAGE, values![message_id, workspace_id]))
            .await
    }

    async fn running(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<Vec<Run>, StorageError> {
        self.readers
            .read(move |connection| many(connection, RUNNING, values![conversation_id, workspace_id]))
            .await
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<Run>, StorageError> {
        self.readers.read(move |connection| many(connection, ABANDONED, values![now, limit])).await
    }
}

/// Ends the leases of all running runs. Only for the process that has just locked the database: whoever held a
/// lease is gone.
pub(crate) fn free_leases(connection: &mut SqliteConnection) -> QueryResult<()> {
    execute(
        connection,
        "UPDATE runs SET lease_expires_at = min(lease_expires_at, 0) WHERE status = 'running'",
        values![],
    )?;
    Ok(())
}

fn one(connection: &mut SqliteConnection, sql: &str, values: &[Value<'_>]) -> Outcome<Option<Run>> {
    let row = query::<Types>(sql, values).get_result::<Row>(connection).optional()?;
    row.map(Run::try_from).transpose()
}

fn many(connection: &mut SqliteConnection, sql: &str, values: &[Value<'_>]) -> Outcome<Vec<Run>> {
    let rows = query::<Types>(sql, values).load::<Row>(connection)?;
    rows.into_iter().map(Run::try_from).collect()
}

type Types = (
    Binary,
    Binary,
    Binary,
    Binary,
    Binary,
    Text,
    Text,
    Nullable<Text>,
    Binary,
    BigInt,
    BigInt,
    Nullable<BigInt>,
);

#[derive(Queryable)]
struct Row {
    id: Id,
    workspace_id: Id,
    conversation_id: Id,
    message_id: Id,
    user_id: Id,
    model: String,
    status: String,
    failure: Option<String>,
    lease_owner: Id,
    lease_expires_at: i64,
    started_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<Row> for Run {
    type Error = Failure;

    fn try_from(row: Row) -> Outcome<Self> {
        Ok(Self {
            id: row.id.typed(RunId::from_uuid),
            workspace_id: row.workspace_id.typed(WorkspaceId::from_uuid),
            conversation_id: row.conversation_id.typed(ConversationId::from_uuid),
            message_id: row.message_id.typed(MessageId::from_uuid),
            user_id: row.user_id.typed(UserId::from_uuid),
            model: text(&row.model, ModelName::new)?,
            status: RunStatus::from_word(&row.status)?,
            failure: optional_json(row.failure.as_deref())?,
            lease_owner: row.lease_owner.typed(NodeId::from_uuid),
            lease_expires_at: moment(row.lease_expires_at),
            started_at: moment(row.started_at),
            ended_at: row.ended_at.map(moment),
        })
    }
}
