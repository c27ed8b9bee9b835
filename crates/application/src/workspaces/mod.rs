//! Workspaces: who belongs to them, and who is invited.

mod accept;
mod invitations;
mod members;
mod mine;
mod view;

pub use accept::{
    AcceptInvitationInput, InvitationInput, Offer, accept_as_member, accept_as_newcomer, look_at_invitation,
};
pub use invitations::{
    CreateInvitation, CreatedInvitation, InvitationPage, ListInvitations, RevokeInvitation,
};
pub use members::{ListMembers, MemberPage, RemoveMember, UpdateMember};
pub use mine::{CreateWorkspace, GetWorkspace, LeaveWorkspace, ListWorkspaces, UpdateWorkspace};
pub use view::{InvitationView, MemberView, WorkspaceView};

pub(crate) use invitations::invitation;
