//! Workspaces: the wall between tenants.

use crate::text::{single_line, text_type};
use crate::{Email, InvitationId, Role, Timestamp, TokenHash, UserId, Version, WorkspaceId};

/// A tenant. Every row of every other entity belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its identifier.
    pub id: WorkspaceId,
    /// What people call it.
    pub name: WorkspaceName,
    /// For optimistic locking.
    pub version: Version,
    /// When it was founded.
    pub created_at: Timestamp,
}

/// That a person belongs to a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The person.
    pub user_id: UserId,
    /// What they may do there.
    pub role: Role,
    /// Since when they belong to it.
    pub created_at: Timestamp,
}

/// That somebody may join a workspace: whoever reads the mail of an address and has the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its identifier.
    pub id: InvitationId,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Who is invited.
    pub email: Email,
    /// What they may do there.
    pub role: Role,
    /// The hash of the token in the link.
    pub token_hash: TokenHash,
    /// Who invites; `None` once their account is gone.
    pub invited_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this the link no longer works.
    pub expires_at: Timestamp,
}

text_type! {
    /// The name of a workspace: one line of 1 to 120 characters.
    WorkspaceName, max 120, parse |text| single_line(text, WorkspaceName::MAX_CHARACTERS)
}
