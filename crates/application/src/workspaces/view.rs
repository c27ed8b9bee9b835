//! What people see of a workspace and its members.

use domain::{
    DisplayName, Email, Invitation, InvitationId, Role, Timestamp, User, UserId, UserState, Version,
    Workspace, WorkspaceId, WorkspaceName,
};
use schemars::JsonSchema;
use serde::Serialize;

/// A workspace that the person who asks belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Workspace")]
pub struct WorkspaceView {
    /// Its identifier.
    pub id: WorkspaceId,
    /// What people call it.
    pub name: WorkspaceName,
    /// What the person who asks may do there.
    pub role: Role,
    /// For optimistic locking; also the strong `ETag`.
    pub version: Version,
    /// When it was founded.
    pub created_at: Timestamp,
}

impl From<(Workspace, Role)> for WorkspaceView {
    fn from((workspace, role): (Workspace, Role)) -> Self {
        let Workspace { id, name, version, created_at } = workspace;
        Self { id, name, role, version, created_at }
    }
}

/// Somebody who belongs to a workspace, as other members see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Member")]
pub struct MemberView {
    /// The person.
    pub user_id: UserId,
    /// What others see.
    pub display_name: DisplayName,
    /// How they sign in; shown to administrators only.
    pub email: Option<Email>,
    /// What they may do there.
    pub role: Role,
    /// Whether their account may be used.
    pub state: UserState,
    /// For optimistic locking; also the strong `ETag`.
    pub version: Version,
}

impl MemberView {
    /// As administrators see them.
    pub(super) fn whole(user: User) -> Self {
        let User { id, email, display_name, role, state, version, .. } = user;
        Self { user_id: id, display_name, email: Some(email), role, state, version }
    }
}

/// An invitation, without its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Invitation")]
pub struct InvitationView {
    /// Its identifier.
    pub id: InvitationId,
    /// Who is invited.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// Who invites; `null` once their account is gone.
    pub invited_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this the link no longer works.
    pub expires_at: Timestamp,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, email, role, invited_by, created_at, expires_at, .. } = invitation;
        Self { id, email, role, invited_by, created_at, expires_at }
    }
}
