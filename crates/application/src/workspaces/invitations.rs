//! `invitation.create`, `invitation.delete`, and who is invited to a workspace.

use async_trait::async_trait;
use domain::{Email, Event, Invitation, InvitationId, Page, Permission, Role, WorkspaceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::InvitationView;
use super::mine::present;
use crate::bus::{Command, Context, Decision, Effect, Handler, Query};
use crate::identities::tokens;
use crate::people;
use crate::{Error, PageInput, Services};

/// Invites whoever reads the mail of an address to the workspace, with a link that works once.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {
    /// Which workspace: the present one.
    pub workspace_id: WorkspaceId,
    /// Who is invited.
    pub email: Email,
    /// What they may do there; never more than the one who invites.
    pub role: Role,
}

/// An invitation that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "CreatedInvitation")]
pub struct CreatedInvitation {
    /// What lists show of it.
    #[serde(flatten)]
    pub invitation: InvitationView,
    /// The address with which the person goes on, to be handed over in a safe way. It works once, and is shown only now.
    pub link: String,
    /// Whether the server also sends it by mail. Where that fails, its log tells, and the link still works.
    pub is_mailed: bool,
}

impl Command for CreateInvitation {
    const NAME: &'static str = "invitation.create";
    const PERMISSION: Permission = Permission::ManageWorkspace;
    const HOLDS_A_SECRET: bool = true;
    type Output = CreatedInvitation;
}

#[async_trait]
impl Handler for CreateInvitation {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<CreatedInvitation>, Error> {
        let workspace = present(services, context, self.workspace_id).await?;
        people::check_role(context, self.role)?;
        people::check_address(&self.email)?;
        if let Some(known) = services.ports.identities.user_by_email(&self.email).await?
            && services.ports.identities.user(workspace.id, known.id).await?.is_some()
        {
            let detail = "Somebody with this address belongs to the workspace already.";
            return Err(Error::conflict("already_member", detail));
        }
        let (invitation, address) = invitation(services, context, &self.email, self.role);
        let mail = people::invitation_mail(services, &self.email, &workspace.name, &address);
        let is_mailed = services.post.is_open();
        let output = CreatedInvitation { invitation: invitation.clone().into(), link: address, is_mailed };
        let events = vec![Event::InvitationCreated(invitation)];
        Ok(Decision::commit(services, context, events, output).then(Effect::SendMail(mail)))
    }
}

/// An invitation to the present workspace that is not stored yet, and its link.
pub(crate) fn invitation(
    services: &Services,
    context: &Context,
    email: &Email,
    role: Role,
) -> (Invitation, String) {
    let token = tokens::session_token(&services.ports.ids.secret());
    let at = services.ports.clock.now();
    let invitation = Invitation {
        id: InvitationId::from_uuid(services.ports.ids.uuid()),
        workspace_id: context.actor.workspace_id,
        email: email.clone(),
        role,
        token_hash: services.keyring.hash(&token),
        invited_by: Some(context.actor.user_id),
        created_at: at,
        expires_at: at.plus(people::invitation_lifetime(services)),
    };
    (invitation, people::link(context.site.as_deref(), "invitation", &token))
}

/// Takes an invitation back: its link no longer works.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeInvitation {
    /// Which workspace: the present one.
    pub workspace_id: WorkspaceId,
    /// Which invitation.
    pub invitation_id: InvitationId,
}

impl Command for RevokeInvitation {
    const NAME: &'static str = "invitation.delete";
    const PERMISSION: Permission = Permission::ManageWorkspace;
    type Output = ();
}

#[async_trait]
impl Handler for RevokeInvitation {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let workspace = present(services, context, self.workspace_id).await?;
        let found = services.ports.workspaces.invitation(workspace.id, self.invitation_id).await?;
        let Invitation { id: invitation_id, email, .. } = found.ok_or_else(Error::not_found)?;
        let events = vec![Event::InvitationRevoked { invitation_id, email }];
        Ok(Decision::commit(services, context, events, ()))
    }
}

/// A page of invitations.
pub type InvitationPage = Page<InvitationView, InvitationId>;

/// Who is invited to the workspace, newest first; expired invitations too, for a while.
#[derive(Debug, Clone, Validate)]
pub struct ListInvitations {
    /// Which workspace: the present one.
    pub workspace_id: WorkspaceId,
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListInvitations {
    const NAME: &'static str = "invitation.list";
    const PERMISSION: Permission = Permission::ManageWorkspace;
    type Output = InvitationPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<InvitationPage, Error> {
        let workspace = present(services, context, self.workspace_id).await?;
        let page = services.ports.workspaces.invitations(workspace.id, self.page.request()?).await?;
        Ok(page.map(InvitationView::from))
    }
}
