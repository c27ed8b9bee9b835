//! Reading runs.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Json, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use domain::ports::{Runs, StorageError};
use domain::{
    ConversationId, MessageId, ModelName, NodeId, Run, RunId, RunStatus, Timestamp, UserId, WorkspaceId,
};
use storage::{Word, text};

use crate::Postgres;
use crate::columns::{Id, JsonText, Moment};
use crate::errors::{Failure, Outcome};
use crate::session::Scope;
use crate::statement::values;

macro_rules! select_runs {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace_id, conversation_id, message_id, user_id, model, status, failure, lease_owner, \
             lease_expires_at, started_at, ended_at FROM runs ",
            $rest
        )
    };
}

const GET: &str = select_runs!("WHERE id = $1 AND workspace_id = $2");
pub(crate) const OF_MESSAGE: &str =
    select_runs!("WHERE message_id = $1 AND workspace_id = $2 ORDER BY id DESC LIMIT 1");
pub(crate) const RUNNING: &str =
    select_runs!("WHERE conversation_id = $1 AND workspace_id = $2 AND status = 'running' ORDER BY id");
pub(crate) const ABANDONED: &str = select_runs!(
    "WHERE status = 'running' AND lease_expires_at <= $1 ORDER BY lease_expires_at, id LIMIT $2"
);

#[async_trait]
impl Runs for Postgres {
    async fn get(&self, workspace_id: WorkspaceId, id: RunId) -> Result<Option<Run>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row = session.optional::<Types, Row>(GET, values![id, workspace_id]).await?;
        Ok(row.map(Run::try_from).transpose()?)
    }

    async fn of_message(
        &self,
        workspace_id: WorkspaceId,
        message_id: MessageId,
    ) -> Result<Option<Run>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let row = session.optional::<Types, Row>(OF_MESSAGE, values![message_id, workspace_id]).await?;
        Ok(row.map(Run::try_from).transpose()?)
    }

    async fn running(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<Vec<Run>, StorageError> {
        let session = self.read(Scope::Workspace(workspace_id)).await?;
        let rows = session.load::<Types, Row>(RUNNING, values![conversation_id, workspace_id]).await?;
        Ok(rows.into_iter().map(Run::try_from).collect::<Outcome<_>>()?)
    }

    async fn abandoned(&self, now: Timestamp, limit: u16) -> Result<Vec<Run>, StorageError> {
        let session = self.read(Scope::System).await?;
        let rows = session.load::<Types, Row>(ABANDONED, values![now, limit]).await?;
        Ok(rows.into_iter().map(Run::try_from).collect::<Outcome<_>>()?)
    }
}

type Types = (
    SqlUuid,
    SqlUuid,
    SqlUuid,
    SqlUuid,
    SqlUuid,
    Text,
    Text,
    Nullable<Json>,
    SqlUuid,
    Timestamptz,
    Timestamptz,
    Nullable<Timestamptz>,
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
    failure: Option<JsonText>,
    lease_owner: Id,
    lease_expires_at: Moment,
    started_at: Moment,
    ended_at: Option<Moment>,
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
            failure: row.failure.map(|failure| failure.value()).transpose()?,
            lease_owner: row.lease_owner.typed(NodeId::from_uuid),
            lease_expires_at: row.lease_expires_at.into(),
            started_at: row.started_at.into(),
            ended_at: row.ended_at.map(Into::into),
        })
    }
}
