//! `workspace.create`, `workspace.update`, `workspace.leave`, and the workspaces of the person who asks.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Credential, Event, Expectation, Membership, Permission, Role, Version, Workspace, WorkspaceId,
    WorkspaceName,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::WorkspaceView;
use crate::bus::{Command, Context, Decision, Handler, Query};
use crate::{Code, Error, Services, access};

/// The workspaces that the person who asks belongs to, the one they joined first before the others. A key sees the one it
/// is for.
#[derive(Debug, Clone, Validate)]
pub struct ListWorkspaces {}

#[async_trait]
impl Query for ListWorkspaces {
    const NAME: &'static str = "workspace.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = Vec<WorkspaceView>;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Vec<WorkspaceView>, Error> {
        let actor = &context.actor;
        let is_key = matches!(actor.credential, Credential::ApiKey { .. });
        let all = services.ports.workspaces.workspaces_of(actor.user_id).await?.into_iter();
        let seen = all.filter(|(workspace, _)| !is_key || workspace.id == actor.workspace_id);
        Ok(seen.map(WorkspaceView::from).collect())
    }
}

/// One of them.
#[derive(Debug, Clone, Validate)]
pub struct GetWorkspace {
    /// Which one.
    pub workspace_id: WorkspaceId,
}

#[async_trait]
impl Query for GetWorkspace {
    const NAME: &'static str = "workspace.get";
    const PERMISSION: Permission = Permission::Read;
    type Output = WorkspaceView;

    async fn answer(&self, services: &Services, context: &Context) -> Result<WorkspaceView, Error> {
        let all = ListWorkspaces {}.answer(services, context).await?;
        all.into_iter().find(|workspace| workspace.id == self.workspace_id).ok_or_else(Error::not_found)
    }
}

/// The workspace in which the actor acts, where it is the one that is named: what is done in a workspace is done from
/// inside.
///
/// # Errors
/// 404 for a workspace that the person does not belong to; `other_workspace` for another one of theirs.
pub(super) async fn present(
    services: &Services,
    context: &Context,
    named: WorkspaceId,
) -> Result<Workspace, Error> {
    let actor = &context.actor;
    if named == actor.workspace_id {
        return services.ports.workspaces.workspace(named).await?.ok_or_else(Error::not_found);
    }
    GetWorkspace { workspace_id: named }.answer(services, context).await?;
    let detail =
        "You are in another workspace at present. Switch to this one first: POST /api/v1/me/workspace.";
    Err(Error::new(Code::Conflict, "other_workspace", detail))
}

/// Founds a workspace, whose owner is whoever asks. Sessions stay where they are until they are switched.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// What people will call it.
    pub name: WorkspaceName,
}

impl Command for CreateWorkspace {
    const NAME: &'static str = "workspace.create";
    const PERMISSION: Permission = Permission::CreateWorkspaces;
    type Output = WorkspaceView;
}

#[async_trait]
impl Handler for CreateWorkspace {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<WorkspaceView>, Error> {
        let id = new_id(services, context);
        if let Some(earlier) = services.ports.workspaces.workspace(id).await? {
            return self.repeated(earlier);
        }
        // The first workspace is the oldest one, and stays it on nodes whose clocks are behind.
        let first = services.ports.identities.first_workspace().await?;
        let earliest = first.map(|first| first.created_at.plus(Duration::from_micros(1)));
        let at = services.ports.clock.now();
        let at = earliest.map_or(at, |earliest| at.max(earliest));
        let workspace = Workspace { id, name: self.name.clone(), version: Version::FIRST, created_at: at };
        let membership = Membership {
            workspace_id: id,
            user_id: context.actor.user_id,
            role: Role::Owner,
            created_at: at,
        };
        let events = vec![Event::WorkspaceCreated(workspace.clone()), Event::MemberAdded(membership)];
        let view = WorkspaceView::from((workspace, Role::Owner));
        Ok(Decision::commit(services, context, events, view).within(id).version(Version::FIRST))
    }
}

impl CreateWorkspace {
    /// The same attempt again: the new workspace is the record of it.
    fn repeated(&self, earlier: Workspace) -> Result<Decision<WorkspaceView>, Error> {
        if earlier.name != self.name && earlier.version == Version::FIRST {
            return Err(Error::invalid_field(
                "",
                "idempotency_key_reused",
                "This idempotency key was used before with other parameters. Use a new key for a new attempt.",
            ));
        }
        let version = earlier.version;
        Ok(Decision::unchanged((earlier, Role::Owner).into()).version(version))
    }
}

/// The identifier of a new workspace: the same whenever one attempt is repeated.
fn new_id(services: &Services, context: &Context) -> WorkspaceId {
    let Some(key) = &context.idempotency_key else {
        return WorkspaceId::from_uuid(services.ports.ids.uuid());
    };
    let attempt = format!("{}/{}/{}", context.actor.workspace_id, context.actor.user_id, key.as_str());
    let hash = services.keyring.authenticate("colloquy 2026 workspace of an attempt", attempt.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    WorkspaceId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Renames a workspace.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWorkspace {
    /// Which workspace: the present one.
    pub workspace_id: WorkspaceId,
    /// The version that the change was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// What people will call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<WorkspaceName>,
}

impl Command for UpdateWorkspace {
    const NAME: &'static str = "workspace.update";
    const PERMISSION: Permission = Permission::ManageWorkspace;
    type Output = WorkspaceView;
}

#[async_trait]
impl Handler for UpdateWorkspace {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<WorkspaceView>, Error> {
        let workspace = present(services, context, self.workspace_id).await?;
        access::check_version(self.expected_version, workspace.version)?;
        let role = context.actor.role;
        let Some(name) = self.name.clone().filter(|name| *name != workspace.name) else {
            let version = workspace.version;
            return Ok(Decision::unchanged((workspace, role).into()).version(version));
        };
        let updated = Workspace { name, version: workspace.version.next(), ..workspace };
        let version = updated.version;
        let events = vec![Event::WorkspaceUpdated(updated.clone())];
        Ok(Decision::commit(services, context, events, (updated, role).into()).version(version))
    }
}

/// Leaves a workspace. What one has there stays, for when one comes back; sessions and keys there end. Whoever leaves the
/// one where their account was made is at home from then on where they joined next.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveWorkspace {
    /// Which workspace: the present one, where one belongs to others too.
    pub workspace_id: WorkspaceId,
}

impl Command for LeaveWorkspace {
    const NAME: &'static str = "workspace.leave";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = ();
}

#[async_trait]
impl Handler for LeaveWorkspace {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let workspace = present(services, context, self.workspace_id).await?;
        let actor = &context.actor;
        if services.ports.workspaces.workspaces_of(actor.user_id).await?.len() < 2 {
            let detail = "You belong to no other workspace. Close your account instead: DELETE /api/v1/me.";
            return Err(Error::conflict("only_workspace", detail));
        }
        Ok(remove(services, context, workspace.id, actor.user_id, actor.role))
    }
}

/// Takes somebody out of the present workspace, which keeps an owner.
pub(super) fn remove(
    services: &Services,
    context: &Context,
    workspace_id: WorkspaceId,
    user_id: domain::UserId,
    role: Role,
) -> Decision<()> {
    let created_at = services.ports.clock.now();
    let membership = Membership { workspace_id, user_id, role, created_at };
    // Whatever the role was when it was looked up: it may be another one by now.
    Decision::commit(services, context, vec![Event::MemberRemoved(membership)], ())
        .expecting(Expectation::AnOwnerRemains)
}
