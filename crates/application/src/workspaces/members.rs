//! `member.update`, `member.delete`, and who belongs to a workspace.

use async_trait::async_trait;
use domain::{Page, Permission, Role, UserId, Version, WorkspaceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::MemberView;
use super::mine::{present, remove};
use crate::bus::{Command, Context, Decision, Handler, Query};
use crate::people::{self, Changes};
use crate::{Code, Error, PageInput, Services, access};

/// A page of members.
pub type MemberPage = Page<MemberView, UserId>;

/// Who belongs to the workspace, newest accounts first.
#[derive(Debug, Clone, Validate)]
pub struct ListMembers {
    /// Which workspace: the present one.
    pub workspace_id: WorkspaceId,
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListMembers {
    const NAME: &'static str = "member.list";
    const PERMISSION: Permission = Permission::Share;
    type Output = MemberPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<MemberPage, Error> {
        let workspace = present(services, context, self.workspace_id).await?;
        let page = services.ports.identities.users(workspace.id, None, self.page.request()?).await?;
        let sees_addresses = context.actor.may(Permission::ManageUsers);
        Ok(page.map(|user| {
            let whole = MemberView::whole(user);
            MemberView { email: whole.email.filter(|_| sees_addresses), ..whole }
        }))
    }
}

/// Gives a member of the workspace another role there.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMember {
    /// Which workspace: the present one.
    pub workspace_id: WorkspaceId,
    /// Whose role.
    pub user_id: UserId,
    /// The version that the change was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// What they may do; never more than the one who changes it.
    pub role: Role,
}

impl Command for UpdateMember {
    const NAME: &'static str = "member.update";
    const PERMISSION: Permission = Permission::ManageUsers;
    type Output = MemberView;
}

#[async_trait]
impl Handler for UpdateMember {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<MemberView>, Error> {
        present(services, context, self.workspace_id).await?;
        let user = people::member(services, context, self.user_id).await?;
        access::check_version(self.expected_version, user.version)?;
        people::check_role(context, self.role)?;
        let mut changes = Changes::of(user);
        if self.role != changes.user.role {
            people::change_role(&mut changes, self.role);
        }
        let view = MemberView::whole(changes.user.clone());
        Ok(changes.decide(services, context, view))
    }
}

/// Takes somebody out of the workspace: their sessions and keys there end. An account that was made here is managed from
/// then on by the workspace that the person joined next; one that belongs to no other is suspended or deleted instead.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveMember {
    /// Which workspace: the present one.
    pub workspace_id: WorkspaceId,
    /// Who goes.
    pub user_id: UserId,
}

impl Command for RemoveMember {
    const NAME: &'static str = "member.delete";
    const PERMISSION: Permission = Permission::ManageUsers;
    type Output = ();
}

#[async_trait]
impl Handler for RemoveMember {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let workspace = present(services, context, self.workspace_id).await?;
        let user = people::member(services, context, self.user_id).await?;
        people::refuse_self(context, &user, "Leave with POST /api/v1/workspaces/{workspace_id}/leave.")?;
        if services.ports.workspaces.workspaces_of(user.id).await?.len() < 2 {
            let detail = "This person belongs to no other workspace. Suspend or delete the account instead.";
            return Err(Error::new(Code::Conflict, "account_at_home", detail));
        }
        Ok(remove(services, context, workspace.id, user.id, user.role))
    }
}
