//! What a run says while it is going on.

use domain::{FinishReason, MessageId, ModelName, Part, Parts, RunFailure, RunStatus, Usage};
use serde::{Deserialize, Serialize};

/// One step of a run, as its readers see it. The serialised form goes from process to process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEvent {
    /// The run has begun.
    Started {
        /// The answer that it writes.
        message_id: MessageId,
        /// The model that writes it.
        model: ModelName,
    },
    /// A part begins.
    PartStarted {
        /// Its index, from 0.
        index: usize,
        /// What is there of it already.
        part: Part,
    },
    /// More text of a part.
    Delta {
        /// The part's index.
        part: usize,
        /// What to append.
        text: String,
    },
    /// A part is whole.
    PartEnded {
        /// Its index.
        index: usize,
    },
    /// The run is over; the answer is stored.
    Ended {
        /// How it ended; never `Running`.
        status: RunStatus,
        /// Why the model stopped.
        finish_reason: Option<FinishReason>,
        /// What it consumed.
        usage: Option<Usage>,
        /// Why it failed.
        failure: Option<RunFailure>,
    },
}

impl RunEvent {
    /// About how much memory the event takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let text = match self {
            Self::Delta { text, .. } => text.len(),
            Self::PartStarted { part, .. } => part.len(),
            Self::Ended { failure, .. } => failure.as_ref().map_or(0, |failure| failure.detail.len()),
            Self::Started { .. } | Self::PartEnded { .. } => 0,
        };
        text + 96
    }

    /// Applies what the event adds to the parts so far.
    pub(super) fn apply(&self, parts: &mut Parts) {
        match self {
            Self::PartStarted { part, .. } => parts.apply(&domain::PartDelta::Started(part.clone())),
            Self::Delta { part, text } => {
                parts.apply(&domain::PartDelta::Appended { part: *part, text: text.clone() });
            }
            Self::Started { .. } | Self::PartEnded { .. } | Self::Ended { .. } => {}
        }
    }

    /// Whether the event ends the run.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }
}
