//! How far the events of one person have been told.

use std::sync::Arc;

use domain::WorkspaceId;
use domain::ports::Position;

use super::Inbox;

/// How far the events of one person have been told in this process, while somebody listens.
pub(super) struct Chain {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// How many subscriptions there are.
    pub listeners: usize,
    /// The position up to which everything has been told; `None` until somebody has looked where the journal ends.
    pub last: Option<Position>,
    /// The newest position that was heard of.
    pub newest: Position,
    /// Whether somebody reads the journal.
    pub is_being_read: bool,
    /// Those who subscribed before anybody had looked, and have not looked themselves.
    pub unsure: Vec<Arc<Inbox>>,
}

/// What a commit of this process means for a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is the next one, and now the last.
    Next,
    /// It has been read from the journal already.
    Told,
    /// Something before it is missing.
    Missing,
}

impl Chain {
    /// A chain of which nothing is known.
    pub const fn new(workspace_id: WorkspaceId) -> Self {
        Self {
            workspace_id,
            listeners: 0,
            last: None,
            newest: Position(0),
            is_being_read: false,
            unsure: Vec::new(),
        }
    }

    /// Whether it is known how far it is.
    pub const fn is_known(&self) -> bool {
        self.last.is_some()
    }

    /// Whether the journal is known to hold more than was told.
    pub fn is_behind(&self) -> bool {
        self.last.is_some_and(|last| last < self.newest)
    }

    /// Begins where the journal ended a moment ago; a chain that has begun goes on as it is.
    pub fn begin(&mut self, head: Position) {
        if self.last.is_some() {
            return;
        }
        self.last = Some(head);
        self.newest = self.newest.max(head);
        for inbox in self.unsure.drain(..) {
            inbox.overflow();
        }
    }

    /// A commit of this process, by its own position and that of the fact before it.
    pub fn step(&mut self, previous: Position, position: Position) -> Step {
        self.newest = self.newest.max(position);
        match self.last {
            Some(last) if position <= last => Step::Told,
            Some(last) if last == previous => {
                self.last = Some(position);
                Step::Next
            }
            Some(_) | None => Step::Missing,
        }
    }
}
