//! What runs say, carried to other processes.

use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use crate::RunId;

/// Carries what a run says from the process that owns it to all others. It is a convenience beside the journal:
/// whatever it loses is in storage once the run is over.
#[async_trait]
pub trait Relay: Send + Sync {
    /// Adds entries to the stream of a run, in order. An entry whose position is not beyond the newest one is there
    /// already and left alone, so that repeating an attempt whose outcome is unknown is harmless. With a
    /// [`RelayKind::Snapshot`] everything before it is forgotten.
    ///
    /// # Errors
    /// `Gap` when the entries neither follow what is there nor begin with a snapshot or with position 1: what was there
    /// has been lost, and the stream has to begin anew with a snapshot.
    async fn append(&self, run_id: RunId, entries: &[RelayEntry]) -> Result<(), RelayError>;

    /// The entries after a position, oldest first, some hundred at most; waits up to `wait` for the first one, and
    /// gives none where none came. Where entries after the position are gone already, it begins with a snapshot.
    ///
    /// # Errors
    /// `Gap` when what follows the position is lost and there is no snapshot to go on from.
    async fn read(&self, run_id: RunId, after: u64, wait: Duration) -> Result<Vec<RelayEntry>, RelayError>;

    /// The run is over and told: its stream may go once readers had the time to come back.
    async fn close(&self, run_id: RunId) -> Result<(), RelayError>;
}

/// One thing that a run has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayEntry {
    /// Its place, from 1, without gaps.
    pub position: u64,
    /// Tells the log of the run's owner from any other one.
    pub epoch: String,
    /// What it stands for.
    pub kind: RelayKind,
    /// The event or snapshot in the application's form.
    pub payload: Vec<u8>,
}

/// What an entry stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayKind {
    /// One event.
    Event,
    /// Everything up to and with its position.
    Snapshot,
}

/// Why nothing can be carried.
#[derive(Debug, Error)]
pub enum RelayError {
    /// What was there is lost in part or whole.
    #[error("a part of what the run said is lost")]
    Gap,
    /// It does not answer; try again later.
    #[error("the relay is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
