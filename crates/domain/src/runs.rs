//! Runs: one generation of one answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    ConversationId, FinishReason, MessageId, ModelName, NodeId, RunId, Timestamp, Usage, UserId, WorkspaceId,
};

/// One generation of one answer. It is held by a lease, so that another process can end it when its owner dies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its identifier; never reused.
    pub id: RunId,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// The conversation in which the answer appears.
    pub conversation_id: ConversationId,
    /// The answer.
    pub message_id: MessageId,
    /// Who asked.
    pub user_id: UserId,
    /// The model, with its provider.
    pub model: ModelName,
    /// How far it is.
    pub status: RunStatus,
    /// Why it failed.
    pub failure: Option<RunFailure>,
    /// The process that works on it.
    pub lease_owner: NodeId,
    /// When another process may take it over.
    pub lease_expires_at: Timestamp,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RunStatus {
    /// The model is answering.
    Running,
    /// The model finished.
    Completed,
    /// The provider failed.
    Failed,
    /// A person stopped it.
    Cancelled,
    /// The server stopped before the model did.
    Interrupted,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOutcome {
    /// The model finished.
    Completed {
        /// Why it stopped.
        finish_reason: FinishReason,
        /// What it consumed, where the provider said so.
        usage: Option<Usage>,
    },
    /// The provider failed.
    Failed {
        /// Why.
        failure: RunFailure,
        /// What it consumed, where the provider said so.
        usage: Option<Usage>,
    },
    /// A person stopped it.
    Cancelled,
    /// The server stopped before the model did.
    Interrupted,
}

impl RunOutcome {
    /// The status that the outcome leaves the run in.
    pub const fn status(&self) -> RunStatus {
        match self {
            Self::Completed { .. } => RunStatus::Completed,
            Self::Failed { .. } => RunStatus::Failed,
            Self::Cancelled => RunStatus::Cancelled,
            Self::Interrupted => RunStatus::Interrupted,
        }
    }
}

/// Why a run failed, in words for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunFailure {
    /// A stable slug, such as `provider_rate_limited`.
    pub code: String,
    /// What happened and what to do next.
    pub detail: String,
}

/// Why a run refuses to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RunRejection {
    /// It has ended before.
    #[error("the run is already over")]
    AlreadyOver,
}

impl Run {
    /// The run as `outcome` leaves it.
    pub fn end(&self, outcome: &RunOutcome, at: Timestamp) -> Result<Self, RunRejection> {
        if self.status != RunStatus::Running {
            return Err(RunRejection::AlreadyOver);
        }
        let failure = match outcome {
            RunOutcome::Failed { failure, .. } => Some(failure.clone()),
            RunOutcome::Completed { .. } | RunOutcome::Cancelled | RunOutcome::Interrupted => None,
        };
        Ok(Self { status: outcome.status(), failure, ended_at: Some(at), ..self.clone() })
    }
}
