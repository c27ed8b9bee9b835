//! Following an invitation.
//!
//! An invitation counts as long as whoever made it may still make it: nobody joins by the word of somebody who was shown
//! out, or may no longer give that role. It is for one address: an account with another one is refused.

use domain::ports::StorageError;
use domain::{
    DisplayName, Email, Event, Expectation, Invitation, Membership, Permission, Role, Timestamp, User,
    UserState, Workspace, WorkspaceId, WorkspaceName,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::WorkspaceView;
use crate::bus::Context;
use crate::identities::{self, NewAccount, Password, SignedIn, Visitor, limit_attempts, open_session};
use crate::people;
use crate::{Code, Error, Services};

/// Somebody who has a link.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "LookAtInvitation")]
pub struct InvitationInput {
    /// The token from the link.
    #[validate(length(min = 1, max = 200, message = "must be the token from the link"))]
    pub token: String,
}

/// What an invitation offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Offer")]
pub struct Offer {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// What people call it.
    pub workspace_name: WorkspaceName,
    /// What the invited person may do there.
    pub role: Role,
    /// Who is invited.
    pub email: Email,
    /// Who invites.
    pub invited_by: DisplayName,
    /// Whether there is an account with this address: then one signs in first. Otherwise one is made.
    pub has_account: bool,
    /// After this the link no longer works.
    pub expires_at: Timestamp,
}

/// Somebody who follows an invitation.
#[derive(Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "AcceptInvitation")]
pub struct AcceptInvitationInput {
    /// The token from the link.
    #[validate(length(min = 1, max = 200, message = "must be the token from the link"))]
    pub token: String,
    /// For a new account: what the person will sign in with.
    #[serde(default)]
    pub password: Option<Password>,
    /// For a new account: what others will see.
    #[serde(default)]
    pub display_name: Option<DisplayName>,
}

/// An invitation that counts.
struct Valid {
    invitation: Invitation,
    workspace: Workspace,
    inviter: User,
    /// Who has the address already.
    account: Option<User>,
}

/// Tells what an invitation offers.
///
/// # Errors
/// `link_invalid`.
pub async fn look_at_invitation(
    services: &Services,
    input: InvitationInput,
    visitor: &Visitor,
) -> Result<Offer, Error> {
    let valid = find(services, visitor, &input.token).await?;
    Ok(Offer {
        workspace_id: valid.workspace.id,
        workspace_name: valid.workspace.name,
        role: valid.invitation.role,
        email: valid.invitation.email,
        invited_by: valid.inviter.display_name,
        has_account: valid.account.is_some(),
        expires_at: valid.invitation.expires_at,
    })
}

/// Makes the account of somebody who is invited, in the workspace, and signs them in.
///
/// # Errors
/// `link_invalid`; `sign_in_first` where there is an account with the address; `invalid_input` without a password and a
/// name, or with ones that cannot be taken, after which the link still works.
pub async fn accept_as_newcomer(
    services: &Services,
    input: AcceptInvitationInput,
    visitor: &Visitor,
) -> Result<SignedIn, Error> {
    let Valid { invitation, workspace, account, .. } = find(services, visitor, &input.token).await?;
    if account.is_some() {
        let detail = "There is an account with the address that is invited. Sign in with it, then follow the link again.";
        return Err(Error::conflict("sign_in_first", detail));
    }
    let required = |field| Error::invalid_field(field, "required", "is needed for a new account");
    let password = input.password.ok_or_else(|| required("/password"))?;
    let display_name = input.display_name.ok_or_else(|| required("/display_name"))?;
    people::check_choice(services, workspace.id, None, &display_name).await?;
    let new =
        NewAccount { email: invitation.email, display_name, role: invitation.role, password: Some(password) };
    let user = identities::build(services, workspace.id, new).await?;
    let accepted = Event::InvitationAccepted { invitation_id: invitation.id, user_id: user.id };
    let before = vec![Event::UserCreated(user.clone()), accepted];
    let signed_in = open_session(services, user, visitor, before).await;
    signed_in.map_err(|error| if error.code() == Code::Conflict { people::link_invalid() } else { error })
}

/// Lets somebody who is signed in join the workspace. Their session stays where it is until it is switched.
///
/// # Errors
/// `link_invalid`; `wrong_account` where somebody else is invited; `already_member`; `forbidden` for a key.
pub async fn accept_as_member(
    services: &Services,
    input: AcceptInvitationInput,
    context: &Context,
    visitor: &Visitor,
) -> Result<WorkspaceView, Error> {
    if !context.actor.may(Permission::ManageOwnAccount) {
        return Err(Error::forbidden("A key cannot join a workspace: sign in for that."));
    }
    let Valid { invitation, workspace, account, .. } = find(services, visitor, &input.token).await?;
    let user_id = context.actor.user_id;
    if account.is_none_or(|account| account.id != user_id) {
        let detail = "Somebody else is invited: the link is for another address than that of your account.";
        return Err(Error::new(Code::Forbidden, "wrong_account", detail));
    }
    if services.ports.identities.user(workspace.id, user_id).await?.is_some() {
        return Err(Error::conflict("already_member", "You belong to this workspace already."));
    }
    let created_at = services.ports.clock.now();
    let role = invitation.role;
    let events = vec![
        Event::MemberAdded(Membership { workspace_id: workspace.id, user_id, role, created_at }),
        Event::InvitationAccepted { invitation_id: invitation.id, user_id },
    ];
    let mut unit = context.unit_of_work(services, events);
    unit.workspace_id = workspace.id;
    // Nobody joins a workspace whose last owner goes at this moment.
    unit.expected.push(Expectation::AnOwnerRemains);
    match services.ports.journal.commit(unit).await {
        Ok(_) => Ok((workspace, role).into()),
        Err(StorageError::Conflict | StorageError::Rejected(_)) => Err(people::link_invalid()),
        Err(error) => Err(error.into()),
    }
}

async fn find(services: &Services, visitor: &Visitor, token: &str) -> Result<Valid, Error> {
    let hash = services.keyring.hash(token);
    limit_attempts(services, visitor.address, "invitation", token).await?;
    let now = services.ports.clock.now();
    let found = services.ports.workspaces.invitation_by_token(hash).await?;
    let invitation =
        found.filter(|invitation| invitation.expires_at > now).ok_or_else(people::link_invalid)?;
    let workspace = services.ports.workspaces.workspace(invitation.workspace_id).await?;
    let workspace = workspace.ok_or_else(people::link_invalid)?;
    let inviter = inviter(services, &invitation).await?.ok_or_else(people::link_invalid)?;
    let account = services.ports.identities.user_by_email(&invitation.email).await?;
    Ok(Valid { invitation, workspace, inviter, account })
}

/// Whoever made an invitation, if they could still make it.
async fn inviter(services: &Services, invitation: &Invitation) -> Result<Option<User>, Error> {
    let Some(id) = invitation.invited_by else { return Ok(None) };
    let found = services.ports.identities.user(invitation.workspace_id, id).await?;
    let least = Permission::ManageWorkspace.rule().least_role.max(invitation.role);
    Ok(found.filter(|user| user.state == UserState::Active && user.role >= least))
}
