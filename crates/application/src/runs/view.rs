//! What people see of a run.

use domain::{ConversationId, MessageId, ModelName, Run, RunId, RunStatus, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::messages::ProblemView;

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "Run")]
pub struct RunView {
    /// Its identifier.
    pub id: RunId,
    /// The conversation in which the answer appears.
    pub conversation_id: ConversationId,
    /// The answer that it writes.
    pub message_id: MessageId,
    /// The model that writes it.
    pub model: ModelName,
    /// How far it is.
    pub status: RunStatus,
    /// Why it failed.
    pub problem: Option<ProblemView>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            conversation_id: run.conversation_id,
            message_id: run.message_id,
            model: run.model,
            status: run.status,
            problem: run.failure.map(Into::into),
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}
