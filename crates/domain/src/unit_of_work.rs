//! A unit of work: everything that one decision changes, as a plain value.

use std::net::IpAddr;

use crate::{Credential, Event, Job, Timestamp, UserId, Version, WorkspaceId};

/// Everything that one decision changes. [`crate::ports::Journal::commit`] writes all of it or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitOfWork {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// Who caused it.
    pub origin: Origin,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What must hold beyond the versions that the events imply.
    pub expected: Vec<Expectation>,
    /// The record that makes a repetition harmless.
    pub idempotency: Option<IdempotencyRecord>,
    /// Background work that follows.
    pub jobs: Vec<Job>,
}

impl UnitOfWork {
    /// Whether it changes rows of other workspaces too: an account, and what belongs to it, may be known in several.
    pub fn crosses_workspaces(&self) -> bool {
        self.events.iter().any(Event::crosses_workspaces)
    }

    /// A unit of work with events and nothing else.
    pub const fn new(workspace_id: WorkspaceId, origin: Origin, at: Timestamp, events: Vec<Event>) -> Self {
        Self { workspace_id, origin, at, events, expected: Vec::new(), idempotency: None, jobs: Vec::new() }
    }
}

/// Who caused a change, for the event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The person; `None` for the server itself.
    pub user_id: Option<UserId>,
    /// How they proved who they are.
    pub credential: Credential,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// Where it came from, as far as it can be trusted.
    pub address: Option<IpAddr>,
}

impl Origin {
    /// The server itself, or its operator at the command line.
    pub const SYSTEM: Self =
        Self { user_id: None, credential: Credential::System, request_id: None, address: None };
}

/// What must hold in the database at the moment of the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// No account exists yet: the first owner is made exactly once.
    NoAccountExists,
    /// Once all is written, the workspace has an owner whose account is active.
    AnOwnerRemains,
    /// Once all is written, this workspace has an owner whose account is active, or nobody but this person belongs to it.
    OthersHaveAnOwner {
        /// The workspace, which may be another than that of the unit.
        workspace_id: WorkspaceId,
        /// The person.
        besides: UserId,
    },
    /// Before anything is written, the account is as it was when it was looked at.
    AccountUnchanged {
        /// Whose.
        user_id: UserId,
        /// Its version then.
        version: Version,
    },
}

/// The client's name for an attempt: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks the form.
    pub fn new(text: &str) -> Option<Self> {
        let is_valid = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_valid.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The stored result of an attempt; unique by user, operation and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Who attempted it.
    pub user_id: UserId,
    /// The name of the command.
    pub operation: String,
    /// The client's name for the attempt.
    pub key: IdempotencyKey,
    /// A hash of the command, to tell a repetition from a reuse of the key.
    pub fingerprint: [u8; 32],
    /// The result as JSON text.
    pub result: String,
    /// The version of the resource that the command left behind, where it left one.
    pub version: Option<Version>,
    /// After this the record may be forgotten.
    pub expires_at: Timestamp,
}
